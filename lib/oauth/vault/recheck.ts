import type { Log } from '../../base/log.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { OAuthError } from '../errors.ts'
import type { Grants } from '../grants/grants.ts'
import { shortGrant } from '../grants/record.ts'
import type { Person } from '../token/person.ts'
import type { RefreshToken } from '../token/refresh-token.ts'
import { endGone } from './gone.ts'
import type { Renewal, Vault } from './vault.ts'

/** What is known about the person of a refresh token, and the members that the grant carries on. */
export interface Rechecked {
  readonly person: Person
  /** When the OpenID Provider said who the person is, in seconds since the epoch. */
  readonly since: number
  readonly carried: RefreshToken['carried']
}

/** Seconds. A provider that answered is asked again after a day, another one after an hour. */
const day = 86_400
const hour = 3_600

/**
 * Makes the check of a refresh: at most once a day it asks the provider whether the person is still there. A clear refusal ends the
 * grant. Everything else lets the refresh go on (N12). The grant carries when the next check is due, so that every other refresh costs
 * nothing.
 */
export function createRecheck(options: {
  readonly vault: Pick<Vault, 'renew' | 'end'>
  readonly grants: Pick<Grants, 'revoke'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}): (token: RefreshToken, signal: AbortSignal) => Promise<Rechecked> {
  const { vault, log } = options

  async function renewed(token: RefreshToken, now: number, signal: AbortSignal): Promise<Renewal> {
    try {
      return await vault.renew(token.grant, ({ givenAt }) => givenAt > now - day, signal)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      return { kind: 'failed', reason: error.message }
    }
  }

  return async (token, signal) => {
    const now = Math.floor(options.now() / 1000)
    const { grant } = token
    const known = knownIn(token.carried)
    if ((known.checkAt ?? token.createdAt + day) > now) return recheckedOf(token, token.carried)
    const renewal = await renewed(token, now, signal)
    if (renewal.kind === 'gone') {
      await endGone(grant, renewal.reason, options, signal)
      throw new OAuthError('invalid_grant', 'the refresh token is no longer valid', 'revoked')
    }
    log('vault_checked', { grant: shortGrant(grant), outcome: renewal.kind })
    const claimed = renewal.kind === 'kept' ? renewal.kept.claimed : undefined
    const marks = known.roleMarks ?? token.person.roleMarks
    // A change of the organization counts at the next sign-in. A role by claims lasts longer only by claims that were read again (N8).
    const counts = claimed && claimed.organizationId === token.person.organizationId && (claimed.roleMarks || !marks)
    return recheckedOf(token, {
      ...token.carried,
      checkAt: now + (renewal.kind === 'failed' || renewal.kind === 'lost' ? hour : day),
      ...(counts && { identifiedAt: claimed.at, roleMarks: claimed.roleMarks }),
    })
  }
}

function recheckedOf({ person, createdAt }: RefreshToken, carried: RefreshToken['carried']): Rechecked {
  const { identifiedAt, roleMarks } = knownIn(carried)
  return { carried, since: identifiedAt ?? createdAt, person: roleMarks ? { ...person, roleMarks } : person }
}

/** Reads the members that this file adds to a grant. */
function knownIn(carried: RefreshToken['carried']) {
  const { checkAt, identifiedAt, roleMarks } = carried ?? {}
  const isTexts = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((one) => typeof one === 'string')
  return {
    checkAt: typeof checkAt === 'number' ? checkAt : undefined,
    identifiedAt: typeof identifiedAt === 'number' ? identifiedAt : undefined,
    roleMarks: isTexts(roleMarks) ? roleMarks : undefined,
  }
}
