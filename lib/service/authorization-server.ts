import { defined } from '../base/defined.ts'
import type { Limit } from '../base/rate-limit.ts'
import type { AddressRange } from '../limits/address.ts'
import { createLimiter } from '../limits/limiter.ts'
import { createOverallLimit } from '../limits/overall.ts'
import { type AuthorizationServer, createAuthorizationServer } from '../oauth/authorization-server.ts'
import { paths } from '../oauth/capabilities.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import type { FlowOptions } from '../oauth/options.ts'
import { createSignInRecorder } from '../people/sign-ins.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { FlowSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { composeClients } from './clients.ts'
import { type Keys, keysOf } from './keys.ts'
import { log } from './log.ts'
import { openIdProvider } from './openid-provider.ts'
import { storeOf } from './store.ts'

/**
 * Guesses of one address, whether or not it is exempt from other limits (O-11): tokens of the operator, for registration
 * right or wrong, for introspection wrong ones; and wrong secrets for one client.
 */
const guesses: Limit = { limit: 20, windowSeconds: 3600 }

/** Composes the authorization server of a site from its settings. Without sound settings of the flow, only discovery answers. */
export async function composeAuthorizationServer(
  configuration: Configuration,
  site: Site,
): Promise<AuthorizationServer> {
  const { issuer, resource, brand, documentationUrl, registrationOff, issNotAdvertised, flow } = configuration
  const { introspectionTokens } = configuration
  const store = storeOf(site)
  const { publicKeys, signingKeys } = keysOf(configuration, store)
  return createAuthorizationServer(
    {
      issuer,
      resource,
      brand,
      documentationUrl,
      scopesOffered: configuration.scopesOffered,
      registrationOff,
      introspectionOn: introspectionTokens.length > 0,
      issNotAdvertised,
      publicKeys,
      log,
    },
    flow && (await flowOptions(configuration, flow, store, signingKeys, site.production)),
  )
}

async function flowOptions(
  { issuer, introspectionTokens, telling }: Configuration,
  flow: FlowSettings,
  store: Store,
  signingKeys: Keys['signingKeys'],
  production: boolean,
): Promise<FlowOptions> {
  const now = Date.now
  const sealing = createSealing(issuer, flow.secrets)
  const key = deriveKey(flow.secrets.current, issuer, 'limits').bytes
  const limiter = (name: string, window: Limit, exempt: readonly AddressRange[]) =>
    createLimiter({ store, name, ...window, exempt, key, now, log })
  const { registration, allRegistrations, metadataDocuments: documents, exempt } = flow.limits
  const { metadataDocuments, ...clients } = composeClients({
    issuer,
    settings: flow,
    sealing,
    store,
    fetchLimit: documents && limiter('client-documents', documents, exempt),
    now,
  })
  const provider =
    flow.provider.kind === 'mock'
      ? (await import('../oauth/providers/mock.ts')).createMockProvider({ issuer, allowed: !production })
      : openIdProvider({ ...flow.provider, redirectUri: issuer + paths.callback, now })
  const signIns = createSignInRecorder(
    defined({
      store,
      log,
      crmWebhookUrl: telling === 'nobody' ? undefined : flow.crmWebhookUrl,
      preview: telling === 'as a preview' ? issuer : undefined,
    }),
  )
  const { registrationToken } = flow
  return {
    store,
    sealing,
    signingKeys: signingKeys(sealing),
    ...clients,
    secretGuesses: limiter('client-secrets', guesses, []),
    registration: defined({
      limit: registration && limiter('registrations', registration, exempt),
      overallLimit:
        allRegistrations &&
        createOverallLimit({ store, name: 'all-registrations', ...allRegistrations, exempt, key, now, log }),
      initialAccessToken:
        registrationToken === undefined
          ? undefined
          : { value: registrationToken, limit: limiter('registration-tokens', guesses, []) },
    }),
    introspection: { tokens: introspectionTokens, limit: limiter('introspection-tokens', guesses, []) },
    trustedHosts: flow.trustedHosts,
    interstitial: flow.interstitial,
    provider,
    mock: flow.provider.kind === 'mock',
    async recordSignIn(signIn, signal) {
      const recorded = signIns.recordSignIn(signIn, signal)
      const copied = metadataDocuments.keepCopy(signIn.client.hash, signal)
      for (const outcome of await Promise.allSettled([recorded, copied])) {
        if (outcome.status === 'rejected') throw outcome.reason
      }
    },
    lifetimes: flow.lifetimes,
    signInLifetime: flow.signInLifetime,
    now,
  }
}
