import { authenticationMethodsFor } from '../capabilities.ts'
import type { Client, ClientAuthenticationMethod } from './client.ts'
import { type KeySource, keySourceOf, parseKeySet } from './client-keys.ts'
import type { MetadataRefused } from './client-metadata.ts'

/** How a client proves itself, by its registration or the operator's configuration. */
export type ClientAuthenticationMetadata =
  | { readonly method: 'none' }
  | { readonly method: SecretMethod }
  | { readonly method: 'private_key_jwt'; readonly keys: KeySource }

/**
 * Reads `token_endpoint_auth_method`, `jwks` and `jwks_uri` of a registration (RFC 7591 §2). A method that is left out,
 * or that we do not offer, becomes `none`: the answer says so, and PKCE protects the client all the same.
 *
 * @param members of the metadata, without those that say nothing; not trusted in any way
 */
export function parseAuthentication(members: Record<string, unknown>): ClientAuthenticationMetadata | MetadataRefused {
  const named = members.token_endpoint_auth_method
  if (named !== undefined && typeof named !== 'string') return invalid('token_endpoint_auth_method has the wrong type')
  if (parseKeySet(members.jwks) === 'secret') return invalid('jwks must not have a private or symmetric key')
  const method = authenticationMethodsFor.registration.find((supported) => supported === named) ?? 'none'
  if (method === 'none' || isSecretMethod(method)) return method === 'none' ? { method } : { method }
  const keys = keySourceOf(members)
  if (!keys) return invalid('private_key_jwt needs jwks or jwks_uri')
  return 'complaint' in keys ? invalid(keys.complaint) : { method, keys }
}

type SecretMethod = 'client_secret_post' | 'client_secret_basic'

/** Whether a method is one of a shared secret. */
export function isSecretMethod(method: ClientAuthenticationMethod): method is SecretMethod {
  return method === 'client_secret_post' || method === 'client_secret_basic'
}

/** What a resolved client says of it. A secret may come either way, whichever was registered (T-08). */
export function authenticationOf(
  authentication: ClientAuthenticationMetadata,
): Pick<Client, 'authenticationMethods' | 'keys'> {
  switch (authentication.method) {
    case 'none':
      return { authenticationMethods: ['none'] }
    case 'private_key_jwt':
      return { authenticationMethods: ['private_key_jwt'], keys: authentication.keys }
    case 'client_secret_post':
    case 'client_secret_basic':
      return { authenticationMethods: ['client_secret_post', 'client_secret_basic'] }
  }
}

function invalid(description: string): MetadataRefused {
  return { error: 'invalid_client_metadata', description }
}
