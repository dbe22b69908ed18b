import { createAttribution } from '../attribution/attribution.ts'
import { withDeadline } from '../deadline.ts'
import type { AddressRange } from '../limits/address.ts'
import { createLimiter } from '../limits/limiter.ts'
import { fetchUntrusted } from '../net/fetch-untrusted.ts'
import { type AuthorizationServer, createAuthorizationServer, type FlowOptions } from '../oauth/authorization-server.ts'
import { paths } from '../oauth/capabilities.ts'
import { createBlockedClients } from '../oauth/clients/blocked-clients.ts'
import { createLastGoodCopies } from '../oauth/clients/last-good-copies.ts'
import { createMetadataDocuments } from '../oauth/clients/metadata-documents.ts'
import { createRegistrations, sealedRegistrationSchema } from '../oauth/clients/registration.ts'
import { createClients } from '../oauth/clients/resolve.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import { createMockUpstream } from '../oauth/upstream/mock.ts'
import { createOpenIdProvider } from '../oauth/upstream/openid-provider.ts'
import { createBlobsStore } from '../store/blobs.ts'
import type { Store } from '../store/store.ts'
import type { Configuration, FlowSettings, WindowLimit } from './configuration.ts'
import { type Keys, keysOf } from './keys.ts'
import { log } from './log.ts'
import { serveWith } from './serve.ts'
import type { Site } from './site.ts'

/** Milliseconds for a whole request: clients give up after ten seconds (T-25). */
const deadline = 8000

/** Tokens for registration that one address may show, right or wrong, whether or not it is exempt from other limits (O-11). */
const guesses: WindowLimit = { limit: 20, windowSeconds: 3600 }

/** How we introduce ourselves to hosts of metadata documents. */
const userAgent = 'mcp-oauth-broker'

/** The `oauth` function. */
export const serveOAuth = serveWith(compose, (server, request, context) =>
  withDeadline(deadline, (signal) =>
    server.fetch(request, {
      signal,
      requestId: context.requestId,
      // The platform's own word: what a caller writes into a header decides nothing.
      address: context.ip,
      waitUntil: (work) => context.waitUntil(work.catch((error) => log('background_failed', { error: String(error) }))),
    }),
  ),
)

async function compose(configuration: Configuration, site: Site): Promise<AuthorizationServer> {
  const { issuer, resource, brand, documentationUrl, registrationOff, flow } = configuration
  const store = createBlobsStore({ name: site.storeName })
  const { publicKeys, signingKeys } = await keysOf(configuration, store)
  return createAuthorizationServer(
    { issuer, resource, brand, documentationUrl, registrationOff, publicKeys, log },
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
  const blocked = createBlockedClients(flow.blockedClients, log)
  const key = deriveKey(flow.secrets.current, issuer, 'limits').bytes
  const limiter = (name: string, window: WindowLimit, exempt: readonly AddressRange[]) =>
    createLimiter({ store, name, ...window, exempt, key, now, log })
  const { registration, metadataDocuments: documents, exempt } = flow.limits
  const registrations = createRegistrations({
    sealer: sealing.signed('client', sealedRegistrationSchema, { retired: true }),
    policy: redirectPolicy,
    blocked,
    now,
  })
  const metadataDocuments = createMetadataDocuments({
    fetch: (url, limits) => fetchUntrusted(url, { ...limits, userAgent, localOrigins: flow.cimdLocalOrigins }),
    policy: redirectPolicy,
    ownHost: new URL(issuer).host,
    ...(flow.cimdAllowedHosts && { allowedHosts: flow.cimdAllowedHosts }),
    ...(documents && { limit: limiter('client-documents', documents, exempt) }),
    blocked,
    copies: createLastGoodCopies({ store, now, log }),
    log,
    now,
  })
  const upstream =
    flow.upstream.kind === 'mock'
      ? createMockUpstream({ issuer, allowed: !production })
      : createOpenIdProvider({ ...flow.upstream, redirectUri: issuer + paths.callback, now })
  const attribution = createAttribution({
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
    registration: {
      ...(registration && { limit: limiter('registrations', registration, exempt) }),
      ...(flow.registrationToken !== undefined && {
        initialAccessToken: { value: flow.registrationToken, limit: limiter('registration-tokens', guesses, []) },
      }),
    },
    blocked,
    redirectPolicy,
    trustedHosts: flow.trustedHosts,
    interstitial: flow.interstitial,
    upstream,
    mock: flow.upstream.kind === 'mock',
    async recordSignIn(signIn, signal) {
      const recorded = attribution.recordSignIn(signIn, signal)
      const copied = metadataDocuments.keepCopy(signIn.client.hash, signal)
      for (const outcome of await Promise.allSettled([recorded, copied])) {
        if (outcome.status === 'rejected') throw outcome.reason
      }
    },
    lifetimes: flow.lifetimes,
    now,
  }
}
