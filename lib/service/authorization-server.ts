import { type AdminEntry, mayUseAdminTools } from '../account/admins.ts'
import { defined } from '../base/defined.ts'
import type { Limit, RateLimit } from '../base/rate-limit.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { AddressRange } from '../limits/address.ts'
import { createLimiter } from '../limits/limiter.ts'
import { createOverallLimit } from '../limits/overall.ts'
import { type AuthorizationServer, createAuthorizationServer } from '../oauth/authorization-server.ts'
import { paths } from '../oauth/capabilities.ts'
import type { BlockedClients } from '../oauth/clients/blocked-clients.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { deriveKey } from '../oauth/keys/secrets.ts'
import type { FlowOptions, SessionFlow } from '../oauth/options.ts'
import type { Provider } from '../oauth/providers/provider.ts'
import type { ScopeRules } from '../oauth/scope-rules.ts'
import { adminScope, docsScopes } from '../settings/docs-resource.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import type { composeAssertions } from './assertions.ts'
import { composeClients } from './clients.ts'
import { type Keys, keysOf } from './keys.ts'
import { log, noteAttempt } from './log.ts'
import { openIdProvider } from './openid-provider.ts'
import type { ComposedProviders } from './providers.ts'
import { afterAnswer, recordAfterAnswer } from './record-steps.ts'
import type { SignInExtras } from './sign-in-extras.ts'
import { storeOf } from './store.ts'
import { createStoredBlockGuard } from './stored-blocks.ts'

/**
 * How often one address may present a secret that it could be guessing (O-11). The limit also holds for addresses that are
 * exempt from other limits. Each of these counts apart: every registration token, right or wrong; wrong introspection tokens;
 * and wrong secrets for one client.
 */
const guesses: Limit = { limit: 20, windowSeconds: 3600 }

/** Composes the authorization server of a site from its settings. While sign-in is out of service, only discovery answers. */
export async function composeAuthorizationServer(
  configuration: SignInConfiguration,
  site: Site,
): Promise<Pick<AuthorizationServer, 'fetch'>> {
  const { issuer, resource, brand, documentationUrl, registrationOff, issNotAdvertised, signIn } = configuration
  const { introspectionTokens } = configuration
  const store = storeOf(site)
  const list =
    configuration.listed && (await import('./providers.ts')).composeProviders(configuration, configuration.listed)
  const { admins } = list ?? configuration
  const { env } = process
  const extras =
    env.MCP_ROLES || env.MCP_VAULT_KEYS
      ? (await import('./sign-in-extras.ts')).composeExtras(env, { ...configuration, admins }, store)
      : undefined
  const { publicKeys, signingKeys } = keysOf(configuration, store)
  const { blocked, guard } = createStoredBlockGuard(store, Date.now)
  const { trusted } = configuration
  const trust = trusted && (await import('./assertions.ts')).composeAssertions(configuration, trusted)
  const server = createAuthorizationServer(
    {
      issuer,
      resource,
      scopes: extras?.scopes ?? docsScopes,
      brand,
      documentationUrl,
      scopesOffered: (extras?.scopesOffered ?? configuration.scopesOffered).filter(
        (scope) => extras?.scopeRules?.isOffered(scope) !== false,
      ),
      registrationOff,
      introspectionOn: introspectionTokens.length > 0,
      revocation: configuration.revocation,
      issNotAdvertised,
      metadata: trust?.metadata,
      publicKeys,
      log,
    },
    signIn && extras !== null
      ? await flowOptions(configuration, signIn, {
          ...{ store, signingKeys, site, blockedByAdmins: blocked, extras, trust, list, admins },
        })
      : null,
  )
  return signIn ? guard(server) : server
}

async function flowOptions(
  configuration: SignInConfiguration,
  signIn: SignInSettings,
  {
    store,
    signingKeys,
    site,
    blockedByAdmins,
    extras,
    list,
    admins,
    trust,
  }: {
    readonly store: Store
    readonly signingKeys: Keys['signingKeys']
    readonly site: Site
    readonly blockedByAdmins: BlockedClients
    readonly extras: SignInExtras | undefined
    readonly list: ComposedProviders | undefined
    readonly admins: readonly AdminEntry[]
    readonly trust: Pick<ReturnType<typeof composeAssertions>, 'flow' | 'guarded'> | undefined
  },
): Promise<FlowOptions | null> {
  const { issuer, introspectionTokens, kept, account } = configuration
  const now = Date.now
  const sealing = createSealing(issuer, signIn.secrets)
  const key = deriveKey(signIn.secrets.current, issuer, 'limits').bytes
  const limiter = (name: string, window: Limit, exempt: readonly AddressRange[]) =>
    createLimiter({ store, name, ...window, exempt, key, now, log })
  const { registration, allRegistrations, metadataDocuments: documents, exempt } = signIn.limits
  const { metadataDocuments, ...clients } = composeClients({
    issuer,
    settings: signIn,
    sealing,
    store,
    fetchLimit: documents && limiter('client-documents', documents, exempt),
    now,
    blockedByAdmins,
  })
  const { provider: settings } = signIn
  const ofProvider = extras?.ofProvider
  const providersAt: ProvidersAt = async (origin, asked = ofProvider) => {
    const own =
      settings.kind === 'mock'
        ? (await import('../oauth/providers/mock.ts')).createMockProvider({ issuer, allowed: !site.production })
        : settings.kind === 'oidc' &&
          openIdProvider({ ...settings, redirectUri: origin + paths.callback, ...asked, now })
    const providers = await list?.at(origin, own, asked)
    const found = { provider: providers ? providers[0] : own || undefined, providers }
    // A company alone speaks for its domains (N7).
    return trust?.guarded(found) ?? found
  }
  const { provider, providers } = await providersAt(issuer)
  // No provider of the list is usable.
  if (!provider) return null
  const signIns = whenNeeded(async () =>
    (await import('./sign-in-recorder.ts')).composeSignInRecorder(configuration, signIn, { store, site, sealing }),
  )
  const { registrationToken } = signIn
  const session = account && (await sessionFlow(account.origin, { issuer, signIn, store, sealing, providersAt, now }))
  return {
    store,
    sealing,
    signingKeys: signingKeys(sealing),
    ...clients,
    secretGuesses: limiter('client-secrets', guesses, []),
    registration: defined({
      limit: registration && limiter('registrations', registration, exempt),
      doctors: {
        hit: async (...hit: Parameters<RateLimit['hit']>) => (await import('./doctors.ts')).hit(exempt, ...hit),
      },
      overallLimit:
        allRegistrations &&
        createOverallLimit({ store, name: 'all-registrations', ...allRegistrations, exempt, key, now, log }),
      initialAccessToken:
        registrationToken === undefined
          ? undefined
          : { value: registrationToken, limit: limiter('registration-tokens', guesses, []) },
    }),
    introspection: { tokens: introspectionTokens, limit: limiter('introspection-tokens', guesses, []) },
    trustedRedirects: signIn.trustedRedirects,
    interstitial: signIn.interstitial,
    provider,
    providers,
    mock: signIn.provider.kind === 'mock',
    async recordSignIn(completed, signal) {
      const recorded = afterAnswer()
        .then(signIns)
        .then(({ recordSignIn }) => recordSignIn(completed, signal))
      const copied = metadataDocuments.keepCopy(completed.client.hash, signal)
      for (const outcome of await Promise.allSettled([recorded, copied])) {
        if (outcome.status === 'rejected') throw outcome.reason
      }
    },
    recordStep: recordAfterAnswer({ store, kept, exempt, key, site, sealing, now }),
    noteAttempt,
    ...(session && { session }),
    ...defined({ vault: extras?.vault, scopeRules: extras?.scopeRules ?? adminsOnly(admins, now) }),
    lifetimes: signIn.lifetimes,
    signInLifetime: signIn.signInLifetime,
    now,
    ...trust?.flow({ store, clients: clients.clients, now }, exempt),
  }
}

/** The rules where there are admins, and no other roles. */
const adminsOnly = (admins: readonly AdminEntry[], now: () => number): ScopeRules | undefined =>
  admins.length > 0
    ? {
        mayHave: (scope, person, since) =>
          scope !== adminScope || mayUseAdminTools(person, now() / 1000 - since, admins),
        isOffered: () => true,
      }
    : undefined

/** Returns the providers with their callbacks at an origin. */
type ProvidersAt = (
  origin: string,
  /** Absent: all that roles and the vault ask for. */
  asked?: SignInExtras['ofProvider'],
) => Promise<{ provider: Provider | undefined } & Pick<FlowOptions, 'providers'>>

/** The sign-in of browsers to the account pages. Its code is loaded when the first browser comes. */
async function sessionFlow(
  origin: string,
  of: Pick<FlowOptions, 'store' | 'sealing' | 'now'> & {
    readonly issuer: string
    readonly signIn: SignInSettings
    readonly providersAt: ProvidersAt
  },
): Promise<SessionFlow | null> {
  const { issuer, signIn, sealing, now } = of
  const isApart = origin !== issuer
  // The mock answers at the issuer only.
  if (isApart && signIn.provider.kind === 'mock') return null
  const sessions = whenNeeded(async () =>
    (await import('../account/session.ts')).createSessions({ origin, sealing, now }),
  )
  // A session keeps no token of the provider, so that none is asked for.
  const { provider, providers } = await of.providersAt(origin, {})
  if (!provider) return null
  return {
    origin,
    provider,
    providers,
    start: async (start) => (await sessions()).start(start),
    record: async ({ sub }) => {
      await afterAnswer()
      const { recordSession } = await import('./record-session.ts')
      await recordSession(of.store, sub)
    },
  }
}
