import { keysUnder } from '../../store/keys-under.ts'
import type { Store } from '../../store/store.ts'

/**
 * A job about a person that is due later. Its key is `<collection>/<when it is due, in seconds>/<sub>`, so that one list finds the
 * jobs that are due.
 * - `ending`: the person was ended. Lists and ends the grants once more, and later removes the fence.
 * - `forget`: the person is being forgotten. Removes everything, and later the fence.
 */
export interface Job {
  readonly key: string
  readonly collection: JobCollection
  readonly sub: string
  readonly step: JobStep
  /** The time of the fence, in milliseconds since the epoch. */
  readonly fence: number
  readonly reason: string
}

/**
 * How far a job is. `do`: what it is about is still to do. `lift`: it is done, and a person who was forgotten may sign in again.
 * `unfence`: only the fence is left to remove.
 */
export type JobStep = 'do' | 'lift' | 'unfence'

export const jobCollections = ['ending', 'forget'] as const
export type JobCollection = (typeof jobCollections)[number]

type NewJob = Omit<Job, 'key'>

/** Writes the next step of a job under its key. */
export async function advanceJob(store: Store, job: Job, step: JobStep, signal: AbortSignal): Promise<void> {
  const { key, fence, reason } = job
  await store.put(key, { step, fence, reason }, signal)
}

/** Writes a job. `due` is in seconds since the epoch. The same job at the same time is one job. */
export async function putJob(store: Store, job: NewJob, due: number, signal: AbortSignal): Promise<void> {
  const { collection, sub, step, fence, reason } = job
  await store.put(`${collection}/${Math.ceil(due)}/${sub}`, { step, fence, reason }, signal)
}

/** Reads the jobs of a collection that are due, the oldest first. Stops at the first one that is not. `now` is in seconds. */
export async function* dueJobs(
  store: Store,
  collection: JobCollection,
  now: number,
  signal: AbortSignal,
): AsyncGenerator<Job> {
  for await (const key of keysUnder(store, `${collection}/`, signal)) {
    if (Number(key.split('/')[1]) > now) return
    const job = await readJob(store, collection, key, signal)
    if (job) yield job
  }
}

/** Reads the open jobs of one person in a collection. There are few open jobs, so it lists all. */
export async function jobsOf(
  store: Store,
  collection: JobCollection,
  sub: string,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const jobs: Job[] = []
  for await (const key of keysUnder(store, `${collection}/`, signal)) {
    const job = key.endsWith(`/${sub}`) ? await readJob(store, collection, key, signal) : null
    if (job) jobs.push(job)
  }
  return jobs
}

async function readJob(store: Store, collection: JobCollection, key: string, signal: AbortSignal): Promise<Job | null> {
  const stored = await store.get(key, signal)
  if (stored === null) return null
  const { step, fence, reason } = stored.value
  return {
    key,
    collection,
    sub: key.split('/')[2] ?? '',
    step: step === 'lift' || step === 'unfence' ? step : 'do',
    // A damaged job ends everything up to the time when it was due.
    fence: typeof fence === 'number' ? fence : Number(key.split('/')[1]) * 1000,
    reason: typeof reason === 'string' ? reason : 'unknown',
  }
}
