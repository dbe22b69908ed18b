import { fenceKey } from '../../lib/oauth/grants/fence.ts'
import { type GrantRecord, newGrantKey } from '../../lib/oauth/grants/record.ts'

/** Seconds. */
export const day = 86_400

/** When every run begins, in milliseconds since the epoch. */
export const now = Date.UTC(2026, 10, 21)

/** The names of the callers of a run. */
export const callerNames: readonly string[] = ['A', 'B', 'C']

export const sub = `u_${'s'.repeat(43)}`
export const grantKey = newGrantKey(sub, now / 1000 + 180 * day, 'g'.repeat(22))
const personsGrants = grantKey.slice(0, grantKey.lastIndexOf('/') + 1)

/** The grant, its fence, and the list of the month in which the grant is. What else the code reads or writes races with nothing. */
export const matters = (name: string): boolean => [grantKey, fenceKey(sub), personsGrants].includes(name)

/**
 * The record of a generation, as this release writes it, with a member of a later release.
 *
 * @param ago how long ago the generation began, in milliseconds
 */
export function recordOf(generation: number, ago: number, more: Partial<GrantRecord> = {}): GrantRecord {
  const rotated = now - ago
  return {
    generation,
    createdAt: now / 1000 - day,
    rotatedAt: Math.floor(rotated / 1000),
    rotatedAtMilliseconds: rotated,
    rotatedFrom: 'before',
    expiresAt: Math.floor(rotated / 1000) + 30 * day,
    endsAt: now / 1000 + 180 * day,
    clientHash: 'client',
    clientName: 'Client',
    authenticationMethod: 'none',
    kid: 'secret of before',
    codeHash: 'hash of C',
    attempt: 'attempt',
    quickRotations: 0,
    ...more,
    ...{ later: 'kept' },
  }
}
