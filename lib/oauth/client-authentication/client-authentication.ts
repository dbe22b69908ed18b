import type { GuessLimit, RateLimitVerdict } from '../../base/rate-limit.ts'
import { sha256 } from '../../base/sha256.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { ClientAuthenticationMethod } from '../clients/client.ts'
import type { Clients } from '../clients/resolve.ts'
import { LimitError, OAuthError } from '../errors.ts'
import { limitSubjectOf } from '../http/limit-subject.ts'
import type { Parameters } from '../http/parameters.ts'
import type { SpendAssertion } from './assertion-ids.ts'
import type { FindAssertionKeys, Presented } from './assertion-keys.ts'
import type { AuthenticatedClient, AuthenticationCall, ClientAuthentication } from './authenticated-client.ts'
import { type AssertionCredentials, readCredentials, type SecretCredentials } from './credentials.ts'
import { isDocumentUrl, knownClient } from './known-client.ts'

export interface ClientAuthenticationOptions {
  readonly issuer: string
  /** URLs of the endpoint itself. The `aud` of an assertion may be one of them instead of the issuer (T-09). */
  readonly endpoint: readonly string[]
  readonly clients: Clients
  readonly blocked: BlockedClients
  readonly findPresented: (form: Parameters, clientHash: string) => Presented | null
  readonly findAssertionKeys: FindAssertionKeys
  readonly spendAssertion: SpendAssertion
  /** Limits the wrong secrets that one address may send for one client. If absent, there is no limit. */
  readonly secretGuesses?: GuessLimit
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Makes client authentication (OAuth 2.1 §2.4; T-07 … T-10). A registered client must use the method that it registered. For a
 * client with a metadata document, the document is not fetched (M-13): the code or the refresh token names the methods and the
 * URL of the keys.
 */
export function createClientAuthentication(options: ClientAuthenticationOptions): ClientAuthentication {
  const { issuer, endpoint, clients, blocked, secretGuesses } = options

  async function byName(id: string, { signal }: AuthenticationCall): Promise<AuthenticatedClient> {
    if (isDocumentUrl(id)) return authenticated(id, 'none', undefined)
    const { authenticationMethods, grantTypes, hash } = knownClient(await clients.resolve(id, signal))
    if (authenticationMethods.includes('none')) return authenticated(id, 'none', grantTypes, hash)
    throw new OAuthError('invalid_client', 'client authentication is required')
  }

  async function bySecret(
    { id, method, secrets }: SecretCredentials,
    page: string | undefined,
    { signal, address }: AuthenticationCall,
  ): Promise<AuthenticatedClient> {
    const client = isDocumentUrl(id) ? undefined : knownClient(await clients.resolve(id, signal))
    if (!client?.hasSecret) throw new OAuthError('invalid_client', 'this client has no secret: do not send one')
    const counted = page === undefined ? client.hash : `${client.hash} ${page}`
    // Checked before the secret: after too many guesses, the answer must not reveal whether this one is right (O-11).
    if (address !== undefined) refuseLimited(secretGuesses?.known(address, counted))
    if (secrets.some(client.hasSecret)) return authenticated(id, method, client.grantTypes, client.hash)
    if (address !== undefined) refuseLimited(await secretGuesses?.hit(address, signal, counted))
    throw new OAuthError('invalid_client', 'the client secret is wrong')
  }

  async function byAssertion(
    credentials: AssertionCredentials,
    request: Request,
    form: Parameters,
    call: AuthenticationCall,
  ): Promise<AuthenticatedClient> {
    const { isSignedBy, readAssertion } = await import('./client-assertion.ts')
    const now = Math.floor(options.now() / 1000)
    const { pathname } = new URL(request.url)
    const assertion = readAssertion(credentials.assertion, [issuer, ...endpoint], now)
    const { clientId: id, jti, endsAt } = assertion
    if (credentials.id !== undefined && credentials.id !== id) {
      throw new OAuthError('invalid_client', 'client_assertion is about another client than client_id')
    }
    // The client_id parameter is optional. The assertion names the client.
    refuseBlockedDocument(id)
    const clientHash = sha256(id)
    const presented = options.findPresented(form, clientHash)
    const { keys, grantTypes } = await options.findAssertionKeys(id, assertion, presented, call)
    if (!(await isSignedBy(keys, assertion, now))) {
      throw new OAuthError('invalid_client', 'client_assertion is not signed by a key of this client')
    }
    const spent = { clientHash, jti, endsAt, request: sha256(`${pathname}\n${form.encoded}`) }
    return {
      ...authenticated(id, 'private_key_jwt', grantTypes),
      spend: (signal) => options.spendAssertion(spent, signal),
    }
  }

  function authenticated(
    id: string,
    method: ClientAuthenticationMethod,
    grantTypes: readonly string[] | undefined,
    hash = sha256(id),
  ): AuthenticatedClient {
    const isBlockedAt = (host: string) => blocked.blocks({ hash, hosts: [host] })
    return { id, hash, method, grantTypes, isBlockedAt, spend: async () => undefined }
  }

  /** Throws for a blocked metadata document, by its URL. Blocked registrations do not resolve in the first place. */
  function refuseBlockedDocument(id: string): void {
    if (isDocumentUrl(id) && blocked.blocks({ hash: sha256(id), urls: [id] })) {
      throw new OAuthError('invalid_client', 'this client has been blocked')
    }
  }

  return {
    async authenticate(request, form, call) {
      const credentials = readCredentials(request, form)
      if (credentials.id !== undefined) refuseBlockedDocument(credentials.id)
      switch (credentials.method) {
        case 'none':
          return byName(credentials.id, call)
        case 'private_key_jwt':
          return byAssertion(credentials, request, form, call)
        case 'client_secret_post':
        case 'client_secret_basic':
          return bySecret(credentials, limitSubjectOf(request), call)
      }
    },
  }
}

/** Throws a 429 (RFC 6585 §4). After an `invalid_client`, a client would discard a registration that is still good (T-06). */
function refuseLimited(verdict: RateLimitVerdict | undefined): void {
  if (verdict?.limited) throw new LimitError(verdict.retryAfter, 'too many wrong client secrets')
}

/** Throws `OAuthError` if the operator blocks the host of the redirect URI. The redirect URIs of apps may have no host. */
export function requireUnblockedHost(redirectHost: string | undefined, client: AuthenticatedClient): void {
  if (redirectHost !== undefined && client.isBlockedAt(redirectHost)) {
    throw new OAuthError('invalid_client', 'this client has been blocked')
  }
}
