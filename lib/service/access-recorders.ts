import type { Refusal } from '../mcp/endpoint.ts'
import { type AttemptRecorderOptions, createAttemptRecorder } from '../people/attempts/recorder.ts'
import { createAuditLog } from '../people/audit/audit-log.ts'
import { log } from './log.ts'

/** What became of a request with a token. */
export interface Access {
  readonly attempt: string | undefined
  readonly sub: string
  readonly clientHash: string
  readonly grant: string
  readonly refused: Refusal | undefined
}

/** Composes what records a request with a token. All writes start at once. None of them rejects. */
export function createAccessRecorders(options: Omit<AttemptRecorderOptions, 'log' | 'limits'>) {
  const attempts = createAttemptRecorder({ ...options, log })
  const audit = createAuditLog({ ...options, log })
  return async ({ attempt, sub, clientHash, grant, refused }: Access): Promise<void> => {
    const what = refused === undefined ? firstCall : ({ step: 'call', outcome: 'refused', reason: refused } as const)
    const refusal = { action: 'refusal', sub, client: clientHash, attempt, grant, reason: refused } as const
    await Promise.all([
      attempts.record({ attempt, sub, clientHash, ...what }, undefined),
      refused === undefined ? undefined : audit.recordLater(refusal),
    ])
  }
}

const firstCall = { step: 'first-call', outcome: 'ok' } as const
