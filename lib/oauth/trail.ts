import { newAttemptCode } from '../base/attempt-code.ts'
import type { Call } from '../base/call.ts'
import { OAuthError, PageError } from './errors.ts'
import type { FlowOutcome, FlowStep, FlowStepName, RecordStep } from './flow-step.ts'
import { isOurFault } from './http/json-answers.ts'
import type { Reference } from './pages/technical-details.ts'

/** What a request has learned about the attempt that it belongs to. */
export type Known = Omit<FlowStep, 'step' | 'outcome' | 'reason' | 'detail'>

/** Follows the attempt of one request to a client's grant, so that each step, and each error, is recorded with what is known. */
export interface Trail {
  /** What the user may tell support. */
  readonly reference: Reference
  /** Begins an attempt, with a new code. */
  begin(): string
  /** Adds to what is known. Members without a value change nothing. */
  learn(known: Known): void
  /** Says which step the request is at: an error that is thrown from now on belongs to it. */
  at(step: FlowStepName): void
  /** Records a step. */
  record(step: FlowStepName, outcome: FlowOutcome, why?: Why): void
  /** Records that the request was refused or failed. On a `page`, an attempt that is not known gets a code, for the user. */
  fail(error: unknown, kind: 'page' | 'api'): void
}

/** A request and the attempt that it belongs to. */
export interface FlowCall extends Call {
  readonly trail: Trail
}

type Why = Pick<FlowStep, 'reason' | 'detail'>

/** Any web page can cause these errors in the browsers of its visitors. They must not use up the limits of an address. */
const causedByOthers: readonly string[] = ['speculative', 'not-navigated', 'cross-site']

export interface TrailOptions {
  readonly recordStep?: RecordStep | undefined
  readonly noteAttempt?: ((code: string) => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export function createTrail({ recordStep, noteAttempt, now = Date.now }: TrailOptions, call: Call): Trail {
  let known: Known = {}
  let current: FlowStepName | undefined

  function learn(more: Known): void {
    const before = known.attempt
    known = { ...known, ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) }
    if (known.attempt !== undefined && known.attempt !== before) noteAttempt?.(known.attempt)
  }

  function begin(): string {
    const attempt = newAttemptCode(now())
    learn({ attempt })
    return attempt
  }

  const record: Trail['record'] = (step, outcome, why) => recordStep?.({ ...known, step, outcome, ...why }, call)

  return {
    get reference() {
      return { requestId: call.requestId, attempt: known.attempt }
    },
    begin,
    learn,
    at(step) {
      current = step
    },
    record,
    fail(error, kind) {
      if (error instanceof PageError && causedByOthers.includes(error.kind)) return
      if (known.attempt === undefined && kind === 'page') begin()
      if (current === undefined) return
      const why = reasonOf(error)
      record(why.reason === 'client-unavailable' ? 'document' : current, outcomeOf(error), why)
    },
  }
}

const outcomeOf = (error: unknown): FlowOutcome =>
  error instanceof OAuthError && !/^(?:server_error|temporarily_unavailable)$/.test(error.code) ? 'refused' : 'failed'

function reasonOf(error: unknown): Why {
  if (!(error instanceof OAuthError)) return { reason: isOurFault(error) ? 'unavailable' : 'unexpected' }
  const { code, description, detail } = error
  // The reason of a grant's refusal is one word, and the description is the same for several.
  const word = detail !== undefined && /^[a-z-]+$/.test(detail) ? detail : code
  const reason = error instanceof PageError ? error.kind : word
  return { reason, detail: detail === undefined ? description : `${description} (${detail})` }
}
