import { styleText } from 'node:util'
import { buildInChild } from '../../dev/build/build-in-child.ts'
import { startWorld, type World } from '../../dev/start/world.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { createDriver, type Driver, expectStatus, targetOf, tokensOf } from '../driver.ts'
import { startInstantUpstream } from '../instant-upstream.ts'
import { cpuOf, cpuOfAll } from '../process-usage.ts'
import { ask } from '../question.ts'
import { quantile } from '../statistics.ts'
import { disagreements, percent, type Times } from './agreement.ts'
import { type RequestKind, simulate } from './model.ts'
import { createRandom, exponential, type Random } from './random.ts'

/** Milliseconds that each store operation, and each answer of the server behind a call, takes in the check. */
const storeLatency = 20
const upstreamLatency = 200
/** Requests that say what CPU each kind takes. */
const calibrating = 600
/** Requests that say what time each kind takes when nothing else happens. */
const alone = 50
/** Requests before that: Node compiles the code that is used most. */
const warmUp = 600
/** Of the requests that one core could answer in a second. */
const loads = [0.3, 0.5, 0.7] as const
const people = 60

interface Work {
  readonly name: string
  readonly share: number
  readonly path: number
  readonly after: number
  readonly upstream: number
  run(): Promise<unknown>
}

/**
 * Measures what each kind of request costs, one at a time. Then sends requests at random times, as users do, and compares the
 * times of the answers with those that the model foretells from the first measurement. Prints both, and fails if they do not agree. On a
 * machine that does other work, the answers wait for that too, of which the model knows nothing: then it proves nothing, and says so.
 */
export async function checkModel(seconds: number, seed: number): Promise<void> {
  const folder = temporaryFolder()
  const artifact = await buildInChild({ outDir: folder.path })
  const upstream = await startInstantUpstream(upstreamLatency)
  const settings = { MCP_USER_LIMIT: '0', KAPA_MCP_SERVER_URL: upstream.url, KAPA_API_KEY: 'key' }
  const world = await startWorld({ artifact, settings, onOutput: () => {} })
  const driver = createDriver(targetOf(world), 500)
  try {
    world.emulator.setLatency(storeLatency)
    const works = await prepare(driver)
    const kinds: RequestKind[] = []
    for (const work of works) kinds.push(await calibrate(world, work))
    const cpu = kinds.reduce((sum, kind) => sum + kind.share * kind.cpu, 0)
    console.log(
      `\nOne request takes ${cpu.toFixed(1)} ms of CPU on average: one core answers ${(1000 / cpu).toFixed(0)} a second.`,
    )
    let [wrong, mostOthers] = [0, 0]
    for (const load of loads) {
      const rate = (load * 1000) / cpu
      const measured = await drive(world, works, { rate, seconds, random: createRandom(seed) })
      const foretold = foretell(kinds, rate, seed)
      const found = report({ load, rate, seconds }, kinds, measured, foretold)
      mostOthers = Math.max(mostOthers, measured.others)
      wrong += found.length
    }
    conclude(wrong, mostOthers)
  } finally {
    driver.close()
    await world.stop()
    await upstream.stop()
    await folder.remove()
  }
}

/** Cores that other programs may use. */
const quietEnough = 0.2

function conclude(wrong: number, others: number): void {
  if (others > quietEnough) {
    console.log(
      `\nOther programs used up to ${others.toFixed(1)} cores. The check proves nothing: repeat it on a quiet machine.`,
    )
  } else if (wrong > 0) {
    console.log(`\nThe model is wrong about ${wrong} figures.`)
    process.exitCode = 1
  } else console.log('\nThe model agrees with the load.')
}

/** Three kinds of requests, of 60 people who have signed in. */
async function prepare(driver: Driver): Promise<readonly Work[]> {
  const clientId = await driver.register()
  const grants = await Promise.all(
    Array.from({ length: people }, async () => tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))),
  )
  const turns = { call: 0, ping: 0, refresh: 0 }
  const refreshing = new Set<number>()
  const next = (kind: keyof typeof turns) => {
    const index = turns[kind]++ % people
    const grant = grants[index]
    if (!grant) throw new Error('there are no people')
    return { index, grant }
  }
  return [
    { name: 'call of a tool', share: 0.5, path: 0, after: 0, upstream: upstreamLatency, run: () => ask(driver, next('call').grant.access, '2026-07-28') }, // biome-ignore format: one line
    { name: 'other MCP request', share: 0.35, path: 0, after: 0, upstream: 0, run: async () => expectStatus(await driver.ping(next('ping').grant.access), 200) }, // biome-ignore format: one line
    {
      name: 'refresh',
      share: 0.15,
      path: 1,
      after: 0,
      upstream: 0,
      async run() {
        // Two answers at the same time may come in the wrong order, and the older token would end the grant.
        let { index, grant } = next('refresh')
        for (let tried = 1; refreshing.has(index) && tried < people; tried++) ({ index, grant } = next('refresh'))
        if (refreshing.has(index)) throw new Error('a refresh of every person is under way')
        refreshing.add(index)
        try {
          grants[index] = tokensOf(await driver.refresh(clientId, grant.refresh))
        } finally {
          refreshing.delete(index)
        }
      },
    },
  ]
}

/**
 * Measures the CPU of a kind with ten requests at a time: a process that does nothing between two requests needs up to twice as much for
 * each. Then measures the time of one request alone. What is neither CPU nor a known wait is the way there and back.
 */
async function calibrate(world: World, work: Work): Promise<RequestKind> {
  const { pid } = targetOf(world)
  const tenAtATime = async (requests: number) => {
    for (let index = 0; index < requests; index += 10) await Promise.all(Array.from({ length: 10 }, () => work.run()))
  }
  await tenAtATime(warmUp)
  const before = cpuOf(pid)
  await tenAtATime(calibrating)
  const cpu = (cpuOf(pid) - before) / calibrating / 1000
  const walls: number[] = []
  for (let index = 0; index < alone; index++) {
    const began = performance.now()
    await work.run()
    walls.push(performance.now() - began)
  }
  const known = cpu + work.path * storeLatency + work.upstream
  const way = Math.max(0, quantile(walls, 0.5) - known)
  const { name, share, path, after, upstream } = work
  console.log(`${name}: ${cpu.toFixed(1)} ms of CPU, ${quantile(walls, 0.5).toFixed(1)} ms alone`)
  const wait = upstream + way
  return { name, share, cpu, path, after, cold: 0, function: '', upstream: { median: wait, tail: wait } }
}

interface Load {
  readonly rate: number
  readonly seconds: number
  readonly random: Random
}

interface Measured extends Times {
  /** Cores that programs used which have no part in the check. */
  readonly others: number
}

/** Sends requests at random times, whether or not earlier ones are answered. */
async function drive(world: World, works: readonly Work[], { rate, seconds, random }: Load): Promise<Measured> {
  const { pid } = targetOf(world)
  const own = () => cpuOf(pid) + cpuOf(process.pid)
  const others = { before: cpuOfAll() - own(), at: performance.now() }
  const times = new Map<string, number[]>(works.map(({ name }) => [name, []]))
  const began = performance.now()
  const counting = began + (seconds * 1000) / 5
  const end = counting + seconds * 1000
  const running = new Set<Promise<void>>()
  let due = began
  let before: number | undefined
  let failed = 0
  while (due < end) {
    due += exponential(random, rate / 1000)
    const pause = due - performance.now()
    if (pause > 0.5) await new Promise((resolve) => setTimeout(resolve, pause))
    if (before === undefined && performance.now() >= counting) before = cpuOf(pid)
    const work = chosen(works, random())
    // A request that the driver sends late has waited since it was due.
    const from = due
    const counted = from >= counting
    const done: Promise<void> = work
      .run()
      .then(
        () => {
          if (counted) times.get(work.name)?.push(performance.now() - from)
        },
        () => {
          failed++
        },
      )
      .finally(() => running.delete(done))
    running.add(done)
  }
  const busy = (cpuOf(pid) - (before ?? 0)) / 1000 / (performance.now() - counting)
  await Promise.all(running)
  const cores = (cpuOfAll() - own() - others.before) / 1000 / (performance.now() - others.at)
  return { times, busy, failed, others: cores }
}

function chosen(works: readonly Work[], at: number): Work {
  let sum = 0
  const found = works.find(({ share }) => {
    sum += share
    return at < sum
  })
  if (!found) throw new Error('the shares are less than 1')
  return found
}

function foretell(kinds: readonly RequestKind[], rate: number, seed: number): Times {
  const milliseconds = 1_000_000
  const { times, cpu, failed } = simulate({
    kinds,
    platform: { kind: 'containers', count: 1, cpuFactor: 1 },
    store: { median: storeLatency, tail: storeLatency, faults: 0, attemptTimeout: 2000 },
    deadline: 8000,
    rate: () => rate,
    peak: rate,
    from: 0,
    countFrom: milliseconds / 10,
    until: milliseconds,
    random: createRandom(seed),
  })
  return { times, busy: cpu / (milliseconds * 0.9), failed }
}

function report(
  { load, rate, seconds }: { readonly load: number; readonly rate: number; readonly seconds: number },
  kinds: readonly RequestKind[],
  measured: Measured,
  foretold: Times,
): readonly string[] {
  console.log(styleText('bold', `\n${percent(load)} of a core, ${rate.toFixed(0)} requests a second, ${seconds} s`))
  console.log(
    `  CPU of the host: measured ${percent(measured.busy)}, foretold ${percent(foretold.busy)}; ${measured.failed} requests failed`,
  )
  for (const { name } of kinds) {
    const columns = [0.5, 0.95, 0.99].map((fraction) => {
      const [seen, said] = [measured, foretold].map(({ times }) => quantile(times.get(name) ?? [], fraction))
      return `p${fraction * 100} ${seen?.toFixed(0)} / ${said?.toFixed(0)} ms`
    })
    console.log(`  ${name.padEnd(20)} measured / foretold: ${columns.join(', ')}`)
  }
  const names = kinds.map(({ name }) => name)
  const found = disagreements(names, measured, foretold)
  for (const text of found) console.log(`  does not agree: ${text}`)
  if (found.length === 0) console.log('  All of it agrees.')
  return found
}
