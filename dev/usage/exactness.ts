import { fork } from 'node:child_process'
import { on, once } from 'node:events'
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
  /** How many calls the writers record, each with its own request. The test puts the other calls into the store directly. */
  readonly recorded: number
  /** How many processes record calls at the same time. */
  readonly writers: number
  /** How many runs of the rollup are killed at an operation with a certain number, once a run has been killed at each step. */
  readonly kills: number
  /** Whether the store fails while events are recorded and rolled up. */
  readonly faults: boolean
  /** How many milliseconds a run of the rollup may take. */
  readonly share: number
  readonly progress?: (what: string) => void
}

/** The message of a run that is about to die. */
const deathForm = v.object({ killedAt: v.string() })
/** The message of a run that ended by itself. */
const runForm = v.object({
  slices: v.number(),
  events: v.number(),
  days: v.number(),
  finished: v.boolean(),
  operations: v.number(),
  milliseconds: v.number(),
  /** Milliseconds of CPU, of the whole process. */
  cpu: v.number(),
  megabytes: v.number(),
})
export type Run = v.InferOutput<typeof runForm>
export type Death = v.InferOutput<typeof deathForm>

export interface Exactness {
  readonly lost: number
  /** Where each killed run died: a step such as `create usage-days`, and whether the operation had been sent or had ended. */
  readonly kills: readonly string[]
  /** How many requests a fault struck. */
  readonly faults: number
  /** The runs that ended by themselves. */
  readonly runs: readonly Run[]
  /** How many calls each kind of record counts. Each number must be `calls` minus `lost`. */
  readonly counted: {
    readonly totals: number
    readonly people: number
    readonly companies: number
    readonly summaries: number
  }
  /** How many people have a wrong number of calls. */
  readonly wrongPeople: number
  /** How many records of slices and events the rollup has left behind. */
  readonly left: number
  readonly seconds: number
}

const { signal } = new AbortController()

/**
 * Records the calls of a population from several processes, counts them in runs that are killed, and compares the records with the
 * calls. First, a run dies at each step of the rollup. Then more runs die, each at a later operation than the one before.
 */
export async function measureExactness(plan: ExactnessPlan): Promise<Exactness> {
  const began = performance.now()
  const emulator = await startBlobsEmulator()
  if (plan.faults) for (const fault of storm(plan.population)) emulator.addFault(fault)
  try {
    const lost = await record(emulator, plan)
    plan.progress?.(`${plan.writers} processes have recorded ${plan.recorded} calls`)
    await plantOthers(emulator, plan)
    plan.progress?.(`the store has ${plan.population.calls} calls`)
    const { runs, kills } = await rollUpAll(emulator, plan)
    const faults = emulator.faultsStruck()
    emulator.clearFaults()
    plan.progress?.('counting')
    const result = await count(emulator, plan.population)
    return { lost, kills, faults, runs, ...result, seconds: (performance.now() - began) / 1000 }
  } finally {
    await emulator.stop()
  }
}

const child = (name: string, options: object) =>
  fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [JSON.stringify(options)], { execArgv: [] })

async function record(
  emulator: BlobsEmulator,
  { population, recorded, writers, progress }: ExactnessPlan,
): Promise<number> {
  const client = emulator.clientOptions()
  const began = performance.now()
  const done = Array.from({ length: writers }, () => 0)
  const show = setInterval(() => {
    const sum = done.reduce((sum, one) => sum + one, 0)
    const left = ((performance.now() - began) / 1000) * (recorded / Math.max(1, sum) - 1)
    progress?.(`recorded ${sum} of ${recorded}; about ${left.toFixed(0)} s left until all are recorded`)
  }, 10_000)
  const writer = async (share: number): Promise<number> => {
    const process = child('writer-child', { client, population, recorded, share, shares: writers })
    for await (const [message] of on(process, 'message', { close: ['exit'] })) {
      const told = v.parse(writerForm, message)
      done[share] = told.recorded
      if (told.lost !== undefined) return told.lost
    }
    throw new Error('a process that records calls ended without a word')
  }
  try {
    const lost = await Promise.all(done.map((_, share) => writer(share)))
    return lost.reduce((sum, one) => sum + one, 0)
  } finally {
    clearInterval(show)
  }
}

/** What a process that records calls says: how many it has recorded, and at its end how many were lost. */
const writerForm = v.object({ recorded: v.number(), lost: v.optional(v.number()) })

/** Puts the calls that no process records into the store, under the same keys as the recorder would. */
export async function plantOthers(
  emulator: BlobsEmulator,
  { population, recorded }: Pick<ExactnessPlan, 'population' | 'recorded'>,
): Promise<void> {
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

export interface RunOptions {
  readonly client: ReturnType<BlobsEmulator['clientOptions']>
  readonly population: Population
  /** Milliseconds since the epoch. Decides what is due. */
  readonly now: number
  /** The time limit of the run. */
  readonly milliseconds: number
  /** The number of the operation at which the run dies. */
  readonly dieAt?: number | undefined
  /** The run dies at its first step that is not listed here. If absent, it dies at no step. */
  readonly spared?: readonly string[]
  /** When the run dies. 0: before the operation; 1: while the operation runs; 2: after it. */
  readonly how?: number
}

/** Runs the rollup once, in its own process. */
export async function runOnce(options: RunOptions): Promise<Run | Death> {
  const run = child('roll-up-child', options)
  const message = once(run, 'message').then(([told]) => v.parse(v.union([runForm, deathForm]), told))
  const ended = once(run, 'exit')
  const told = await Promise.race([message, ended.then(() => null)])
  await ended
  if (told === null) throw new Error('a run of the rollup ended without a word')
  return told
}

/** A limit for a rollup that never finishes. Each run must make progress, so a sound rollup needs far fewer runs. */
const mostRuns = 200

async function rollUpAll(emulator: BlobsEmulator, { population, kills: numbered, share, progress }: ExactnessPlan) {
  const runs: Run[] = []
  const kills: string[] = []
  const now = startOfDay(dayAfter(population.first, population.days)) + 3_600_000
  const options = { client: emulator.clientOptions(), population, now, milliseconds: share }
  const spared = new Set<string>()
  let byNumber = 0
  const soFar = () => {
    const [slices, days] = (['slices', 'days'] as const).map((what) => runs.reduce((sum, run) => sum + run[what], 0))
    return `${kills.length} runs killed, ${runs.length} ended: ${slices} slices and ${days} of ${population.days} days by these`
  }
  for (;;) {
    // Later runs survive a step at which a run has died. Every second one dies at an operation with a certain number instead.
    const dieAt = runs.length % 2 === 0 && byNumber < numbered ? 3 + Math.floor(byNumber ** 1.6) : undefined
    const told = await runOnce({ ...options, dieAt, spared: [...spared], how: kills.length % 3 })
    if ('killedAt' in told) {
      kills.push(told.killedAt)
      const [step = ''] = told.killedAt.split(', ')
      if (spared.has(step)) byNumber += 1
      spared.add(step)
      progress?.(`killed at ${told.killedAt}`)
      continue
    }
    runs.push(told)
    if (runs.length > mostRuns) throw new Error('the rollup does not come to an end')
    progress?.(`${soFar()}. The last: ${JSON.stringify(told)}`)
    if (told.finished) return { runs, kills }
  }
}

/** Events that the store drops with one request. */
const droppedAtOnce = 1_000
/** How often a fault strikes while events are dropped. After three of them a run ends, and the next one continues. */
const faultsOfDropping = 12

/**
 * The faults of the store: every kind that leaves the adapter in doubt. They strike by the number of the request and not by time, so
 * that a slow machine sees as many of them as a fast one. Three faults in a row end a run that sends its requests one by one.
 */
const storm = ({ calls }: Population): readonly FaultInput[] => [
  { action: 'status', status: 503, count: 1, every: 997 },
  { action: 'status', status: 503, when: 'after', method: 'PUT', count: 1, every: 211 },
  { action: 'drop', count: 1, every: 1499 },
  { action: 'drop', when: 'after', method: 'PUT', count: 1, every: 307 },
  { action: 'status', status: 500, method: 'LIST', count: 3, every: 401 },
  {
    ...{ action: 'drop', when: 'after', method: 'DELETE_ALL', count: 1 },
    every: Math.max(1, Math.floor(calls / droppedAtOnce / faultsOfDropping)),
  },
  { action: 'status', status: 503, when: 'after', method: 'PUT', count: 3, every: 503 },
]

async function count(emulator: BlobsEmulator, population: Population) {
  const { store, events } = syntheticStores(emulator.clientOptions())
  const read = async (key: string) => (await store.get(key, signal))?.value
  const counted = { totals: 0, people: 0, companies: 0, summaries: 0 }
  const days = daysBetween(population.first, dayAfter(population.first, population.days - 1))
  for (const day of days) {
    for (const cell of readCells(v.parse(cellsValue, (await read(shards.dayKey(day)))?.cells)).values()) {
      counted.totals += cell.count
    }
    await inParallel(shards.everyDayPeopleKey(day), 16, async (key) => {
      const value = await read(key)
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
