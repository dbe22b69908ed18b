/** Everything that the store holds on a person: one member for each place that holds something, with the records found there. */
export interface Disclosure {
  readonly sub: string
  /** When this was read, as ISO 8601. */
  readonly at: string
  readonly held: { readonly [place: string]: readonly unknown[] }
}

/** How far the forgetting of a person is. `none`: there is no open job, so the person is forgotten or was never to be. */
export type Forgetting = 'none' | 'waiting' | 'removed'

/** Ends, forgets and discloses people. `sub` is our own ID of the person. Every function throws `StoreUnavailable`. */
export interface Privacy {
  /**
   * Ends a person: every sign-in that was approved before now, every grant, and every browser session. Resolves once the fence and
   * all tombstones stand. `reason` goes into the tombstones and the log. The person may sign in again at once.
   *
   * @returns how many grants ended
   */
  endPerson(sub: string, reason: string, signal: AbortSignal): Promise<number>
  /**
   * Ends a person and leaves the job that removes everything about them. Until the job has removed it, at least ten minutes later, the
   * person cannot sign in.
   */
  forget(sub: string, signal: AbortSignal): Promise<void>
  /** How far the forgetting of a person is. */
  forgetting(sub: string, signal: AbortSignal): Promise<Forgetting>
  /** Reads everything held on a person. */
  disclose(sub: string, signal: AbortSignal): Promise<Disclosure>
  /** Runs the jobs that are due, until `signal` fires. The next run continues where this one stopped. */
  runJobs(signal: AbortSignal): Promise<{ readonly done: number; readonly finished: boolean }>
}
