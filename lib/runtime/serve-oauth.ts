import { createAttribution } from '../attribution/attribution.ts'
import { withDeadline } from '../deadline.ts'
import { fetchUntrusted } from '../net/fetch-untrusted.ts'
import { type AuthorizationServer, createAuthorizationServer, type FlowOptions } from '../oauth/authorization-server.ts'
import { paths } from '../oauth/capabilities.ts'
import { createMetadataDocuments } from '../oauth/clients/metadata-documents.ts'
import { createRegistrations, sealedRegistrationSchema } from '../oauth/clients/registration.ts'
import { createClients } from '../oauth/clients/resolve.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { createMockUpstream } from '../oauth/upstream/mock.ts'
import { createOpenIdProvider } from '../oauth/upstream/openid-provider.ts'
import { createBlobsStore } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import type { Configuration, FlowSettings } from './configuration.ts'
import { type Keys, keysOf } from './keys.ts'
import { log } from './log.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'

/** Milliseconds for a whole request: clients give up after ten seconds (T-25). */
const deadline = 8000

/** How we introduce ourselves to hosts of metadata documents. */
const userAgent = 'mcp-oauth-broker'

/** The `oauth` function. */
export const serveOAuth = serveWith(compose, (server, request, context) =>
  withDeadline(deadline, (signal) =>
    server.fetch(request, {
      signal,
      requestId: context.requestId,
      waitUntil: (work) => context.waitUntil(work.catch((error) => log('background_failed', { error: String(error) }))),
    }),
  ),
)

async function compose(configuration: Configuration, site: Site): Promise<AuthorizationServer> {
  const { issuer, resource, brand, documentationUrl, flow } = configuration
  const store = createBlobsStore({ name: site.storeName })
  const { publicKeys, signingKeys } = await keysOf(configuration, store)
  return createAuthorizationServer(
    { issuer, resource, brand, documentationUrl, publicKeys, log },
    flow && flowOptions(issuer, flow, store, signingKeys, site.production),
  )
}

function flowOptions(
  issuer: string,
  flow: FlowSettings,
  store: Store,
  signingKeys: Keys['signingKeys'],
  production: boolean,
): FlowOptions {
  const now = Date.now
  const sealing = createSealing(issuer, flow.secrets)
  const redirectPolicy = { privateUseUris: flow.privateUseUris }
  const registrations = createRegistrations({
    sealer: sealing.signed('client', sealedRegistrationSchema, { retired: true }),
    policy: redirectPolicy,
    now,
  })
  const metadataDocuments = createMetadataDocuments({
    fetch: (url, limits) => fetchUntrusted(url, { ...limits, userAgent, localOrigins: flow.cimdLocalOrigins }),
    policy: redirectPolicy,
    now,
  })
  const upstream =
    flow.upstream.kind === 'mock'
      ? createMockUpstream({ issuer, allowed: !production })
      : createOpenIdProvider({ ...flow.upstream, redirectUri: issuer + paths.callback, now })
  const { recordSignIn } = createAttribution({
    store,
    log,
    ...(flow.crmWebhookUrl === undefined ? {} : { crmWebhookUrl: flow.crmWebhookUrl }),
  })
  return {
    store,
    sealing,
    signingKeys: signingKeys(sealing),
    clients: createClients({ registrations, metadataDocuments }),
    registrations,
    redirectPolicy,
    trustedHosts: flow.trustedHosts,
    interstitial: flow.interstitial,
    upstream,
    mock: flow.upstream.kind === 'mock',
    recordSignIn,
    lifetimes: flow.lifetimes,
    now,
  }
}
