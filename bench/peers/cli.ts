/** `npm run bench:peers`: measures this project and four others on the same work, and writes docs/performance.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { arch, cpus, loadavg, platform, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { readOptions } from '../../dev/options.ts'
import { repository } from '../../dev/repository.ts'
import { commit } from '../commit.ts'
import { canPin } from '../cpu.ts'
import { installPeers } from './install.ts'
import { performancePage } from './page.ts'
import { keepToOtherCores } from './peer-process.ts'
import { quick, whole } from './plan.ts'
import { type Results, results } from './results.ts'
import { measurePeers } from './run.ts'

const usage = `npm run bench:peers

Measures this project, workers-oauth-provider, oidc-provider, better-auth and the router of the MCP SDK on the same
seven units of work. Writes docs/performance.md with its plots, and the figures as docs/performance/figures.json.
It takes some minutes and wants a quiet machine. The first run installs the others from the npm registry.

  --quick   in two minutes, less exactly; the page says so
  --page    measures nothing, and makes the page again from the figures that are there`

const { quick: isQuick, page: pageOnly } = readOptions(usage, {
  quick: { type: 'boolean', default: false },
  page: { type: 'boolean', default: false },
})
const figuresFile = 'docs/performance/figures.json'
const began = performance.now()

/** Each on a line of its own where the output is no terminal. */
function progress(what: string): void {
  const line = `${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
}

/** Four digits are more than such figures can tell. */
const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)

async function measure(): Promise<Results> {
  const loadBefore = loadavg()[0] ?? 0
  const versions = await installPeers(progress)
  keepToOtherCores()
  const plan = isQuick ? quick : whole
  const figures = await measurePeers(plan, progress)
  return {
    at: new Date().toISOString(),
    quick: isQuick,
    seconds: Math.round((performance.now() - began) / 1000),
    commit: commit(),
    node: process.version,
    machine: {
      platform: `${platform()} ${arch()}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryMB: Math.round(totalmem() / 1024 ** 2),
      pinned: canPin,
      loadBefore,
    },
    versions,
    rounds: plan.rounds,
    ...figures,
  }
}

const text = pageOnly
  ? await readFile(join(repository, figuresFile), 'utf8')
  : `${JSON.stringify(await measure(), rounded, 2)}\n`
progress('done')
if (process.stderr.isTTY) process.stderr.write('\n')
const files = { [figuresFile]: text, ...performancePage(v.parse(results, JSON.parse(text))) }
for (const [file, content] of Object.entries(files)) {
  const path = join(repository, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}
console.log(`docs/performance.md, from ${figuresFile}`)
