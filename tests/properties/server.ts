import { Buffer } from 'node:buffer'
import { type Harness, reader } from '../../dev/worlds/authorization-server.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { withDeadline } from '../../lib/base/deadline.ts'
import { defined } from '../../lib/base/defined.ts'
import { createLimiter } from '../../lib/limits/limiter.ts'
import { createAuthorizationServer } from '../../lib/oauth/authorization-server.ts'
import { createMetadataDocuments, type MetadataDocumentsOptions } from '../../lib/oauth/clients/published/documents.ts'
import { createKeySets } from '../../lib/oauth/clients/published/key-sets.ts'
import { createLastGoodCopies } from '../../lib/oauth/clients/published/last-good-copies.ts'
import { defaultPrivateUseUris } from '../../lib/oauth/clients/redirect-uri.ts'
import { createRegistrations } from '../../lib/oauth/clients/registration.ts'
import { createClients } from '../../lib/oauth/clients/resolve.ts'
import { createRegistrationSealer } from '../../lib/oauth/clients/sealed-registration.ts'
import { createSealing } from '../../lib/oauth/keys/sealing.ts'
import type { Secrets } from '../../lib/oauth/keys/secrets.ts'
import { createPublicKeys, createSigningKeys, createStoredKeysReader } from '../../lib/oauth/keys/signing-keys.ts'
import { type Provider, ProviderError } from '../../lib/oauth/providers/provider.ts'
import { defaultBrand } from '../../lib/pages/brand.ts'
import { docsScopes } from '../../lib/settings/docs-resource.ts'
import { type Store, StoreUnavailable } from '../../lib/store/store.ts'

/** The harness of the other tests, plus metadata documents that are fetched and copied, and limits. */
export interface Server extends Harness {
  /**
   * @param address the caller's IP address, which the limits count
   * @returns the answer, after all background work of the request has ended
   */
  fetchFrom(address: string | undefined, path: string, init?: RequestInit): Promise<Response>
}

export interface ServerOptions {
  readonly issuer: string
  readonly store: Store
  readonly secrets: Secrets
  readonly trustedRedirects: readonly string[]
  readonly interstitial?: boolean
  /** Absent: a provider that signs every user in, as in the harness. */
  readonly provider?: Provider
  readonly fetchDocument: MetadataDocumentsOptions['fetch']
  /** Registrations that each address may make in an hour. */
  readonly registrations: number
}

export function createServer(options: ServerOptions): Server {
  const { issuer, store, secrets } = options
  const server: Server = {
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
    fetch: (path, init) => server.fetchFrom(undefined, path, init),
    async fetchFrom(address, path, init) {
      const background: Promise<unknown>[] = []
      const response = await withDeadline(8_000, (signal) =>
        authorizationServer.fetch(new Request(issuer + path, init), {
          signal,
          requestId: 'request-1',
          ...defined({ address }),
          waitUntil: (work) => background.push(work),
        }),
      )
      for (const outcome of await Promise.allSettled(background)) {
        if (outcome.status === 'rejected' && !(outcome.reason instanceof StoreUnavailable)) throw outcome.reason
      }
      await keepSecretsOf(response)
      return response
    },
  }
  const now = () => server.clock
  const log = recorded((event, fields = {}) => server.log.push({ event, fields }))
  const stored = createStoredKeysReader({ issuer, store, now })
  const sealing = createSealing(issuer, secrets)
  const redirectPolicy = { scopes: docsScopes.all, privateUseUris: defaultPrivateUseUris }
  const registrations = createRegistrations({
    sealer: createRegistrationSealer(sealing),
    policy: redirectPolicy,
    now,
  })
  const copies = createLastGoodCopies({ store, sealing, now, log })
  const metadataDocuments = createMetadataDocuments({
    fetch: options.fetchDocument,
    policy: redirectPolicy,
    copies,
    log,
    now,
  })
  const limit = createLimiter({
    store,
    name: 'registrations',
    limit: options.registrations,
    windowSeconds: 3_600,
    exempt: [],
    key: Buffer.alloc(32),
    now,
    log,
  })
  const authorizationServer = createAuthorizationServer(
    {
      issuer,
      resource: `${issuer}/mcp`,
      scopes: docsScopes,
      brand: defaultBrand,
      documentationUrl: issuer,
      publicKeys: createPublicKeys(stored),
      log,
    },
    {
      store,
      sealing,
      signingKeys: createSigningKeys({ issuer, store, stored, sealing, now, log }),
      registrations,
      registration: { limit },
      clients: createClients({ registrations, metadataDocuments }),
      keySets: createKeySets({ fetch: options.fetchDocument, ownHost: new URL(issuer).host, log, now }),
      redirectPolicy,
      trustedRedirects: new Set(options.trustedRedirects),
      interstitial: options.interstitial ?? true,
      provider: options.provider ?? providerOf(server),
      mock: false,
      recordSignIn: (signIn, signal) => {
        server.signIns.push(signIn)
        return metadataDocuments.keepCopy(signIn.client.hash, signal)
      },
      lifetimes: { accessToken: 3_600, refreshToken: 30 * 86_400, grant: 180 * 86_400, grace: 60 },
      now,
    },
  )
  return server
}

function providerOf(server: Harness): Provider {
  return {
    id: 'server',
    authorizationUrl: async ({ state, nonce }) =>
      new URL(`https://login.example/authorize?${new URLSearchParams({ state, nonce })}`),
    identify: async () => {
      if (server.identity instanceof ProviderError) throw server.identity
      return server.identity
    },
  }
}
