import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import type { FlowClient } from '../flow-step.ts'
import { issueTokens } from '../token/access-token.ts'
import type { TokenCall, TokenContext, TokenResponse } from '../token/context.ts'
import type { Person } from '../token/person.ts'
import { newStorelessGrant } from './storeless-grant.ts'

/** A token that no stored grant stands behind. */
export interface Storeless {
  readonly kind: 'tenant' | 'machine'
  /** `entryOf` the tenant or the machine. */
  readonly entry: string
  readonly sub: string
  readonly client: AuthenticatedClient
  readonly shownAs: FlowClient
  readonly person: Person
  readonly scope: readonly string[]
  /** When the assertion was made, in seconds since the epoch. */
  readonly began: number
  readonly attempt: string
}

/**
 * Issues an access token without a refresh token (E-03, W-05, K-01): the client gets the next one with a new assertion. Returns the
 * answer and the claim `grant`. All checks, and the one round trip to the store, come before.
 */
export async function issueStoreless(
  { kind, entry, sub, client, shownAs, person, scope, began, attempt }: Storeless,
  signer: Parameters<typeof issueTokens>[2],
  context: TokenContext,
  call: TokenCall,
): Promise<{ readonly response: TokenResponse; readonly grant: string; readonly issuedAt: number }> {
  const issuedAt = Math.floor(context.now() / 1000)
  const endsAt = issuedAt + context.accessTokenLifetime
  const grant = newStorelessGrant({ kind, entry, sub, clientHash: client.hash, began, endsAt })
  const { binding } = call
  const { resource } = context
  const access = { client, resource, scope: scope.join(' '), leftOut: undefined, grant, endsAt, binding }
  const response = await issueTokens({ ...access, person, since: began, attempt }, undefined, signer, context)
  call.trail.learn({ attempt, clientHash: client.hash, client: shownAs, sub, person, grant })
  call.trail.record('token', 'ok')
  return { response, grant, issuedAt }
}
