/** `npm run bench`: measures, prints each figure beside the one to hold, and asserts nothing. `-- --quick`: in a minute. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { styleText } from 'node:util'
import * as v from 'valibot'
import { buildInChild } from '../dev/build/build-in-child.ts'
import { Explained } from '../dev/explained.ts'
import { readOptions } from '../dev/options.ts'
import { repository } from '../dev/repository.ts'
import { temporaryFolder } from '../dev/temporary-folder.ts'
import { commit } from './commit.ts'
import { canPin } from './cpu.ts'
import { table, verdictOf } from './figures.ts'
import type { Artifacts } from './footprint.ts'
import { measureParts, type Part, type Plan, parts } from './parts.ts'

const whole: Plan = {
  roundTrips: 9,
  load: { milliseconds: 3500, requests: 20_000 },
  cold: 15,
  memory: 5,
  cpu: { rounds: 15, repetitions: 200 },
  sweep: [100, 1000, 5000],
  mcp: {
    overhead: 1000,
    load: { milliseconds: 3500, requests: 3000 },
    memory: { warmUp: 5, batches: 10, questions: 500 },
  },
  usage: { people: 100_000, calls: 1_000_000, days: 90, opened: 5, dayOfCalls: 1_000_000 },
}
const quick: Plan = {
  roundTrips: 3,
  load: { milliseconds: 600, requests: 3000 },
  cold: 9,
  memory: 1,
  cpu: { rounds: 7, repetitions: 150 },
  sweep: [100, 1000],
  mcp: {
    overhead: 150,
    load: { milliseconds: 600, requests: 600 },
    memory: { warmUp: 5, batches: 5, questions: 300 },
  },
  usage: { people: 10_000, calls: 100_000, days: 90, opened: 3, dayOfCalls: 100_000 },
}

const usage = `npm run bench

Measures the service as it is deployed and prints each figure beside the one to hold; the same as JSON in
.local/bench.json. It takes about four minutes, and asserts nothing.

  --quick         in a minute, less exactly
  --only <part>   nothing but this part; may be given more than once. The parts: ${parts.join(', ')};
                  usage takes some minutes, and usage-postgres and stores need a PostgreSQL server (apt-get
                  install postgresql): these are measured only if they are named`

const { quick: isQuick, only } = readOptions(usage, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] },
})
/** What takes minutes, or needs a PostgreSQL server. */
const onlyIfNamed: readonly string[] = ['usage', 'usage-postgres', 'stores']

const chosen = only.length === 0 ? parts.filter((part) => !onlyIfNamed.includes(part)) : only.map(partNamed)
const plan = isQuick ? quick : whole
const began = performance.now()
const loadBefore = loadavg()[0] ?? 0

/** @throws Explained */
function partNamed(name: string): Part {
  const part = parts.find((part) => part === name)
  if (part === undefined) throw new Explained(`There is no part "${name}": ${parts.join(', ')}`)
  return part
}

/** Each on a line of its own where the output is no terminal. */
function progress(what: string): void {
  const line = `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`)
  else process.stderr.write(`${line}\n`)
}

async function build(folder: string): Promise<Artifacts> {
  progress('building the functions')
  const ours = await buildInChild({ outDir: join(folder, 'ours') })
  const functionsDirectory = join(repository, 'bench/empty-function')
  return { ours, empty: await buildInChild({ outDir: join(folder, 'empty'), functionsDirectory }) }
}

const packageFile = v.object({ dependencies: v.record(v.string(), v.string()) })

async function circumstances() {
  const text = await readFile(join(repository, 'package.json'), 'utf8')
  const [cpu] = cpus()
  return {
    at: new Date().toISOString(),
    quick: isQuick,
    commit: commit(),
    node: process.version,
    dependencies: v.parse(packageFile, JSON.parse(text)).dependencies,
    machine: {
      platform: `${platform()} ${arch()}`,
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryMB: Math.round(totalmem() / 1024 ** 2),
      pinned: canPin,
      loadBefore,
      loadAfter: loadavg()[0] ?? 0,
    },
  }
}

async function bench(): Promise<void> {
  const folder = temporaryFolder()
  try {
    const figures = await measureParts(await build(folder.path), chosen, plan, progress)
    const { machine, ...run } = await circumstances()
    progress('done')
    if (process.stderr.isTTY) process.stderr.write('\n')
    console.log(table(figures))

    const name = only.length === 0 ? 'bench' : ['bench', ...chosen].join('-')
    const file = join(repository, `.local/${name}.json`)
    await mkdir(join(repository, '.local'), { recursive: true })
    const judged = figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) }))
    await writeFile(file, `${JSON.stringify({ ...run, machine, figures: judged }, null, 2)}\n`)
    const misses = judged.filter(({ verdict }) => verdict === 'MISSES').length
    const unmeasured = judged.filter(({ verdict }) => verdict === 'not measured').length
    console.log(`\n${machine.cpu}, ${machine.cores} cores; Node ${run.node}; as JSON in ${relative(repository, file)}`)
    console.log(
      styleText('bold', `${misses} of ${judged.filter(({ hold }) => hold !== undefined).length} figures miss.`),
    )
    if (machine.loadBefore > 0.5 * machine.cores) {
      console.log(
        `The machine was busy before it began (load ${machine.loadBefore.toFixed(1)}): trust counts and ratios only.`,
      )
    }
    if (unmeasured > 0) process.exitCode = 1
  } finally {
    await folder.remove()
  }
}

await bench()
