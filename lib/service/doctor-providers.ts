import { createListedProvider, placeOf } from '../oauth/providers/listed-provider.ts'
import type { ListedProvider } from '../oauth/providers/presets/preset.ts'
import { createMetadataReader } from '../oauth/providers/provider-metadata.ts'

/** The metadata of a listed provider. `null`: it has none (GitHub). Throws `ProviderError`. */
export async function metadataOfListed(listed: ListedProvider, signal: AbortSignal) {
  const place = await placeOf(listed)
  return place && createMetadataReader(new URL(place.issuer), Date.now, place.discovery).read(signal)
}

/** The address to which a user of a listed provider would be sent. `undefined`: the provider does not answer. */
export async function authorizationUrlOfListed(
  listed: ListedProvider,
  origin: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const login = { state: crypto.randomUUID(), nonce: crypto.randomUUID(), codeVerifier: crypto.randomUUID() }
  try {
    const provider = await createListedProvider(listed, origin, Date.now)
    return (await provider.authorizationUrl(login, undefined, signal)).href
  } catch {
    return undefined
  }
}
