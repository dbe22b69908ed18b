import { sha256 } from '../base/sha256.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { RecordAccess } from '../mcp/endpoint.ts'
import type { AttemptRecorderOptions } from '../people/attempts/recorder.ts'
import type { KeptSettings } from '../settings/kept.ts'
import { log, noteAttempt } from './log.ts'

/**
 * Makes the hook of `/mcp` that records the first call of a grant, and the calls that are refused. Further log lines of the request
 * have the code of the attempt. An instance records each of
 * them once a day for a grant, so that most calls record nothing.
 */
export function recordAccessAfterAnswer({
  kept,
  ...options
}: Pick<AttemptRecorderOptions, 'store' | 'now'> & { readonly kept: KeptSettings }): RecordAccess {
  const recorder = whenNeeded(async () => {
    const { createAttemptRecorder } = await import('../people/attempts/recorder.ts')
    return createAttemptRecorder({ ...options, log, keptDays: kept.attemptDays })
  })
  return ({ attempt, sub, clientId }, refused, { waitUntil, address }) => {
    if (attempt === undefined) return
    noteAttempt(attempt)
    const what = refused === undefined ? firstCall : ({ step: 'call', outcome: 'refused', reason: refused } as const)
    const step = { attempt, sub, clientHash: sha256(clientId), ...what }
    waitUntil?.(recorder().then(({ record }) => record(step, address)))
  }
}

const firstCall = { step: 'first-call', outcome: 'ok' } as const
