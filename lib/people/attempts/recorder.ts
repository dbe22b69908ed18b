import { dayOfAttempt } from '../../base/attempt-code.ts'
import { BoundedMap } from '../../base/bounded-map.ts'
import { dayBefore } from '../../base/days.ts'
import { withDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import type { Log } from '../../base/log.ts'
import type { RateLimit } from '../../base/rate-limit.ts'
import { type Store, StoreUnavailable, type StoreValue } from '../../store/store.ts'
import { type AttemptStep, keyOf } from './step.ts'

export interface AttemptRecorderOptions {
  readonly store: Store
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Days that attempts are kept. */
  readonly keptDays: number
  /** Limits the steps before the user is known. Absent where the user of every step is known. */
  readonly limits?: {
    /** How many steps an address may cause before the user approves. */
    readonly strangers: RateLimit
    /** How many steps an address may cause between the approval and the sign-in at the provider. */
    readonly approved: RateLimit
  }
}

/** A step as the flow and `/mcp` report it. `at` is added here. */
export interface ReportedStep extends Omit<AttemptStep, 'at'> {
  /** The code of the attempt. A step without one is not recorded. */
  readonly attempt?: string | undefined
  /** Whether the user is known. Nothing else about the user is looked at. */
  readonly sub?: string | undefined
}

export interface AttemptRecorder {
  /**
   * Records a step after the answer. Never throws: a step that cannot be written is logged as `attempt_step_lost`.
   *
   * @param address the caller's, which counts the steps before the user is known. It is not recorded
   */
  record(step: ReportedStep, address: string | undefined): Promise<void>
}

/** Milliseconds for the writes of one step. */
const deadline = 8_000
/** Attempts of which an instance remembers what it has written. */
const mostRemembered = 2_000
/** Steps of one attempt that an instance writes: a client may repeat a refused request as often as it likes. */
const mostSteps = 60

/** Steps that any browser or program can cause without an approval. */
const beforeApproval: readonly string[] = ['request', 'document', 'consent']

/** Makes the recorder of attempts. What it has written, it does not write again, so that a call costs a write only once. */
export function createAttemptRecorder(options: AttemptRecorderOptions): AttemptRecorder {
  const { store, log, now, keptDays, limits } = options
  const written = new BoundedMap<string, Set<string>>(mostRemembered)

  /** Whether to write the step. Counts it, if nothing proves yet that a user stands behind it. */
  async function isWithinLimits(
    step: ReportedStep,
    address: string | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!limits || address === undefined || step.sub !== undefined) return true
    const byStranger = beforeApproval.includes(step.step) || step.clientHash === undefined
    return !(await (byStranger ? limits.strangers : limits.approved).hit(address, signal)).limited
  }

  async function write(code: string, step: AttemptStep, signal: AbortSignal): Promise<void> {
    const key = keyOf(code, step)
    const { at, reason, detail, clientHash, client } = step
    const value: StoreValue = defined({ at, reason, detail, clientHash, client: client && defined(client) })
    if (step.step === 'first-call') await store.create(key, value, signal)
    else await store.put(key, value, signal)
  }

  return {
    async record({ attempt, sub, ...rest }, address) {
      const step = { ...rest, at: now() }
      if (attempt === undefined || dayOfAttempt(attempt) < dayBefore(step.at, keptDays)) return
      const keys = written.get(attempt) ?? new Set<string>()
      const key = keyOf(attempt, step)
      if (keys.has(key) || keys.size >= mostSteps) return
      keys.add(key)
      written.set(attempt, keys)
      try {
        await withDeadline(deadline, async (signal) => {
          if (await isWithinLimits({ ...rest, sub }, address, signal)) await write(attempt, step, signal)
        })
      } catch (error) {
        keys.delete(key)
        if (!(error instanceof StoreUnavailable)) throw error
        log('attempt_step_lost', { attempt, step: step.step, outcome: step.outcome, reason: error.message })
      }
    },
  }
}
