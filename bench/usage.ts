import { readFileSync } from 'node:fs'
import type { World } from '../dev/start/world.ts'
import { createSessions } from '../lib/account/session.ts'
import { defined } from '../lib/base/defined.ts'
import { subjectOf } from '../lib/oauth/grants/record.ts'
import { createSealing } from '../lib/oauth/keys/sealing.ts'
import { createDriver, type Driver, expectStatus, targetOf, tokensOf } from './driver.ts'
import type { Figure } from './figures.ts'
import { cpuOf } from './process-usage.ts'
import { ask } from './question.ts'
import { median } from './statistics.ts'
import { plantUsage, type UsageData } from './usage-data.ts'
import { blobsTarget, postgresTarget, type UsageTarget } from './usage-target.ts'

/** How large the population is, and how often each page is opened. */
export interface UsagePlan {
  readonly people: number
  readonly calls: number
  readonly days: number
  readonly opened: number
  /** Events of the day that is rolled up. */
  readonly dayOfCalls: number
}

const benchAdmin = 'admin@bench.example'
/** Settings of a world whose admin pages are measured. */
export const usageSettings = { MCP_ADMINS: benchAdmin }

const pageTime = 1000
const residentMegabytes = 300

/** The admin pages and exports of a large population, then the cost of the attribution of a call. */
export async function measureUsage(world: World, plan: UsagePlan, progress: (what: string) => void): Promise<Figure[]> {
  const driver = createDriver(targetOf(world), 4)
  try {
    progress('attribution of a call')
    const attribution = await measureAttribution(world, driver)
    progress(`planting ${plan.calls.toLocaleString('en')} calls by ${plan.people.toLocaleString('en')} people`)
    const population = { calls: plan.calls, people: plan.people, companies: plan.people / 10, days: plan.days }
    const data = await planted(world, population, blobsTarget(world))
    return [...attribution, ...(await measurePages(world, driver, { data, plan, progress, section: 'Admin pages' }))]
  } finally {
    driver.close()
  }
}

/** The same pages and exports where the service keeps everything in PostgreSQL. */
export async function measureUsageOnPostgres(
  world: World,
  plan: UsagePlan,
  { url, progress }: { readonly url: string; readonly progress: (what: string) => void },
): Promise<Figure[]> {
  const driver = createDriver(targetOf(world), 4)
  try {
    progress(`planting ${plan.calls.toLocaleString('en')} calls in PostgreSQL`)
    const population = { calls: plan.calls, people: plan.people, companies: plan.people / 10, days: plan.days }
    const data = await planted(world, population, await postgresTarget(url))
    return await measurePages(world, driver, { data, plan, progress, section: 'Admin pages on PostgreSQL' })
  } finally {
    driver.close()
  }
}

async function planted(world: World, population: Parameters<typeof plantUsage>[1], target: UsageTarget) {
  try {
    return await plantUsage(world, population, target)
  } finally {
    await target.close()
  }
}

const questions = 20
const hang = { action: 'hang', method: 'PUT', key: '^usage/' } as const
/** Milliseconds: far less than the store takes that never answers. */
const patience = 5_000

/** Answers while the store of events hangs do not wait for it. Writes are counted when it does not. */
async function measureAttribution({ emulator }: World, driver: Driver): Promise<Figure[]> {
  const clientId = await driver.register()
  const { access } = tokensOf(await driver.redeem(clientId, driver.mintCode(clientId)))
  await ask(driver, access, '2026-07-28')
  // What the first question records after its answer belongs to no other.
  await new Promise((done) => setTimeout(done, 1000))
  const before = emulator.operations().at(-1)?.sequence ?? 0
  for (let turn = 0; turn < questions; turn++) await ask(driver, access, '2026-07-28')
  const ofUsage = () =>
    emulator.operations(before).filter(({ store, key }) => store.includes('-usage-') || key.startsWith('usage'))
  for (let wait = 0; wait < 100 && ofUsage().length < questions; wait++)
    await new Promise((done) => setTimeout(done, 50))
  const operations = ofUsage().length / questions
  emulator.addFault(hang)
  const began = performance.now()
  let waited = 0
  for (let turn = 0; turn < questions; turn++) {
    const answered = ask(driver, access, '2026-07-28').then(() => 0)
    waited += await Promise.race([answered, new Promise<number>((done) => setTimeout(() => done(1), patience).unref())])
  }
  emulator.clearFaults()
  const section = 'Attribution of a call'
  const note = `${((performance.now() - began) / questions).toFixed(1)} ms for each answer while the store of events hangs`
  return [
    {
      section,
      name: 'store operations on the path of the answer',
      value: waited / questions,
      unit: '',
      digits: 1,
      hold: 0,
      note,
    },
    { section, name: 'store operations after the answer', value: operations, unit: '', digits: 1, hold: 1 },
  ]
}

async function measurePages(
  world: World,
  driver: Driver,
  {
    data,
    plan,
    progress,
    section: title,
  }: {
    readonly data: UsageData
    readonly plan: UsagePlan
    readonly progress: (what: string) => void
    readonly section: string
  },
): Promise<Figure[]> {
  const { url, environment } = world
  const { pid } = targetOf(world)
  const current = new Uint8Array(Buffer.from(environment.MCP_OAUTH_SECRET ?? '', 'base64url'))
  const sealing = createSealing(url, { current, previous: [], retired: [] })
  const provider = environment.UPSTREAM_ISSUER ?? ''
  const cookie = createSessions({ origin: url, sealing, now: Date.now }).start({
    sub: subjectOf(provider, 'admin'),
    person: { email: benchAdmin, emailVerified: true },
    provider,
    signedInAt: Math.floor(Date.now() / 1000),
  })
  const headers = { cookie: cookie.split(';')[0] ?? '', 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }
  const range = `days=${plan.days}`
  const pages = [
    `/admin?${range}`,
    '/admin/new',
    `/admin/companies?${range}`,
    `/admin/companies?${range}&order=name`,
    `/admin/companies?${range}&search=company`,
    `/admin/companies/${data.company}?${range}`,
    `/admin/people?${range}`,
    `/admin/people/${data.person}?${range}`,
    ...['clients', 'tools', 'sign-ins', 'audit'].map((name) => `/admin/${name}?${range}`),
    ...['blocked', 'trace', 'webhooks', 'exports', 'search'].map((name) => `/admin/${name}`),
    ...['people', 'usage'].map((what) => `/admin/exports/parts?what=${what}&format=csv&${range}`),
  ]
  const figures: Figure[] = []
  const section = `${title}: ${plan.people.toLocaleString('en')} people, ${plan.calls.toLocaleString('en')} calls in ${plan.days} days`
  let resident = peakOf(pid)
  const memoryNote = () => {
    const now = peakOf(pid)
    const grown = now > resident
    resident = Math.max(resident, now)
    return `peak so far ${now.toFixed(0)} MB${grown ? ', higher than before' : ''}`
  }
  for (const path of pages) {
    progress(path)
    const times: number[] = []
    const before = cpuOf(pid)
    for (let turn = 0; turn < plan.opened; turn++) {
      const began = performance.now()
      expectStatus(await driver.send('GET', path, { headers }), 200)
      times.push(performance.now() - began)
    }
    const cpu = (cpuOf(pid) - before) / 1000 / plan.opened
    const name = path.replace(data.company, '<company>').replace(data.person, '<person>')
    const first = times[0] ?? Number.NaN
    figures.push({
      section,
      name,
      value: median(times),
      unit: 'ms',
      hold: pageTime,
      note: `CPU ${cpu.toFixed(0)} ms, first ${first.toFixed(0)} ms, ${memoryNote()}`,
    })
  }
  figures.push({ section, name: 'resident, at most', value: resident, unit: 'MB', hold: residentMegabytes })

  const exports = `${title}: exports of the same`
  for (const [name, query] of [
    // Pages and the command line ask for parts where there are so many people.
    ['usage', `?${range}&part=1`],
    ['people', '?part=1'],
    ['companies', `?${range}`],
  ] as const) {
    progress(`export of ${name}`)
    const token = environment.MCP_ADMIN_WRITE_TOKEN?.split(', ').at(-1)
    const before = cpuOf(pid)
    const { first, whole, bytes, complete } = await download(
      `${url}/admin/api/export/${name}${query}`,
      defined({ authorization: `Bearer ${token}` }),
    )
    const note = `${complete ? '' : 'cut off: '}${(whole / 1000).toFixed(1)} s and ${((cpuOf(pid) - before) / 1e6).toFixed(1)} s of CPU for ${(bytes / 1024 ** 2).toFixed(1)} MB, ${memoryNote()}`
    figures.push({
      section: exports,
      name: `${name}${query.includes('part') ? ', part 1 of 16' : ''}: the first rows`,
      value: first,
      unit: 'ms',
      hold: pageTime,
      note,
    })
  }
  figures.push({ section: exports, name: 'resident, at most', value: resident, unit: 'MB', hold: residentMegabytes })
  return figures
}

/** Milliseconds until the first and the last byte. */
async function download(url: string, headers: Record<string, string>) {
  const began = performance.now()
  const answer = await fetch(url, { headers })
  if (answer.status !== 200 || answer.body === null)
    throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  let [first, bytes] = [Number.NaN, 0]
  let complete = true
  try {
    for await (const chunk of answer.body) {
      if (bytes === 0) first = performance.now() - began
      bytes += chunk.length
    }
  } catch {
    // The connection was closed before the last row, as the platform does at its limit.
    complete = false
  }
  return { first, whole: performance.now() - began, bytes, complete }
}

/** The most resident memory that a process has had, in MB; NaN where there is no `/proc`. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return Number.NaN
  }
}
