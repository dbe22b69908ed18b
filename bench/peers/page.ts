/** Makes docs/performance.md and its plots from the figures of a run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Peer, peers } from './peers.ts'
import { type Bar, barPanels, curves } from './plots.ts'
import type { Measurement, Results, Reuse } from './results.ts'
import { type Unit, unitNames, units } from './units.ts'

/** Text of each file, by its path from the root of the repository. */
export type Files = Readonly<Record<string, string>>

const page = 'docs/performance.md'
const figures = 'performance/figures.json'

export function performancePage(results: Results): Files {
  const of = finder(results)
  const plots = {
    'slow-store': barPanels(
      'Milliseconds on a store that takes 10 ms, one person at a time',
      summaryOf(of, 'signIn', 10, 1, ({ milliseconds }) => `${number(milliseconds)} ms`),
      (['signIn', 'code', 'refresh'] as const).map((unit) => ({
        title: capital(units[unit]),
        bars: bars(of, unit, 10, 1, ({ milliseconds }) => milliseconds),
      })),
      (value) => `${number(value)} ms`,
    ),
    operations: barPanels(
      'Store operations, and those the answer waits for one after the other',
      summaryOf(of, 'signIn', 0, 1, (found) => `${number(operationsOf(found))} operations`),
      (['registration', 'signIn', 'code', 'refresh'] as const).map((unit) => ({
        title: capital(units[unit]),
        bars: bars(of, unit, 0, 1, operationsOf).map((bar, index) => {
          const waited = peers[index] && waitedFor(of, peers[index].id, unit)
          const part = waited !== undefined && {
            value: waited,
            words: `, waits for ${Math.round(waited)}`,
          }
          return { ...bar, ...(part && { part }) }
        }),
      })),
      (value) => String(Math.round(value)),
    ),
    cpu: barPanels(
      'CPU time in µs, fifty at a time, on a store that answers at once',
      summaryOf(of, 'signIn', 0, 50, ({ cpu }) => `${number(cpu)} µs`),
      (['signIn', 'code', 'refresh', 'resource'] as const).map((unit) => ({
        title: capital(units[unit]),
        bars: bars(of, unit, 0, 50, ({ cpu }) => cpu),
      })),
      (value) => `${number(value)} µs`,
    ),
    throughput: barPanels(
      'Units a second on one core, fifty at a time',
      summaryOf(of, 'signIn', 0, 50, ({ perSecond }) => `${number(perSecond)} a second`),
      ([0, 10] as const).flatMap((delay) =>
        (['signIn', 'code', 'refresh'] as const).map((unit) => ({
          title: `${capital(units[unit])}, ${delay} ms for each operation of the store`,
          bars: bars(of, unit, delay, 50, ({ perSecond }) => perSecond),
        })),
      ),
      (value) => `${number(value)}/s`,
    ),
    growth: growthPlot(results),
  }
  const text = [
    head(results),
    inShort(results, of),
    section('Time on a slow store', 'slow-store', slowStoreWords, [
      'Milliseconds, one person at a time, 10 ms for each operation of the store. In parentheses: times this project.',
      table(of, unitNames, 10, 1, ({ milliseconds, timesOurs }) => [milliseconds, timesOurs.milliseconds]),
      'The same on a store that answers at once.',
      table(of, unitNames, 0, 1, ({ milliseconds, timesOurs }) => [milliseconds, timesOurs.milliseconds]),
    ]),
    section('Store operations, requests and bytes', 'operations', operationsWords, [
      'Operations in all, with those after the answer. In parentheses: those for which the answer waits, one after the other.',
      operationsTable(of),
      'Requests to the server, and bytes of these requests and their answers.',
      wireTable(of),
      'Records that a unit leaves behind.',
      table(of, ['registration', 'signIn', 'refresh'], 0, 1, ({ records }) => [records]),
    ]),
    section('CPU time', 'cpu', cpuWords, [
      'Microseconds of all threads, fifty at a time, work after the answer included. In parentheses: times this project.',
      table(of, unitNames, 0, 50, ({ cpu, timesOurs }) => [cpu, timesOurs.cpu]),
    ]),
    section('Units a second', 'throughput', throughputWords, [
      'Fifty at a time, on a store that answers at once. In parentheses: times this project.',
      table(of, unitNames, 0, 50, ({ perSecond, timesOurs }) => [perSecond, timesOurs.perSecond]),
      'The same with 10 ms for each operation of the store.',
      table(of, unitNames, 10, 50, ({ perSecond, timesOurs }) => [perSecond, timesOurs.perSecond]),
    ]),
    section('Growth', 'growth', growthWords, [
      `CPU time in µs with ${[...new Set(results.growth.map(({ records }) => records.toLocaleString('en')))].join(' and with ')} records in the store.`,
      growthTable(results),
    ]),
    reuseSection(results),
    memorySection(results),
    fixedText(results),
  ]
  return {
    [page]: `${text.join('\n\n')}\n`,
    ...Object.fromEntries(Object.entries(plots).map(([name, svg]) => [`docs/performance/${name}.svg`, svg])),
  }
}

type Find = (peer: Peer['id'], unit: Unit, delay: number, concurrency: number) => Measurement | undefined

function finder({ measurements }: Results): Find {
  const byKey = new Map(
    measurements.map((found) => [[found.peer, found.unit, found.delay, found.concurrency].join(), found]),
  )
  return (...key) => byKey.get(key.join())
}

const operationsOf = ({ operations }: Measurement) => Object.values(operations).reduce((sum, count) => sum + count, 0)

/**
 * Operations that the answer waits for one after the other: what the slow store adds to the time, in operations. Timers are late and
 * never early, so it is at most what was counted.
 */
function waitedFor(of: Find, peer: Peer['id'], unit: Unit): number | undefined {
  const [fast, slow] = [of(peer, unit, 0, 1), of(peer, unit, 10, 1)]
  if (!fast || !slow) return undefined
  return Math.min(operationsOf(fast), Math.max(0, (slow.fastest - fast.fastest) / slow.delay))
}

function bars(of: Find, unit: Unit, delay: number, concurrency: number, value: (found: Measurement) => number): Bar[] {
  return peers.map(({ id, name, refreshes, parallelStore }) => {
    const found = of(id, unit, delay, concurrency)
    const why =
      !refreshes && unit === 'refresh' ? 'does not refresh' : parallelStore ? 'not measured' : 'one connection: not run'
    return { name, why, ...(found && { value: value(found) }) }
  })
}

const summaryOf = (of: Find, unit: Unit, delay: number, concurrency: number, say: (found: Measurement) => string) =>
  `${capital(units[unit])}: ${peers
    .flatMap(({ id, name }) => {
      const found = of(id, unit, delay, concurrency)
      return found ? [`${name} ${say(found)}`] : []
    })
    .join(', ')}. The table below has all figures.`

const columns = ['', ...peers.map(({ name }) => name)]
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const tableOf = (rows: readonly (readonly string[])[]) =>
  [row(columns), row(columns.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n')

/** @param values the value, and how many times ours it is */
function table(
  of: Find,
  shown: readonly Unit[],
  delay: number,
  concurrency: number,
  values: (found: Measurement) => readonly [number, number?],
): string {
  return tableOf(
    shown.map((unit) => [
      units[unit],
      ...peers.map(({ id }) => {
        const found = of(id, unit, delay, concurrency)
        if (!found) return '–'
        const [value, times] = values(found)
        return id === 'ours' || times === undefined || !Number.isFinite(times)
          ? number(value)
          : `${number(value)} (${number(times)}×)`
      }),
    ]),
  )
}

const operationsTable = (of: Find) =>
  tableOf(
    unitNames.map((unit) => [
      units[unit],
      ...peers.map(({ id }) => {
        const found = of(id, unit, 0, 1)
        const waited = waitedFor(of, id, unit)
        return found && waited !== undefined ? `${Math.round(operationsOf(found))} (${number(waited)})` : '–'
      }),
    ]),
  )

const wireTable = (of: Find) =>
  tableOf(
    unitNames.map((unit) => [
      units[unit],
      ...peers.map(({ id }) => {
        const found = of(id, unit, 0, 1)
        return found ? `${number(found.requests)}, ${Math.round(found.bytes).toLocaleString('en')} B` : '–'
      }),
    ]),
  )

function growthTable({ growth }: Results): string {
  return tableOf(
    unitNames.map((unit) => [
      units[unit],
      ...peers.map(({ id }) => {
        const cells = growth.filter((found) => found.peer === id && found.unit === unit)
        return cells.length === 0 ? '–' : cells.map(({ cpu }) => number(cpu)).join(' → ')
      }),
    ]),
  )
}

/** The sign-in alone, since it is the unit with the most operations. */
function growthPlot({ growth }: Results): string {
  const list = peers.map(({ id, name }) => {
    const found = growth.filter((one) => one.peer === id && one.unit === 'signIn')
    const least = found[0]?.cpu ?? Number.NaN
    return { name, points: found.map(({ records, cpu }) => ({ x: records, y: cpu / least })) }
  })
  const told = list.map(({ name, points }) => `${name} ${number(points.at(-1)?.y ?? Number.NaN)} times`).join(', ')
  return curves(
    'CPU of a whole sign-in with more records, beside the cost with few',
    `With the most records: ${told}. The table below has all units.`,
    list,
  )
}

function section(title: string, plot: string, words: string, tables: readonly string[]): string {
  const alt = `Plot: ${title.toLowerCase()}. The tables below have its figures.`
  return [`## ${title}`, words, `![${alt}](performance/${plot}.svg)`, ...tables].join('\n\n')
}

function head({ at, quick, seconds, commit, node, machine, versions, rounds }: Results): string {
  const others = peers
    .filter(({ packages }) => packages.length > 0)
    .map(({ packages }) => packages.map((name) => `\`${name}\` ${versions[name]}`).join(' with '))
  const mark = quick
    ? '> **From a quick run.** It repeats little, and the machine was not quiet: trust the counts, and hardly the times. The whole run is `npm run bench:peers` without `--quick`.\n\n'
    : ''
  return `# Performance beside others

${mark}What a sign-in costs here and in four other authorization servers that MCP servers in TypeScript use. All of them did the same seven units
of work in one run, in turn. \`npm run bench:peers\` makes this page, its plots and [the figures as JSON](${figures}). ${quick ? '`--quick` is the shorter run.' : 'It takes some minutes; `--quick` takes two.'}
[\`npm run bench\`](../bench/README.md) measures this project alone, as the functions that Netlify runs.

Beside this project: ${others.join(', ')}. ${at.slice(0, 10)}, commit ${commit ?? 'unknown'}, Node ${node}, ${machine.cpu}, ${machine.cores} cores${machine.pinned ? ', each server on one of them' : ''}; ${rounds} rounds in ${number(seconds / 60)} minutes.`
}

function inShort({ reuse }: Results, of: Find): string {
  const others = peers.filter(({ packages, refreshes }) => packages.length > 0 && refreshes)
  const range = (values: readonly number[]) => `${number(Math.min(...values))} to ${number(Math.max(...values))}`
  const value = (id: Peer['id'], unit: Unit, key: readonly [number, number], what: 'milliseconds' | 'cpu') =>
    of(id, unit, ...key)?.[what] ?? Number.NaN
  const theirs = (unit: Unit, key: readonly [number, number], what: 'milliseconds' | 'cpu') =>
    range(others.map(({ id }) => value(id, unit, key, what)))
  const [slow, crowd] = [
    [10, 1],
    [0, 50],
  ] as const
  const cpu = (unit: Unit) =>
    `${number(value('ours', unit, crowd, 'cpu'))} µs here, ${number(value('our-package', unit, crowd, 'cpu'))} µs in the package alone, ${theirs(unit, crowd, 'cpu')} µs in the others`
  const racers = reuse[0]?.racers ?? 0
  const several = reuse.filter(({ codeWinners }) => codeWinners > 1).map(({ peer }) => nameOf(peer))
  return `## In short

- **A store that takes 10 ms for each operation**: a whole sign-in takes ${number(value('ours', 'signIn', slow, 'milliseconds'))} ms of server time here, and ${theirs('signIn', slow, 'milliseconds')} ms in the three others that
  can be used in production. A refresh takes ${number(value('ours', 'refresh', slow, 'milliseconds'))} ms here, and ${theirs('refresh', slow, 'milliseconds')} ms there. They ask the store one thing after the other.
- **CPU time of a whole sign-in**: ${cpu('signIn')}. **Of a code exchange**: ${cpu('code')}.
  What the service adds to the package is the record of the person, the client, the usage and the audit log.
- **Used twice**: ${
    several.length === 0
      ? `of ${racers} requests at once with one code, every server accepts one.`
      : `of ${racers} requests at once with one code, ${several.join(' and ')} ${several.length > 1 ? 'accept' : 'accepts'} more than one. [More](#used-twice).`
  }`
}

const nameOf = (id: Peer['id']) => peers.find((peer) => peer.id === id)?.name ?? id

function reuseSection({ reuse }: Results): string {
  const of = (say: (found: Reuse) => string, needsRefresh: boolean) =>
    peers.map(({ id, refreshes }) => {
      const found = reuse.find(({ peer }) => peer === id)
      return found && (refreshes || !needsRefresh) ? say(found) : '–'
    })
  const racers = reuse[0]?.racers ?? 0
  const yes = (value: boolean) => (value ? 'yes' : 'no')
  return `## Used twice

What each server does with a code or a refresh token that comes again. The store takes 5 ms for each operation, so that the requests
of a race overlap.

${tableOf([
  [`accepted of ${racers} requests at once with one code`, ...of(({ codeWinners }) => String(codeWinners), false)],
  [
    `accepted of ${racers} refreshes at once with one token`,
    ...of(({ refreshWinners }) => String(refreshWinners), true),
  ],
  ['different refresh tokens in those answers', ...of(({ successors }) => String(successors), true)],
  ['a replayed code ends the grant', ...of(({ codeReplayEnds }) => yes(codeReplayEnds), true)],
  [
    'a refresh token of two rotations ago ends the grant',
    ...of(({ refreshReplayEnds }) => yes(refreshReplayEnds), true),
  ],
  [
    'the previous refresh token is accepted once more right away',
    ...of(({ previousAccepted }) => yes(previousAccepted), true),
  ],
])}

One code must give one grant (RFC 6749 §4.1.2). Here, all refreshes at once succeed and get one and the same successor, so that a client
with several windows stays signed in; different successors of one token are as many living copies of the grant.`
}

function memorySection({ memory }: Results): string {
  const cells = (of: (found: Results['memory'][number]) => number) =>
    peers.map(({ id }) => {
      const found = memory.find(({ peer }) => peer === id)
      return found ? `${Math.round(of(found))} MB` : '–'
    })
  return `## Memory

${tableOf([
  ['after the start', ...cells(({ afterStart }) => afterStart)],
  ['after the run, with what it has stored', ...cells(({ afterRun }) => afterRun)],
])}`
}

/** What does not come from the figures: the words about fairness and method, which are in a file of their own. */
const fixedText = (_: Results) => readFileSync(join(import.meta.dirname, 'method.md'), 'utf8').trim()

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)

/** Three digits are all that such figures can tell. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return Number(value.toFixed(digits)).toLocaleString('en', { maximumFractionDigits: digits })
}

const slowStoreWords = `On Netlify, an operation of the store takes 10 to 50 ms. Most of a sign-in is then waiting for the store, and what counts is how many
operations a request asks for one after the other.`
const operationsWords = `Counts do not depend on the machine. An operation is one call of the interface that each server has for its store: a key-value
operation, a call of the adapter, or an SQL statement.`
const cpuWords = `Time of the processor for each unit. On a function with one core, it is also the time that the unit takes when the store answers at once.`
const throughputWords = `All requests come from one other process, so that these figures also say how fast that one is. better-auth has one connection to SQLite:
with a slow store, fifty people would wait for each other, and it was not run.`
const growthWords = `Other people’s clients, grants and sessions are in the store before the work begins. A server whose cost grows with them would be slow in
its second year.`
