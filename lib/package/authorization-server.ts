import { randomUUID } from 'node:crypto'
import { withDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import type { Limit } from '../base/rate-limit.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { createLimiter } from '../limits/limiter.ts'
import { createOverallLimit } from '../limits/overall.ts'
import { createAuthorizationServer as createServer } from '../oauth/authorization-server.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { createPublicKeys, createSigningKeys, createStoredKeysReader } from '../oauth/keys/signing-keys.ts'
import { createOpenIdProvider } from '../oauth/providers/openid-provider.ts'
import type { Caller } from './caller.ts'
import { checkOptions } from './checked-options.ts'
import { composeClients } from './clients.ts'
import { type Maintained, maintain, personEnd } from './maintenance.ts'
import type { AuthorizationServerOptions } from './options.ts'

/** An OAuth 2.1 authorization server for one MCP server. */
export interface AuthorizationServer {
  /** The issuer, as in its metadata and its tokens. */
  readonly issuer: string
  /** The URL to register at the OpenID Provider as the redirect URI. */
  readonly callbackUrl: string
  /**
   * Answers a request to a path of this server. Resolves to `undefined` for every other path, so that the host can answer it. Never
   * rejects: a failure is logged and answered with an error.
   */
  handle(request: Request, caller?: Caller): Promise<Response | undefined>
  /**
   * Removes what has expired, and rotates the signing keys when they are due. Call it once an hour, on one instance or on several. It
   * stops after 20 seconds, and the next call continues. Throws `StoreUnavailable`.
   */
  maintain(): Promise<Maintained>
  /**
   * Ends everything that a person has allowed: no refresh token works any more, and no open sign-in becomes a grant. Access tokens
   * work until they expire, except at resource servers that introspect. Throws `StoreUnavailable`.
   *
   * @param sub the `sub` of the person's tokens
   * @returns how many grants have ended
   */
  endPerson(sub: string): Promise<number>
  /** Resolves once the work after all answers so far is done. Call it before the process ends. */
  settled(): Promise<void>
}

/** Milliseconds for a whole request. Clients give up after ten seconds. */
const requestTime = 8000

/** How often one address may present a secret that it could be guessing. */
const guesses: Limit = { limit: 20, windowSeconds: 3600 }

/** Makes an authorization server. Opens no connection. Throws `InvalidOptions` with everything that is wrong with the options. */
export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const checked = checkOptions(options)
  const { issuer, secrets, limits, lifetimes, registrationToken } = checked
  const { store, onSignIn, mayHave, log = () => {}, now = Date.now } = options
  const sealing = createSealing(issuer, secrets)
  const stored = createStoredKeysReader({ issuer, store, now })
  const key = deriveKey(secrets.current, issuer, 'limits').bytes
  const limiter = (name: string, window: Limit, exempt = checked.exempt) =>
    createLimiter({ store, name, ...window, exempt, key, now, log })
  const { metadataDocuments, ...clients } = composeClients(checked, {
    store,
    sealing,
    fetchLimit: limits.clientDocuments === false ? undefined : limiter('client-documents', limits.clientDocuments),
    now,
    log,
  })
  const callbackUrl = issuer + checked.callbackPath
  const provider =
    'identify' in options.provider
      ? options.provider
      : createOpenIdProvider({ ...options.provider, redirectUri: callbackUrl, now })
  const registrationOff = options.clients?.registration === false
  const work = new Set<Promise<unknown>>()

  const server = createServer(
    {
      issuer,
      resource: options.resource.url,
      scopes: checked.scopes,
      brand: checked.brand,
      documentationUrl: options.resource.documentationUrl,
      callbackPath: checked.callbackPath,
      registrationOff,
      introspectionOn: checked.introspectionTokens.length > 0,
      publicKeys: createPublicKeys(stored, { sealing, log }),
      log,
    },
    {
      store,
      sealing,
      signingKeys: createSigningKeys({ issuer, store, stored, sealing, now, log }),
      ...clients,
      secretGuesses: limiter('client-secrets', guesses, []),
      registration: defined({
        limit: limits.registrations === false ? undefined : limiter('registrations', limits.registrations),
        overallLimit:
          limits.allRegistrations === false
            ? undefined
            : createOverallLimit({
                ...{ store, name: 'all-registrations', ...limits.allRegistrations },
                ...{ exempt: checked.exempt, key, now, log },
              }),
        initialAccessToken:
          registrationToken === undefined
            ? undefined
            : { value: registrationToken, limit: limiter('registration-tokens', guesses, []) },
      }),
      introspection: { tokens: checked.introspectionTokens, limit: limiter('introspection-tokens', guesses, []) },
      trustedRedirects: checked.trustedRedirects,
      interstitial: true,
      provider,
      mock: false,
      async recordSignIn(signIn, signal) {
        const done = [onSignIn?.(signIn, signal), metadataDocuments.keepCopy(signIn.client.hash, signal)]
        for (const outcome of await Promise.allSettled(done)) if (outcome.status === 'rejected') throw outcome.reason
      },
      ...(mayHave && {
        scopeRules: { mayHave: (scope, person) => mayHave(scope, person), isOffered: () => true },
      }),
      lifetimes,
      signInLifetime: lifetimes.signIn,
      now,
    },
  )

  function inBackground(promise: Promise<unknown>, caller: Caller): void {
    const logged = promise.catch((error) => log('background_failed', { error: String(error) }))
    work.add(logged)
    void logged.finally(() => work.delete(logged))
    caller.waitUntil?.(logged)
  }

  async function answer(request: Request, caller: Caller): Promise<Response> {
    const { requestId = randomUUID(), address } = caller
    try {
      const response = await withDeadline(requestTime, (signal) =>
        server.fetch(request, {
          ...{ signal, requestId, waitUntil: (promise) => inBackground(promise, caller) },
          ...defined({ address }),
        }),
      )
      return secured(response, issuer)
    } catch (error) {
      log('failed', { requestId, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      return secured(jsonResponse({ error: 'server_error' }, { status: 500 }), issuer)
    }
  }

  const surroundings = { issuer, store, sealing, lifetimes, log, now }
  return {
    issuer,
    callbackUrl,
    handle: async (request, caller = {}) => (server.serves(new URL(request.url)) ? answer(request, caller) : undefined),
    maintain: () => maintain(surroundings),
    endPerson: (sub) => personEnd(surroundings, sub),
    async settled() {
      while (work.size > 0) await Promise.all(work)
    },
  }
}

/** Sets the headers of every answer. */
function secured(response: Response, issuer: string): Response {
  const { headers } = response
  if (issuer.startsWith('https:')) headers.set('strict-transport-security', 'max-age=31536000')
  headers.set('x-content-type-options', 'nosniff')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  return response
}
