import * as v from 'valibot'
import { startBlobsEmulator } from '../dev/blobs/emulator.ts'
import { plantOthers, type Run, runOnce } from '../dev/usage/exactness.ts'
import { callOf, type Population, syntheticStores } from '../dev/usage/synthetic.ts'
import { companyOf } from '../lib/people/company.ts'
import { cellsValue, readCells } from '../lib/people/usage/cells.ts'
import { createPseudonymSource } from '../lib/people/usage/pseudonyms.ts'
import { createUsageRecorder } from '../lib/people/usage/recorder.ts'
import { settleTime } from '../lib/people/usage/roll-up.ts'
import { dayKey } from '../lib/people/usage/shards.ts'
import { dayAfter, sliceMilliseconds, startOfDay } from '../lib/people/usage/time.ts'
import { createMemoryStore } from '../lib/store/memory.ts'
import type { Figure } from './figures.ts'
import { median } from './statistics.ts'

/** Milliseconds: the share of the rollup in a run of the scheduled function, which ends at 30 s. */
const share = 23_500
/** Milliseconds: what the platform gives to a scheduled function. */
const limit = 30_000
const runsAtMost = 20
/** Operations at which runs die: while slices are counted, and while the day is composed. */
const deaths = { slices: [40, 150], day: [200, 500] }

const population = (calls: number): Population => ({
  calls,
  people: calls / 10,
  companies: calls / 100,
  first: '20261001',
  days: 1,
})

/** The CPU time of one recording, on a store in memory that does nothing. */
export async function measureRecorder({
  rounds,
  repetitions,
}: {
  readonly rounds: number
  readonly repetitions: number
}): Promise<Figure[]> {
  const { signal } = new AbortController()
  const sealer = { kid: 'bench', seal: ({ key }: { key: string }) => key, open: (key: string) => ({ key }) }
  const pseudonyms = createPseudonymSource({ store: createMemoryStore(), issuerHash: 'bench', sealer, now: Date.now })
  const nothing = {
    put: async () => {},
    remove: async () => {},
    list: async () => ({ keys: [] }),
    removeAll: async () => {},
  }
  const recorder = createUsageRecorder({ events: { of: () => nothing }, pseudonyms, companyOf, log: () => {} })
  const times: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const events = Array.from({ length: repetitions }, (_, index) => callOf(index, population(100_000)))
    const before = process.cpuUsage()
    for (const event of events) await recorder.record(event, signal)
    const { user, system } = process.cpuUsage(before)
    // The first round is the warm-up.
    if (round > 0) times.push((user + system) / repetitions)
  }
  return [{ section: 'Attribution of a call', name: 'CPU of a recording', value: median(times), unit: 'µs' }]
}

/** Rolls up a day: its first slice alone, and then all of it, in runs of which some are killed. */
export async function measureRollUp(calls: number, progress: (what: string) => void): Promise<Figure[]> {
  const day = population(calls)
  const emulator = await startBlobsEmulator()
  try {
    progress(`planting a day of ${calls.toLocaleString('en')} events`)
    await plantOthers(emulator, { population: day, recorded: 0 })
    const begin = startOfDay(day.first)
    const options = { client: emulator.clientOptions(), population: day, milliseconds: limit }
    const run = async (what: string, now: number, dieAt?: number) => {
      progress(what)
      return runOnce({ ...options, now, dieAt, how: 1 })
    }
    const slice = await run('one slice', begin + sliceMilliseconds + settleTime)
    let kills = 0
    const untilFinished = async (what: string, now: number, deaths: readonly number[]) => {
      const runs: Run[] = []
      for (let turn = 0; runs.at(-1)?.finished !== true && runs.length < runsAtMost; turn++) {
        const told = await run(what, now, deaths[turn])
        if ('killedAt' in told) kills += 1
        else runs.push(told)
      }
      return runs
    }
    const end = startOfDay(dayAfter(day.first))
    // The last slice of the day is not due yet.
    const slices = await untilFinished('all slices but the last', end + settleTime - 1, deaths.slices)
    const runs = await untilFinished('the last slice, and the day', end + settleTime, deaths.day)
    const { store } = syntheticStores(emulator.clientOptions())
    const stored = await store.get(dayKey(day.first), AbortSignal.timeout(limit))
    const lines = stored ? v.parse(cellsValue, stored.value.cells) : []
    const counted = [...readCells(lines).values()].reduce((sum, { count }) => sum + count, 0)
    return figuresOf({ calls, slice: 'events' in slice ? slice : undefined, slices, runs, kills, counted })
  } finally {
    await emulator.stop()
  }
}

const noteOf = (run: Run | undefined) =>
  run ? `${run.slices} slices and ${run.days} days in ${run.operations} operations, CPU ${run.cpu.toFixed(0)} ms` : ''

function figuresOf(found: {
  calls: number
  slice: Run | undefined
  slices: readonly Run[]
  runs: readonly Run[]
  kills: number
  counted: number
}): Figure[] {
  const { calls, slice, slices, runs, kills, counted } = found
  const all = [...slices, ...runs]
  const section = `Rollup of a day with ${calls.toLocaleString('en')} events`
  const longest = Math.max(...all.map(({ milliseconds }) => milliseconds))
  const note = `${all.length} runs that ended, ${kills} killed; ${all.map(noteOf).join('; ')}`
  const finished = runs.at(-1)?.finished === true
  return [
    {
      section,
      name: 'one slice of ten minutes',
      value: slice?.milliseconds ?? Number.NaN,
      unit: 'ms',
      hold: share,
      note: `${slice?.events} events, ${slice?.operations} store operations, CPU ${slice?.cpu.toFixed(0)} ms, ${slice?.megabytes} MB`,
    },
    {
      section,
      name: 'the longest run',
      value: finished ? longest : Number.NaN,
      unit: 'ms',
      hold: limit,
      note,
    },
    {
      section,
      name: 'the run that ends the day',
      value: finished ? (runs.at(-1)?.milliseconds ?? Number.NaN) : Number.NaN,
      unit: 'ms',
      hold: share,
      note: `${noteOf(runs.at(-1))}; its share of a scheduled function is 23.5 s`,
    },
    {
      section,
      name: 'store operations of a run, at most',
      value: Math.max(...all.map(({ operations }) => operations)),
      unit: '',
    },
    {
      section,
      name: 'resident, at most',
      value: Math.max(...all.map(({ megabytes }) => megabytes)),
      unit: 'MB',
      hold: 1024,
    },
    { section, name: 'events that are missing or counted twice', value: Math.abs(calls - counted), unit: '', hold: 0 },
  ]
}
