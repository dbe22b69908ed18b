import { inParallel } from '../../base/in-parallel.ts'
import type { Log } from '../../base/log.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { advanceJob, dueJobs, type Job, jobCollections, jobsOf, putJob } from './jobs.ts'
import type { Place } from './place.ts'

/** Everything that the store holds on a person: one member for each place that holds something, with the records found there. */
export interface Disclosure {
  readonly sub: string
  /** When this was read, as ISO 8601. */
  readonly at: string
  readonly held: { readonly [place: string]: readonly unknown[] }
}

/**
 * How far the forgetting of a person is. `waiting`: the person is ended, and the job has not removed everything yet. `removed`:
 * only the fence is left, which ends old browser sessions. `none`: there is no open job: the person is forgotten, or was never to be.
 */
export type Forgetting = 'none' | 'waiting' | 'removed'

/** What came of ending a person. */
export interface Ended {
  /** How many grants have ended, with those that had ended before. */
  readonly grants: number
  /** The time of the fence, in milliseconds since the epoch. */
  readonly at: number
}

/** Ends, forgets and discloses people. `sub` is our own ID of the person. Every function throws `StoreUnavailable`. */
export interface Privacy {
  /**
   * Ends a person: every sign-in that was approved before now, every grant, and every browser session. Resolves once the fence and
   * all tombstones stand. `reason` goes into the tombstones and the log. The person may sign in again some seconds later.
   *
   * @param at ends what began before this time, in milliseconds since the epoch, and leaves what came later. Absent: now
   */
  endPerson(sub: string, reason: string, signal: AbortSignal, at?: number): Promise<Ended>
  /**
   * Ends a person and leaves the job that removes everything about them. Until the job has removed it, at least ten minutes later,
   * the person cannot sign in; a sign-in after that begins anew, as that of a person who was never here.
   */
  forget(sub: string, signal: AbortSignal): Promise<Ended>
  /** How far the forgetting of a person is. */
  forgetting(sub: string, signal: AbortSignal): Promise<Forgetting>
  /** Reads everything held on a person. */
  disclose(sub: string, signal: AbortSignal): Promise<Disclosure>
  /** Runs the jobs that are due, until `signal` fires. The next run continues where this one stopped. */
  runJobs(signal: AbortSignal): Promise<{ readonly done: number; readonly finished: boolean }>
}

/** What the authorization server offers. `oauth/` never imports `people/`, so `lib/service/privacy.ts` puts the two together. */
export interface PersonEnd {
  writeFence(sub: string, fence: NewFence, signal: AbortSignal): Promise<void>
  /** The time of the fence that stands, in milliseconds since the epoch. `null`: there is none. */
  fenceAt(sub: string, signal: AbortSignal): Promise<number | null>
  liftForgetting(sub: string, at: number, signal: AbortSignal): Promise<void>
  removeFence(sub: string, at: number, signal: AbortSignal): Promise<void>
  /** Seconds after which a fence ends nothing any more. */
  readonly fenceLifetime: number
  /** @param madeUntil ends only the grants that were made until then, in milliseconds since the epoch */
  endGrants(sub: string, reason: string, signal: AbortSignal, madeUntil?: number): Promise<number>
}

export interface NewFence {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly reason: string
  readonly forgetting: boolean
}

export interface PrivacyOptions {
  readonly store: Store
  readonly places: readonly Place[]
  readonly end: PersonEnd
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

/** Seconds until a job is due. No code from before the fence is alive by then, and no record of a sign-in is still being written. */
const jobDelay = 600
const forgettingReason = 'person_forgotten'
/** How many places are read at the same time. */
const atOnce = 4

export function createPrivacy({ store, places, end, now, log }: PrivacyOptions): Privacy {
  async function endAndLeaveJob(sub: string, fence: NewFence, signal: AbortSignal, madeUntil?: number): Promise<Ended> {
    const { at, reason, forgetting } = fence
    await end.writeFence(sub, fence, signal)
    const collection = forgetting ? 'forget' : 'ending'
    // The job is written before the first tombstone, so it finishes what a crash interrupts.
    await putJob(store, { collection, sub, step: 'do', fence: at, reason }, at / 1000 + jobDelay, signal)
    const grants = await end.endGrants(sub, reason, signal, madeUntil)
    // The job of an earlier end may have removed the fence in the very moment in which it moved.
    const standing = await end.fenceAt(sub, signal)
    if (standing === null || standing < at) await end.writeFence(sub, fence, signal)
    if (forgetting) log('person_forgetting', { sub, reason, grants })
    else log('person_ended', { sub, reason, grants })
    return { grants, at }
  }

  /** Does a job. Every part may be repeated, so that the next run repeats what a kill has interrupted. */
  async function run(job: Job, signal: AbortSignal): Promise<void> {
    const { key, collection, sub, step, fence, reason } = job
    if (step === 'unfence') {
      await end.liftForgetting(sub, fence, signal)
      await end.removeFence(sub, fence, signal)
      await store.remove(key, signal)
      if (collection === 'forget') log('person_forgotten', { sub })
      return
    }
    if (step === 'do' && collection === 'ending') await end.endGrants(sub, reason, signal, fence)
    if (step === 'do' && collection === 'forget') {
      // A grant that is gone is refused like one that has ended.
      for (const place of places) await place.forget(sub, signal)
      // From here on the person may sign in again, and nothing of theirs is removed any more.
      await advanceJob(store, job, 'lift', signal)
      log('person_removed', { sub })
    }
    await end.liftForgetting(sub, fence, signal)
    await putJob(store, { ...job, step: 'unfence' }, fence / 1000 + end.fenceLifetime, signal)
    await store.remove(key, signal)
  }

  return {
    endPerson: (sub, reason, signal, at) =>
      endAndLeaveJob(sub, { at: at ?? now(), reason, forgetting: false }, signal, at),

    forget: (sub, signal) => endAndLeaveJob(sub, { at: now(), reason: forgettingReason, forgetting: true }, signal),

    async forgetting(sub, signal) {
      const jobs = await jobsOf(store, 'forget', sub, signal)
      if (jobs.length === 0) return 'none'
      return jobs.some(({ step }) => step === 'do') ? 'waiting' : 'removed'
    },

    async disclose(sub, signal) {
      const at = new Date(now()).toISOString()
      const found = new Map<string, readonly unknown[]>()
      await inParallel(places, atOnce, async (place) => {
        const records: unknown[] = []
        for await (const { key, value } of place.read(sub, signal)) records.push({ key, value })
        found.set(place.name, records)
      })
      const held = places
        .map(({ name }) => [name, found.get(name) ?? []] as const)
        .filter(([, { length }]) => length > 0)
      return { sub, at, held: Object.fromEntries(held) }
    },

    async runJobs(signal) {
      let done = 0
      let finished = true
      for (const collection of jobCollections) {
        try {
          for await (const job of dueJobs(store, collection, now() / 1000, signal)) {
            try {
              await run(job, signal)
              done += 1
            } catch (error) {
              // One person's job that fails keeps no other from being done.
              if (signal.aborted || !(error instanceof StoreUnavailable)) throw error
              finished = false
              log('person_job_failed', { sub: job.sub, collection, reason: error.message })
            }
          }
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) throw error
          finished = false
        }
      }
      return { done, finished }
    },
  }
}
