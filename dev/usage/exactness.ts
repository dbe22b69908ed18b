import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { inParallel } from '../../lib/base/in-parallel.ts'
import { companyOf } from '../../lib/people/company.ts'
import { cellsValue, readCells } from '../../lib/people/usage/cells.ts'
import { readCompanies } from '../../lib/people/usage/companies-of-day.ts'
import { countedEvent, eventKey } from '../../lib/people/usage/event-key.ts'
import { readPeopleSummary } from '../../lib/people/usage/people-summary.ts'
import { readPeopleTable } from '../../lib/people/usage/people-table.ts'
import * as shards from '../../lib/people/usage/shards.ts'
import { dayAfter, dayOfSlice, daysBetween, startOfDay } from '../../lib/people/usage/time.ts'
import { type BlobsEmulator, startBlobsEmulator } from '../blobs/emulator.ts'
import type { FaultInput } from '../blobs/faults.ts'
import {
  callOf,
  type Population,
  personOf,
  subOfPerson,
  syntheticEvents,
  syntheticPseudonyms,
  syntheticStores,
} from './synthetic.ts'

export interface ExactnessPlan {
  readonly population: Population
  /** Calls that several processes record at the same time, each with one request. The others are put into the store directly. */
  readonly recorded: number
  /** Those processes. */
  readonly writers: number
  /** How many runs of the rollup are killed in the middle of an operation. */
  readonly kills: number
  /** Whether the store fails while events are recorded and rolled up. */
  readonly faults: boolean
  /** Milliseconds of a run of the rollup. */
  readonly share: number
  readonly progress?: (what: string) => void
}

/** A run of the rollup that ended by itself. */
const runForm = v.object({
  slices: v.number(),
  events: v.number(),
  days: v.number(),
  finished: v.boolean(),
  operations: v.number(),
  milliseconds: v.number(),
  megabytes: v.number(),
})
export type Run = v.InferOutput<typeof runForm>

export interface Exactness {
  readonly lost: number
  readonly killed: number
  readonly runs: readonly Run[]
  /** How many calls each kind of record counts. All must be the number of calls without the lost ones. */
  readonly counted: {
    readonly totals: number
    readonly people: number
    readonly companies: number
    readonly summaries: number
  }
  /** People whose number of calls is not the one that they made. */
  readonly wrongPeople: number
  /** Records of slices and events that are left behind. */
  readonly left: number
  readonly seconds: number
}

const { signal } = new AbortController()

/**
 * Records the calls of a population from several processes, rolls them up in runs that are killed, and counts what the records say.
 * Each run of the rollup that is killed dies at a later operation than the one before, so that every kind of step is hit.
 */
export async function measureExactness(plan: ExactnessPlan): Promise<Exactness> {
  const began = performance.now()
  const emulator = await startBlobsEmulator()
  const storm = plan.faults ? startFaults(emulator) : null
  try {
    const lost = await record(emulator, plan)
    plan.progress?.(`${plan.writers} processes have recorded ${plan.recorded} calls`)
    await plantOthers(emulator, plan)
    plan.progress?.(`the store has ${plan.population.calls} calls`)
    const { runs, killed } = await rollUpAll(emulator, plan)
    await storm?.stop()
    plan.progress?.('counting')
    const result = await count(emulator, plan.population)
    return { lost, killed, runs, ...result, seconds: (performance.now() - began) / 1000 }
  } finally {
    await storm?.stop()
    await emulator.stop()
  }
}

const child = (name: string, options: object) =>
  fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [JSON.stringify(options)], { execArgv: [] })

async function record(emulator: BlobsEmulator, { population, recorded, writers }: ExactnessPlan): Promise<number> {
  const client = emulator.clientOptions()
  const told = await Promise.all(
    Array.from({ length: writers }, async (_, share) => {
      const [message] = await once(
        child('writer-child', { client, population, recorded, share, shares: writers }),
        'message',
      )
      return v.parse(v.object({ lost: v.number() }), message).lost
    }),
  )
  return told.reduce((sum, lost) => sum + lost, 0)
}

/** Puts the calls that no process records into the store, under the keys that the recorder gives them. */
async function plantOthers(emulator: BlobsEmulator, { population, recorded }: ExactnessPlan): Promise<void> {
  const { store } = syntheticStores(emulator.clientOptions())
  const pseudonyms = await syntheticPseudonyms(store, startOfDay(population.first)).load(signal)
  const body = Buffer.from('{"nonce":"synthetic","value":{}}')
  for (let index = recorded; index < population.calls; index++) {
    const event = callOf(index, population)
    const counted = countedEvent(event, companyOf(event.person ?? {})?.id, pseudonyms)
    emulator.plant(syntheticEvents(dayOfSlice(counted.slice)), eventKey(counted), body)
    if (index % 20_000 === 0) await new Promise(setImmediate)
  }
}

const mostRuns = 200

async function rollUpAll(emulator: BlobsEmulator, { population, kills, share, progress }: ExactnessPlan) {
  const runs: Run[] = []
  const now = startOfDay(dayAfter(population.first, population.days)) + 3_600_000
  const options = { client: emulator.clientOptions(), population, now, milliseconds: share }
  let killed = 0
  for (;;) {
    const dieAt = killed < kills ? 3 + Math.floor(killed ** 1.6) : undefined
    const run = child('roll-up-child', { ...options, dieAt })
    const message = once(run, 'message').then(([told]) => v.parse(runForm, told))
    const end = await Promise.race([message, once(run, 'exit').then(() => null)])
    if (end === null) {
      killed += 1
      continue
    }
    runs.push(end)
    if (runs.length > mostRuns) throw new Error('the rollup does not come to an end')
    progress?.(`rolled up ${JSON.stringify(end)}`)
    if (end.finished) return { runs, killed }
  }
}

/** Lets the store fail now and then, in every way in which the adapter may be left in doubt. */
function startFaults(emulator: BlobsEmulator) {
  const faults: readonly FaultInput[] = [
    { action: 'status', status: 503, count: 1 },
    { action: 'status', status: 503, when: 'after', count: 1 },
    { action: 'drop', count: 1 },
    { action: 'drop', when: 'after', count: 1 },
    { action: 'status', status: 500, method: 'LIST', count: 3 },
    { action: 'drop', when: 'after', method: 'DELETE_ALL', count: 1 },
    { action: 'status', status: 503, when: 'after', method: 'PUT', count: 3 },
  ]
  const stopping = new AbortController()
  const running = (async () => {
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const fault = faults[turn % faults.length]
      // One at a time: faults that found no request must not wait for the next.
      emulator.clearFaults()
      if (fault) emulator.addFault(fault)
      await delay(300, undefined, { signal: stopping.signal }).catch(() => {})
    }
    emulator.clearFaults()
  })()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function count(emulator: BlobsEmulator, population: Population) {
  const { store, events } = syntheticStores(emulator.clientOptions())
  const read = async (key: string) => (await store.get(key, signal))?.value
  const counted = { totals: 0, people: 0, companies: 0, summaries: 0 }
  const days = daysBetween(population.first, dayAfter(population.first, population.days - 1))
  for (const day of days) {
    for (const cell of readCells(v.parse(cellsValue, (await read(shards.dayKey(day)))?.cells)).values()) {
      counted.totals += cell.count
    }
    await inParallel(shards.peopleShards, 16, async (shard) => {
      const value = await read(shards.dayPeopleKey(day, shard))
      if (!value) return
      const table = readPeopleTable(value)
      for (const person of table.people()) for (const use of table.of(person)) counted.people += use.count
    })
    for (const shard of shards.companyShards) {
      const value = await read(shards.dayCompaniesKey(day, shard))
      if (!value) continue
      for (const { uses } of readCompanies(value).values())
        for (const number of uses.values()) counted.companies += number
    }
  }

  const expected = new Map<string, number>()
  const { person } = await syntheticPseudonyms(store, 0).load(signal)
  const calls = new Uint32Array(population.people)
  for (let index = 0; index < population.calls; index++) {
    const caller = personOf(index, population)
    calls[caller] = (calls[caller] ?? 0) + 1
  }
  for (const [index, number] of calls.entries()) if (number > 0) expected.set(person(subOfPerson(index)), number)
  for (const shard of shards.peopleShards) {
    const value = await read(shards.peopleKey(shard))
    if (!value) continue
    for (const [name, { total }] of readPeopleSummary(value).people) {
      counted.summaries += total
      if (expected.get(name) === total) expected.delete(name)
      else expected.set(name, -1)
    }
  }

  const slices = await store.list('usage-slices/', signal)
  const raw = await inParallel(days, 4, (day) => events.of(day).list('', signal))
  const left = slices.keys.filter((key) => days.some((day) => key.includes(day))).length
  return { counted, wrongPeople: expected.size, left: left + raw.reduce((sum, { keys }) => sum + keys.length, 0) }
}
