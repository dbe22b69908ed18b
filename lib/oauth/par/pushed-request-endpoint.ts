import type { ClientAuthentication } from '../client-authentication/authenticated-client.ts'
import { knownClient } from '../client-authentication/known-client.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/resolve.ts'
import { bindingOf } from '../dpop/binding.ts'
import { OAuthError } from '../errors.ts'
import { json } from '../http/json-answers.ts'
import { type Parameters, parseParameters, readClientForm } from '../http/parameters.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { FlowCall } from '../trail.ts'
import { pushedLifetime, requestUriOf } from './request-uri.ts'

export interface PushedRequestOptions {
  readonly issuer: string
  /** Runs every check of an authorization request. Throws `OAuthError`. */
  readonly check: (parameters: Parameters, client: Client) => void
  readonly authentication: ClientAuthentication
  /** Counts the documents that a caller makes this server fetch against the address of the caller. */
  readonly clients: Clients
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Answers `POST /oauth/par` (RFC 9126 §2): authenticates the client as the token endpoint does, runs the checks of an
 * authorization request, and seals the request into its request_uri. Stores nothing, except the id of a client assertion. Throws
 * `OAuthError` and `StoreUnavailable`.
 */
export async function pushAuthorizationRequest(
  request: Request,
  { issuer, check, authentication, clients, sealing, now }: PushedRequestOptions,
  call: FlowCall,
): Promise<Response> {
  call.trail.begin()
  call.trail.at('request')
  const form = await readClientForm(request)
  const authenticated = await authentication.authenticate(request, form, call)
  call.trail.learn({ clientHash: authenticated.hash })
  // RFC 9126 §2.1.
  if (form.all('request_uri').length > 0) throw new OAuthError('invalid_request', 'request_uri cannot be pushed')
  const client = knownClient(await clients.resolve(authenticated.id, call.signal, call.address))
  // The document of a client was not read to authenticate it (T-10).
  if (!client.authenticationMethods.includes(authenticated.method)) {
    throw new OAuthError('invalid_client', 'client authentication is required')
  }
  const parameters = withKeyOfProof(request, form, issuer, now())
  check(parameters, client)
  const uri = requestUriOf(client.id, parameters, sealing, now())
  if (uri === null) throw new OAuthError('invalid_request', 'the request is too large: use a shorter state')
  await authenticated.spend(call.signal)
  return json({ request_uri: uri, expires_in: pushedLifetime }, 201)
}

/** Binds the code to the key of a DPoP proof, as `dpop_jkt` does (RFC 9449 §10.1). Throws `OAuthError` if they differ. */
function withKeyOfProof(request: Request, form: Parameters, issuer: string, now: number): Parameters {
  if (!request.headers.has('dpop')) return form
  const { jkt } = bindingOf(request, issuer, now)
  const named = form.get('dpop_jkt') ?? jkt
  if (named !== jkt) throw new OAuthError('invalid_dpop_proof', 'the proof is of another key than dpop_jkt')
  const parameters = new URLSearchParams(form.encoded)
  parameters.set('dpop_jkt', jkt)
  return parseParameters(parameters)
}
