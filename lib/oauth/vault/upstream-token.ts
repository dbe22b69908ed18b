import type { Log } from '../../base/log.ts'
import { StoreUnavailable } from '../../store/store.ts'
import { type GrantKey, shortGrant, subjectOfGrant } from '../grants/record.ts'
import type { Renewal, Vault } from './vault.ts'
import type { Kept } from './vault-seal.ts'

/** The caller, from a verified access token of this server. */
export interface UpstreamCaller {
  readonly grant: GrantKey
  readonly sub: string
  readonly scope: readonly string[]
}

/**
 * What a tool gets to act at another service.
 * - `not_allowed`: the access token lacks the scope.
 * - `not_connected`: this connection has no token of the provider that can be used. Only a sign-in helps.
 * - `refused`: the provider refuses the person, or the connection has ended. The connection has ended either way.
 * - `passing`: the provider or the store did not answer. A later call may succeed.
 *
 * `reason` is for the log. It quotes nothing from the provider.
 */
export type UpstreamToken =
  | {
      readonly kind: 'token'
      readonly accessToken: string
      /** Seconds since the epoch. Absent for the service account. */
      readonly expiresAt?: number | undefined
      /** Whose rights the token has. */
      readonly of: 'person' | 'service'
    }
  | { readonly kind: 'not_allowed' | 'not_connected' | 'refused' | 'passing'; readonly reason: string }

/** Never throws. `rejected`: an access token of the person that the other service does not accept, so that it is renewed. */
export type GetUpstreamToken = (
  caller: UpstreamCaller,
  signal: AbortSignal,
  rejected?: string,
) => Promise<UpstreamToken>

/** Seconds for which a token must still be good, so that it does not expire on its way. */
const margin = 30

/**
 * Makes the function by which tools act at another service as the person (N12). It gives the person's own access token of the OpenID
 * Provider, which it renews under the lease of the vault. It costs one store trip: the record of the vault and the grant are read at
 * once. An ended grant gets nothing, even while the vault still has its record.
 */
export function createUpstreamToken(options: {
  readonly vault: Pick<Vault, 'renew'>
  /** The scope that the access token of the caller must have. */
  readonly scope: string
  readonly status: (grant: GrantKey, signal: AbortSignal) => Promise<'live' | 'ended' | 'absent'>
  /** Ends the grant of a person whom the provider refuses. */
  readonly endGone: (grant: GrantKey, reason: string, signal: AbortSignal) => Promise<void>
  /** A token of a service account, for callers who are not connected. Absent: they get none. */
  readonly serviceToken?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}): GetUpstreamToken {
  const { vault, scope: needed, status, endGone, serviceToken, now, log } = options

  async function find(caller: UpstreamCaller, signal: AbortSignal, rejected?: string): Promise<UpstreamToken> {
    const { grant, sub, scope } = caller
    if (!scope.includes(needed)) return failed('not_allowed', 'the access token lacks the scope')
    // Machines and companies have grants of other kinds, without a sign-in at the provider.
    if (!grant.startsWith('grants/') || subjectOfGrant(grant) !== sub) return failed('not_connected', 'no sign-in')
    const began = Math.floor(now() / 1000)
    let waits = false
    const isEnough = ({ accessToken, accessEndsAt = 0, givenAt }: Kept) => {
      const isGood =
        accessToken !== undefined && accessToken !== rejected && (accessEndsAt - margin > began || givenAt >= began)
      waits ||= !isGood
      return isGood
    }
    const [renewal, found] = await Promise.all([vault.renew(grant, isEnough, signal), status(grant, signal)])
    if (found !== 'live') return failed('refused', 'the grant has ended')
    // A provider may take seconds, in which the grant can end.
    if (waits && renewal.kind === 'kept' && (await status(grant, signal)) !== 'live')
      return failed('refused', 'the grant has ended')
    return tokenOf(renewal, grant, signal)
  }

  async function tokenOf(renewal: Renewal, grant: GrantKey, signal: AbortSignal): Promise<UpstreamToken> {
    switch (renewal.kind) {
      case 'kept': {
        const { accessToken, accessEndsAt } = renewal.kept
        if (accessToken === undefined) return failed('passing', 'the provider gave no access token')
        return { kind: 'token', accessToken, expiresAt: accessEndsAt, of: 'person' }
      }
      case 'gone':
        await endGone(grant, renewal.reason, signal)
        return failed('refused', renewal.reason)
      case 'absent':
      case 'lost':
        return failed('not_connected', renewal.reason)
      case 'failed':
        return failed('passing', renewal.reason)
    }
  }

  /**
   * Returns the token of the service account, where the operator allows it. A person whom the provider refuses does not go on as the
   * service, and neither does one whom it may still know, nor a connection that ended meanwhile.
   */
  async function serviceAccount(
    found: UpstreamToken,
    { grant, sub }: UpstreamCaller,
    signal: AbortSignal,
    rejected = '',
  ) {
    if (found.kind !== 'not_connected' || serviceToken === undefined || serviceToken === rejected) return undefined
    if ((await status(grant, signal)) !== 'live') return undefined
    log('upstream_service_account', { grant: shortGrant(grant), sub, reason: found.reason })
    return { kind: 'token', accessToken: serviceToken, of: 'service' } as const
  }

  return async (caller, signal, rejected) => {
    const passing = (error: unknown) => {
      if (error instanceof StoreUnavailable) return failed('passing', error.message)
      throw error
    }
    const found = await find(caller, signal, rejected).catch(passing)
    const instead = await serviceAccount(found, caller, signal, rejected).catch(passing)
    if (instead) return instead
    const who = { grant: shortGrant(caller.grant), sub: caller.sub }
    const reason = found.kind === 'token' ? undefined : found.reason
    log('upstream_token', { ...who, outcome: found.kind === 'token' ? 'given' : found.kind, reason })
    return found
  }
}

const failed = (kind: Exclude<UpstreamToken['kind'], 'token'>, reason: string): UpstreamToken => ({ kind, reason })
