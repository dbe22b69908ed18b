import { anyKey } from '../capabilities.ts'
import { knownClient } from '../client-authentication/known-client.ts'
import { OAuthError } from '../errors.ts'
import { requireKey } from '../token/bound-key.ts'
import type { TokenResponse } from '../token/context.ts'
import { requireResource } from '../token/resource.ts'
import type { GrantHandler, GrantHandlerOptions, GrantRequest } from './grant-handler.ts'
import { issueStoreless } from './issue-storeless.ts'
import { scopesOfMachine } from './scopes.ts'
import { entryOf, isEnded } from './storeless-grant.ts'
import { machineSubject } from './workload-grant.ts'

/**
 * Makes the handler of `client_credentials` (OAuth 2.1 §4.2; K-01): a client of the operator's list proves itself by a key or a secret,
 * and gets a token for itself. A client that registered itself is never on the list.
 */
export function createClientCredentialsGrant({ assertions, store, clients }: GrantHandlerOptions): GrantHandler {
  const machines = new Map(
    assertions.machines.flatMap((machine) =>
      machine.proof.kind === 'client' ? [[machine.proof.clientId, machine] as const] : [],
    ),
  )

  return async ({ form, context, call, authenticate }: GrantRequest): Promise<TokenResponse> => {
    const attempt = call.trail.begin()
    if (form.get('assertion') !== undefined || form.get('code') !== undefined) {
      throw new OAuthError('invalid_request', 'client_credentials takes no assertion and no code')
    }
    const client = await authenticate()
    call.trail.learn({ clientHash: client.hash })
    const machine = machines.get(client.id)
    if (!machine || client.method === 'none') {
      throw new OAuthError('unauthorized_client', 'the client may not use this grant type')
    }
    const registered = knownClient(await clients.resolve(client.id, call.signal, call.address))
    if (registered.source === 'registration' || !registered.authenticationMethods.includes(client.method)) {
      throw new OAuthError('unauthorized_client', 'the client may not use this grant type')
    }
    // A client that asked for bound tokens gets no other (RFC 9449 §5.2).
    if (registered.requires?.includes('dpop_bound_access_tokens')) requireKey(anyKey, call.binding)
    requireResource(form.all('resource'), context.resource)
    const scope = scopesOfMachine(machine.scope, form.get('scope'), context.scopes)
    const signer = await context.signingKeys.signer(call.signal)
    const sub = machineSubject('client', client.id)
    const began = Math.floor(context.now() / 1000)
    // Both settle before the answer, so that no write goes on after it.
    const ofWhom = { kind: 'machine', entry: entryOf(machine), sub, began } as const
    const [spent, ended] = await Promise.allSettled([client.spend(call.signal), isEnded(store, ofWhom, call.signal)])
    if (spent.status === 'rejected') throw spent.reason
    if (ended.status === 'rejected') throw ended.reason
    if (ended.value) throw new OAuthError('invalid_grant', 'the machine has been ended')
    const shownAs = { name: machine.name }
    const token = { ...ofWhom, client, shownAs, person: {}, scope, attempt }
    return (await issueStoreless(token, signer, context, call)).response
  }
}
