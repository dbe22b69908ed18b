import { createListedProvider, placeOf } from '../oauth/providers/listed-provider.ts'
import type { ListedProvider } from '../oauth/providers/presets/preset.ts'
import { callbackPath, ProviderError } from '../oauth/providers/provider.ts'
import { ask, objectOf } from '../oauth/providers/provider-http.ts'
import { createMetadataReader } from '../oauth/providers/provider-metadata.ts'

/**
 * Reads the metadata of a listed provider. `null`: it has none, and knows this service (GitHub). Throws `ProviderError`.
 *
 * @param origin where the callback is
 */
export async function metadataOfListed(listed: ListedProvider, origin: string, signal: AbortSignal) {
  const place = await placeOf(listed)
  if (place) return createMetadataReader(new URL(place.issuer), Date.now, place.discovery).read(signal)
  await askGitHub(listed, origin + callbackPath(listed.name), signal)
  return null
}

/**
 * Asks GitHub to redeem a code that cannot exist. It looks at the client first, then at the callback, and at the code last. Throws
 * `ProviderError` with GitHub's code for what is wrong.
 *
 * @see https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 */
async function askGitHub(
  { issuer = 'https://github.com', clientId, clientSecret = '' }: ListedProvider,
  redirectUri: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { client_id: clientId, client_secret: clientSecret, redirect_uri: redirectUri, code: 'doctor' }
  const request = { url: `${issuer}/login/oauth/access_token`, body: new URLSearchParams(body) }
  const { delivery } = await ask(request, signal)
  if (delivery.kind !== 'answered') throw new ProviderError('passing', 'no answer')
  const { error } = objectOf(delivery.text) ?? {}
  if (error === 'bad_verification_code') return
  if (error === 'incorrect_client_credentials' || error === 'redirect_uri_mismatch') {
    throw new ProviderError('misconfigured', `the token endpoint answers ${error}`, { code: error })
  }
  throw new ProviderError('passing', `the token endpoint answers ${delivery.status}, and no error that is known`)
}

/**
 * The address to which a user of a listed provider would be sent. `undefined`: the provider does not answer, or sends every user to its
 * sign-in form first, whatever the address says (GitHub).
 */
export async function authorizationUrlOfListed(
  listed: ListedProvider,
  origin: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (listed.preset === 'github') return undefined
  const login = { state: crypto.randomUUID(), nonce: crypto.randomUUID(), codeVerifier: crypto.randomUUID() }
  try {
    const provider = await createListedProvider(listed, origin, Date.now)
    return (await provider.authorizationUrl(login, undefined, signal)).href
  } catch {
    return undefined
  }
}
