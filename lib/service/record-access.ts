import { sha256 } from '../base/sha256.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { RecordAccess } from '../mcp/endpoint.ts'
import type { AttemptRecorderOptions } from '../people/attempts/recorder.ts'
import type { KeptSettings } from '../settings/kept.ts'
import { noteAttempt } from './log.ts'

/**
 * Makes the hook of `/mcp` that records the first call of a grant, and the calls that are refused. Further log lines of the
 * request have the code of the attempt. An instance records the first call of a grant once, and a refusal once a day, so that most
 * calls record nothing. The audit log gets a refusal once an hour.
 */
export function recordAccessAfterAnswer({
  kept,
  ...options
}: Pick<AttemptRecorderOptions, 'store' | 'now'> & { readonly kept: KeptSettings }): RecordAccess {
  const recorders = whenNeeded(async () => {
    const { createAccessRecorders } = await import('./access-recorders.ts')
    return createAccessRecorders({ ...options, keptDays: kept.attemptDays })
  })
  return ({ attempt, sub, clientId, grant }, refused, { waitUntil }) => {
    if (attempt !== undefined) noteAttempt(attempt)
    const access = { attempt, sub, clientHash: sha256(clientId), grant, refused }
    waitUntil?.(recorders().then((record) => record(access)))
  }
}
