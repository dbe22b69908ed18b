import { BoundedMap } from '../base/bounded-map.ts'
import { withDeadline } from '../base/deadline.ts'
import { isMachine } from '../base/machine.ts'
import type { Limit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import { createInstanceLimit } from '../limits/instance-limit.ts'
import { createLimiter } from '../limits/limiter.ts'
import type { FlowStep } from '../oauth/flow-step.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { createAttemptRecorder } from '../people/attempts/recorder.ts'
import { createAuditLog } from '../people/audit/audit-log.ts'
import type { AuditAction } from '../people/audit/entry.ts'
import type { KeptSettings } from '../settings/kept.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { eventOfStep, machineNamerOf, usageRecorderOf } from './usage-recorder.ts'

export interface StepRecorderOptions {
  readonly store: Store
  readonly kept: KeptSettings
  readonly exempt: readonly AddressRange[]
  /** Key of the HMAC that hides addresses in the keys of limits. */
  readonly key: Uint8Array
  readonly site: Site
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** How many steps an address may cause before an approval, across all instances. Each costs the store two writes. */
const strangers: Limit = { limit: 60, windowSeconds: 3600 }
/** How many approvals of an address an instance records. */
const approvals: Limit = { limit: 600, windowSeconds: 3600 }

/** Nothing waits for a limit that only this instance knows. */
const { signal: never } = new AbortController()
/** Steps that an instance remembers as counted. */
const mostRemembered = 2_000
/** Milliseconds for writing the name of a machine. */
const namingTime = 10_000

/** Composes what records a step of the flow. All writes of a step start at once. None of them rejects. */
export function createStepRecorders(options: StepRecorderOptions) {
  const { store, kept, exempt, key, site, sealing, now } = options
  const usage = usageRecorderOf(site, sealing)
  const attempts = createAttemptRecorder({
    store,
    log,
    now,
    keptDays: kept.attemptDays,
    limits: {
      strangers: createLimiter({ store, name: 'attempts', ...strangers, exempt, key, now, log }),
      approved: createInstanceLimit({ ...approvals, exempt, now }),
    },
  })
  const audit = createAuditLog({ store, log, now })
  const counted = new BoundedMap<string, true>(mostRemembered)
  const unknown = createInstanceLimit({ ...approvals, exempt, now })

  /**
   * Whether a step counts as usage. Each counts once for each attempt: a form or a code that is sent again is no second sign-in. Steps
   * of an unknown user are limited by address, since a program can make as many approvals as it likes.
   */
  async function isCounted({ attempt, step, outcome, reason, sub }: FlowStep, address: string | undefined) {
    const id = `${attempt} ${step} ${outcome} ${reason}`
    if (attempt !== undefined && counted.get(id)) return false
    if (attempt !== undefined) counted.set(id, true)
    return sub !== undefined || address === undefined || !(await unknown.hit(address, never)).limited
  }

  const nameMachine = machineNamerOf(site, sealing)
  /** Nothing waits for the name. The next token of the machine tries again. */
  const named = async ({ step, outcome, sub, client }: FlowStep) => {
    if (step !== 'token' || outcome !== 'ok' || sub === undefined || !isMachine(sub) || !client?.name) return
    const { name } = client
    await withDeadline(namingTime, (signal) => nameMachine(name, signal)).catch((error: unknown) => {
      log('machine_name_lost', { reason: error instanceof Error ? error.name : 'unknown' })
    })
  }

  return async (step: FlowStep, address: string | undefined): Promise<void> => {
    const event = eventOfStep(step, now())
    const usageEvent = event && isCounted(step, address).then((is) => (is ? usage.record(event) : undefined))
    const { sub, clientHash: client, attempt, grant, reason, detail } = step
    const action = actionOf(step)
    const audited = action && audit.recordLater({ action, sub, client, attempt, grant, reason, detail })
    await Promise.all([attempts.record(step, address), audited, usageEvent, named(step)])
  }
}

/** What the audit log calls a step. `undefined`: it does not record the step. `recordSession` records sessions. */
function actionOf({ step, outcome, reason, sub }: FlowStep): AuditAction | undefined {
  if (sub === undefined) return undefined
  if (outcome === 'refused') return reason === 'used' || reason === 'reuse' ? 'replay' : 'refusal'
  return outcome === 'ok' ? actions[step] : undefined
}

const actions: { readonly [Step in FlowStep['step']]?: AuditAction } = {
  code: 'sign-in',
  token: 'grant',
  revocation: 'revocation',
}
