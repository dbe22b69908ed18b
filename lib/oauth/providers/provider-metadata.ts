import { ProviderError } from './provider.ts'
import { createRereading, createSharedReading, readDocument } from './provider-http.ts'

/** The members of the provider's metadata that are used (OpenID Connect Discovery §3). All others are ignored. */
export interface ProviderMetadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  /** Absent if the metadata does not say. */
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly authorization_response_iss_parameter_supported?: true
}

export type MetadataReader = ReturnType<typeof createMetadataReader>

/** Milliseconds for which metadata is good, and for which it is used while it cannot be read again. */
const lifetime = 600_000
const longest = 3_600_000

/**
 * @param now milliseconds since the epoch
 * @param at where the metadata is, if not at the issuer
 */
export function createMetadataReader(issuer: URL, now: () => number, at = issuer.href) {
  const url = new URL(at)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/.well-known/openid-configuration`
  let known: { readonly metadata: ProviderMetadata; readonly at: number } | undefined
  const rereading = createRereading(now, { most: 1, seconds: 5 })

  const load = createSharedReading(async (signal) => {
    const metadata = metadataOf(await readDocument('metadata', url.href, signal), issuer)
    known = { metadata, at: now() }
    return metadata
  })

  return {
    /** Throws `ProviderError` of kind `passing` or `misconfigured`. */
    async read(signal: AbortSignal): Promise<ProviderMetadata> {
      const before = known
      if (before && now() - before.at < lifetime) return before.metadata
      if (before && now() - before.at < longest && !rereading.allowed()) return before.metadata
      try {
        return await load(signal)
      } catch (error) {
        if (!before || now() - before.at >= longest) throw error
        rereading.wasFruitless()
        return before.metadata
      }
    },

    /**
     * Reads the metadata again after an endpoint failed, in case the provider has moved or changed its client authentication.
     * Throws nothing.
     *
     * @returns metadata that differs from the failed one, or `null`
     */
    async readAgain(failed: ProviderMetadata, signal: AbortSignal): Promise<ProviderMetadata | null> {
      if (known && known.metadata !== failed && moved(known.metadata, failed)) return known.metadata
      if (!rereading.allowed() || signal.aborted) return null
      try {
        const metadata = await load(signal)
        if (moved(metadata, failed)) return metadata
      } catch {
        // The caller reports the first failure.
      }
      rereading.wasFruitless()
      return null
    },
  }
}

/** Whether a request that failed with one may succeed with the other. */
const moved = (one: ProviderMetadata, other: ProviderMetadata) =>
  one.token_endpoint !== other.token_endpoint ||
  one.jwks_uri !== other.jwks_uri ||
  String(one.token_endpoint_auth_methods_supported) !== String(other.token_endpoint_auth_methods_supported)

function metadataOf(document: Readonly<Record<string, unknown>>, expected: URL): ProviderMetadata {
  const { issuer } = document
  if (typeof issuer !== 'string' || URL.parse(issuer)?.href !== expected.href) {
    throw new ProviderError('misconfigured', 'the metadata is of another issuer than the settings name', {
      code: 'issuer_mismatch',
    })
  }
  const endpoint = (name: string): string => {
    const value = document[name]
    const protocol = typeof value === 'string' ? URL.parse(value)?.protocol : undefined
    // The settings allow an http issuer only on loopback.
    if (typeof value === 'string' && (protocol === 'https:' || protocol === expected.protocol)) return value
    throw new ProviderError('misconfigured', `the metadata has no usable ${name}`, { code: 'endpoint_missing' })
  }
  const methods = document.token_endpoint_auth_methods_supported
  const known = Array.isArray(methods) ? methods.filter((method): method is string => typeof method === 'string') : []
  return {
    issuer,
    authorization_endpoint: endpoint('authorization_endpoint'),
    token_endpoint: endpoint('token_endpoint'),
    jwks_uri: endpoint('jwks_uri'),
    ...(known.length > 0 && { token_endpoint_auth_methods_supported: known }),
    ...(document.authorization_response_iss_parameter_supported === true && {
      authorization_response_iss_parameter_supported: true,
    }),
  }
}
