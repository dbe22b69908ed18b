import { type Configuration, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { type Account, claimsByScope, claimsOf } from './account.ts'
import type { Collection } from './collection.ts'
import type { ProviderKeys } from './keys.ts'
import { errorPage, pageHeaders, signedOutPage, signOutPage } from './page.ts'
import { interactionPath } from './sign-in-form.ts'

export interface ProviderClient {
  readonly clientId: string
  /** Absent: a public client. */
  readonly clientSecret?: string
  readonly redirectUris: readonly string[]
  /** Where the provider tells that a person has signed out (OpenID Connect Back-Channel Logout 1.0). */
  readonly backchannelLogoutUri?: string
  /** Another address for that, which a test may set at any time. */
  readonly logoutTo?: () => string | undefined
}

const day = 24 * 60 * 60

/** @param cookiePrefix separates this provider from others on this host, because cookies ignore ports */
export function configurationFor(
  client: ProviderClient,
  keys: ProviderKeys,
  accounts: Collection<Account>,
  cookiePrefix: string,
): Configuration {
  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  return {
    clients: [
      {
        client_id: client.clientId,
        redirect_uris: client.redirectUris,
        // The provider would ask for consent every time with a `native` client.
        application_type: 'web',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...(client.backchannelLogoutUri !== undefined && {
          backchannel_logout_uri: client.backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
        ...(client.clientSecret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.clientSecret }),
      },
    ],
    // The metadata says the same: a client with a secret uses Basic.
    ...(client.clientSecret !== undefined && { clientAuthMethods: ['client_secret_basic'] }),
    jwks: { keys: keys.signing.map((key) => ({ ...key })) },
    cookies: {
      keys: keys.cookies,
      names: {
        session: `${cookiePrefix}_session`,
        interaction: `${cookiePrefix}_interaction`,
        resume: `${cookiePrefix}_resume`,
      },
    },
    scopes: ['openid', 'email', 'profile'],
    claims: claimsByScope,
    // The claims are also in the ID token, as with Auth0.
    conformIdTokenClaims: false,
    findAccount(_ctx, sub) {
      const account = accounts.get(sub)
      return account && { accountId: sub, claims: () => claimsOf(account) }
    },
    loadExistingGrant: grantEverything,
    interactions: { policy, url: (_ctx, interaction) => `${interactionPath}${interaction.uid}` },
    pkce: { required: () => true },
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => show(ctx, await signOutPage(form)),
        postLogoutSuccessSource: async (ctx) => show(ctx, await signedOutPage()),
      },
    },
    // As with Auth0, no further consent is needed. A service without a vault throws the token away.
    issueRefreshToken: async () => true,
    // The library refuses addresses of this machine.
    fetch: (url, options) => fetch(client.logoutTo?.() ?? url, { ...options, dispatcher: undefined } as RequestInit),
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 14 * day,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * day,
      Session: 14 * day,
    },
    clientBasedCORS: () => false,
    renderError: async (ctx, out) => show(ctx, await errorPage(`${out.error}: ${out.error_description ?? ''}`)),
  }
}

function show(ctx: Pick<KoaContextWithOIDC, 'set' | 'body'>, page: unknown): void {
  ctx.set({ ...pageHeaders })
  ctx.body = String(page)
}

/** Grants the only client whatever it requests. Our own consent page asks the user. */
async function grantEverything({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider } = oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const known = session.grantIdFor(client.clientId)
  const grant =
    (known && (await provider.Grant.find(known))) ||
    new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  grant.addOIDCScope(String(oidc.params?.scope ?? ''))
  await grant.save()
  return grant
}
