import { createHash, randomBytes } from 'node:crypto'
import { defined } from '../../lib/base/defined.ts'
import { createInstanceLimit } from '../../lib/limits/instance-limit.ts'
import { createMoreGrants, grantMetadata } from '../../lib/oauth/assertions/more-grants.ts'
import { createStorelessGrants } from '../../lib/oauth/assertions/storeless-grant.ts'
import { createAuthorizationServer } from '../../lib/oauth/authorization-server.ts'
import { capabilities } from '../../lib/oauth/capabilities.ts'
import { createBlockedClients, noneBlocked, parseBlockList } from '../../lib/oauth/clients/blocked-clients.ts'
import type { Client } from '../../lib/oauth/clients/client.ts'
import { type ClientKey, fittingKeys } from '../../lib/oauth/clients/client-keys.ts'
import { createConfiguredClients } from '../../lib/oauth/clients/configured-clients.ts'
import { parseConfiguredClients } from '../../lib/oauth/clients/parse-configured-clients.ts'
import { defaultPrivateUseUris } from '../../lib/oauth/clients/redirect-uri.ts'
import { createRegistrations } from '../../lib/oauth/clients/registration.ts'
import { createClients } from '../../lib/oauth/clients/resolve.ts'
import { createRegistrationSealer } from '../../lib/oauth/clients/sealed-registration.ts'
import type { Unresolved } from '../../lib/oauth/clients/unresolved.ts'
import type { ChooseSigning } from '../../lib/oauth/keys/compact.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import type { Secrets } from '../../lib/oauth/keys/secrets.ts'
import { createPublicKeys, createSigningKeys, createStoredKeysReader } from '../../lib/oauth/keys/signing-keys.ts'
import type { VaultFlow } from '../../lib/oauth/options.ts'
import {
  type Identity,
  type OfferedProvider,
  type Provider,
  ProviderError,
} from '../../lib/oauth/providers/provider.ts'
import type { ScopeRules } from '../../lib/oauth/scope-rules.ts'
import type { SignIn } from '../../lib/oauth/token/sign-in.ts'
import { defaultBrand } from '../../lib/pages/brand.ts'
import { readAssertions } from '../../lib/settings/companies-and-machines.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { createMemoryStore } from '../../lib/store/memory.ts'
import type { Store } from '../../lib/store/store.ts'
import { recorded } from './recording.ts'
import { keepSecret, keepSecretsOf } from './secrets.ts'

/** An authorization server in this process, with a store in memory and a provider that the test controls. */
export interface Harness {
  readonly issuer: string
  readonly store: Store
  readonly log: { readonly event: string; readonly fields: object }[]
  readonly signIns: SignIn[]
  /** Milliseconds since the epoch. Tests move it. */
  clock: number
  identity: Identity | ProviderError
  /** `Provider.id`, and how often the provider was asked who signed in. */
  provider: string
  identified: number
  /** The documents of trusted issuers that were read. */
  readonly issuerReads: string[]
  /** The IP address of the next requests, as the platform would report it. */
  address: string | undefined
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export const reader: Identity = {
  issuer: 'https://login.example/',
  sub: 'reader-1',
  email: 'reader@example.com',
  emailVerified: true,
  organization: { id: 'org_1', name: 'Example Organization' },
}

export const newSecrets = (): Secrets => ({ current: new Uint8Array(randomBytes(32)), previous: [], retired: [] })

export function createHarness(
  options: {
    issuer?: string
    store?: Store
    secrets?: Secrets
    /** The clients in the operator's configuration, as JSON. */
    configured?: readonly object[]
    documents?: Record<string, Client | Unresolved>
    /** The key sets that clients publish, by URL. */
    keySets?: Record<string, readonly ClientKey[] | Unresolved>
    trustedRedirects?: readonly string[]
    interstitial?: boolean
    /** The tokens of resource servers that may call the introspection endpoint. */
    introspectionTokens?: readonly string[]
    /** Turns registration off, or requires this token for it. */
    registrationOff?: boolean
    registrationToken?: string
    /** Entries of `MCP_OAUTH_BLOCKED_CLIENTS`. */
    blockedClients?: readonly string[]
    /** Seconds that the user has for the sign-in after approval. */
    signInLifetime?: number
    chooseSigning?: ChooseSigning
    scopeRules?: ScopeRules
    vault?: VaultFlow
    /** The providers of the list, in the place of the one that the test controls. */
    providers?: readonly OfferedProvider[]
    /** The companies and machines, as the settings hold them, and what their issuers publish, by URL. */
    assertions?: Partial<Record<'tenants' | 'machines', readonly object[]>>
    issuerDocuments?: (url: string) => object | undefined
    /** Refused assertions that one address may send. */
    refusals?: number
  } = {},
): Harness {
  const issuer = options.issuer ?? 'https://docs.example'
  const store = options.store ?? createMemoryStore()
  const harness: Harness = {
    issuer,
    store,
    log: [],
    signIns: [],
    clock: Date.UTC(2026, 10, 21),
    identity: reader,
    provider: 'harness',
    identified: 0,
    issuerReads: [],
    address: undefined,
    async fetch(path, init) {
      const response = await server.fetch(new Request(issuer + path, init), {
        signal: AbortSignal.timeout(8000),
        requestId: 'request-1',
        ...defined({ address: harness.address }),
        waitUntil: (work) => void work.catch(() => undefined),
      })
      await keepSecretsOf(response)
      return response
    },
  }
  const now = () => harness.clock
  const log = recorded((event, fields = {}) => harness.log.push({ event, fields }))
  const stored = createStoredKeysReader({ issuer, store, now })
  const sealing = createSealing(issuer, options.secrets ?? newSecrets())
  const blockList = parseBlockList(options.blockedClients ?? [])
  const blocked = blockList ? createBlockedClients(blockList, log) : noneBlocked
  const redirectPolicy = { privateUseUris: defaultPrivateUseUris, scopes: docsScopes.all, adminScope: docsScopes.admin }
  const registrations = createRegistrations({
    sealer: createRegistrationSealer(sealing),
    policy: redirectPolicy,
    blocked,
    now,
  })
  const configured = parseConfiguredClients(options.configured ?? [], redirectPolicy)
  const provider: Provider = {
    get id() {
      return harness.provider
    },
    authorizationUrl: async ({ state, nonce }) =>
      new URL(`https://login.example/authorize?state=${state}&nonce=${nonce}`),
    identify: async () => {
      harness.identified += 1
      if (harness.identity instanceof ProviderError) throw harness.identity
      return harness.identity
    },
  }
  const clients = createClients({
    registrations,
    configured: createConfiguredClients(configured.clients, blocked),
    metadataDocuments: {
      resolve: async (id) => options.documents?.[id] ?? { kind: 'invalid', detail: 'no such document' },
    },
  })
  const { complaints, ...trusted } = readAssertions(
    {
      tenants: options.assertions?.tenants && { json: options.assertions.tenants },
      machines: options.assertions?.machines && { json: options.assertions.machines },
    },
    [reader.issuer],
  )
  if (complaints.length + configured.complaints.length > 0) {
    throw new Error(`the settings are wrong: ${JSON.stringify([complaints, configured.complaints])}`)
  }
  const server = createAuthorizationServer(
    {
      issuer,
      resource: `${issuer}/mcp`,
      scopes: docsScopes,
      brand: defaultBrand,
      documentationUrl: issuer,
      publicKeys: createPublicKeys(stored),
      metadata: options.assertions && grantMetadata(trusted, capabilities.grantTypes),
      introspectionOn: options.introspectionTokens !== undefined,
      registrationOff: options.registrationOff ?? false,
      log,
    },
    {
      store,
      sealing,
      chooseSigning: options.chooseSigning,
      signingKeys: createSigningKeys({ issuer, store, stored, sealing, now, log }),
      registrations,
      ...(options.registrationToken !== undefined && {
        registration: {
          initialAccessToken: { value: options.registrationToken, limit: { hit: async () => ({ limited: false }) } },
        },
      }),
      blocked,
      clients,
      ...(options.assertions && {
        further: createMoreGrants({
          issuer,
          resource: `${issuer}/mcp`,
          assertions: trusted,
          store,
          clients,
          readBlocked: async () => blocked,
          async readIssuerDocument(what, url) {
            harness.issuerReads.push(url)
            const document = options.issuerDocuments?.(url)
            if (document === undefined) throw new ProviderError('passing', `the provider's ${what}: no answer`)
            return { ...document }
          },
          refusals: createInstanceLimit({ limit: options.refusals ?? 10_000, windowSeconds: 3600, exempt: [], now }),
          log,
          now,
        }),
        storeless: createStorelessGrants({ store, assertions: trusted, readBlocked: async () => blocked }),
      }),
      keySets: {
        find: async (uri, wanted) => {
          const keys = options.keySets?.[uri] ?? { kind: 'unavailable', detail: 'no such keys' }
          return 'kind' in keys ? keys : fittingKeys(keys, wanted)
        },
      },
      introspection: { tokens: options.introspectionTokens ?? [] },
      redirectPolicy,
      trustedRedirects: new Set(options.trustedRedirects ?? []),
      interstitial: options.interstitial ?? true,
      provider: options.providers?.[0] ?? provider,
      providers: options.providers,
      mock: false,
      recordSignIn: async (signIn) => {
        harness.signIns.push(signIn)
      },
      ...(options.signInLifetime !== undefined && { signInLifetime: options.signInLifetime }),
      ...defined({ scopeRules: options.scopeRules, vault: options.vault }),
      lifetimes: { accessToken: 3600, refreshToken: 30 * 86_400, grant: 180 * 86_400, grace: 60 },
      now,
    },
  )
  return harness
}

export interface Pkce {
  readonly verifier: string
  readonly challenge: string
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  keepSecret(verifier)
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** Does what a user's browser does: keeps cookies and posts the form of a page. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()
  readonly server: Harness

  constructor(server: Harness) {
    this.server = server
  }

  async open(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (this.cookies.size > 0) headers.set('cookie', [...this.cookies].map(([n, v]) => `${n}=${v}`).join('; '))
    const response = await this.server.fetch(path, { ...init, headers })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (/max-age=0/i.test(cookie)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return response
  }

  /** Presses a button on the consent page `page`. */
  press(
    page: string,
    action: 'approve' | 'cancel' | `approve:${string}`,
    headers: HeadersInit = {},
    more: Record<string, string> = {},
  ): Promise<Response> {
    return this.open('/oauth/approve', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: this.server.issuer,
        'sec-fetch-site': 'same-origin',
        ...Object.fromEntries(new Headers(headers)),
      },
      body: new URLSearchParams({ request: sealedRequest(page), action, ...more }),
    })
  }
}

export function sealedRequest(page: string): string {
  const [, sealed = ''] = /name="request" value="([^"]+)"/.exec(page) ?? []
  keepSecret(sealed)
  return sealed
}

export const redirectUri = 'http://127.0.0.1:7777/callback'

export async function register(server: Harness, metadata: object = {}): Promise<string> {
  const response = await server.fetch('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Test client', redirect_uris: [redirectUri], ...metadata }),
  })
  const { client_id } = await response.json()
  return client_id
}

export function authorizePath(clientId: string, pkce: Pkce, more: Record<string, string> = {}): string {
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    state: 'client state',
    ...more,
  }
  return `/oauth/authorize?${new URLSearchParams(parameters)}`
}

/** Goes through the pages and returns the client's redirect URI with the answer. */
export async function signIn(
  browser: TestBrowser,
  clientId: string,
  pkce: Pkce,
  more: Record<string, string> = {},
): Promise<URL> {
  const page = await (await browser.open(authorizePath(clientId, pkce, more))).text()
  const toUpstream = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  const state = toUpstream.searchParams.get('state') ?? ''
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
  return new URL(back.headers.get('location') ?? '')
}

export async function token(
  server: Harness,
  form: Record<string, string>,
): Promise<{ status: number; body: TokenBody }> {
  const response = await server.fetch('/oauth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  })
  return { status: response.status, body: await response.json() }
}

export interface TokenBody {
  readonly access_token?: string
  readonly refresh_token?: string
  readonly scope?: string
  readonly expires_in?: number
  readonly error?: string
}
