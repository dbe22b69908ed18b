import { authenticationMethodsFor } from '../capabilities.ts'
import type { Client, ClientAuthenticationMethod } from './client.ts'
import { type KeySource, keySourceOf, parseKeySet } from './client-keys.ts'
import { invalid, type MetadataRefused } from './client-metadata.ts'

/** How a client authenticates, by its registration or by the operator's configuration. */
export type ClientAuthenticationMetadata =
  | { readonly method: 'none' }
  | { readonly method: SecretMethod }
  | { readonly method: 'private_key_jwt'; readonly keys: KeySource }

/**
 * Reads `token_endpoint_auth_method`, `jwks` and `jwks_uri` of a registration (RFC 7591 §2). A missing or unsupported method
 * becomes `none`. The answer says so, and PKCE protects the client in any case.
 *
 * @param members untrusted metadata, as `presentMembers` returns it
 */
export function parseAuthentication(members: Record<string, unknown>): ClientAuthenticationMetadata | MetadataRefused {
  const named = members.token_endpoint_auth_method
  if (named !== undefined && typeof named !== 'string') return invalid('token_endpoint_auth_method has the wrong type')
  if (parseKeySet(members.jwks) === 'secret') return invalid('jwks must not have a private or symmetric key')
  const method = authenticationMethodsFor.registration.find((supported) => supported === named) ?? 'none'
  if (method === 'none') return { method }
  if (isSecretMethod(method)) return { method }
  const keys = keySourceOf(members)
  if (!keys) return invalid('private_key_jwt needs jwks or jwks_uri')
  return 'complaint' in keys ? invalid(keys.complaint) : { method, keys }
}

type SecretMethod = 'client_secret_post' | 'client_secret_basic'

/** Whether a method uses a shared secret. */
export function isSecretMethod(method: ClientAuthenticationMethod): method is SecretMethod {
  return method === 'client_secret_post' || method === 'client_secret_basic'
}

/** Returns how a resolved client may authenticate. A secret may be sent either way, whichever was registered (T-08). */
export function authenticationOf(
  authentication: ClientAuthenticationMetadata,
): Pick<Client, 'authenticationMethods' | 'keys'> {
  const { method } = authentication
  if (isSecretMethod(method)) return { authenticationMethods: ['client_secret_post', 'client_secret_basic'] }
  return { authenticationMethods: [method], ...('keys' in authentication && { keys: authentication.keys }) }
}
