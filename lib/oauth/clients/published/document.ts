import { jsonOf, utf8 } from '../../../base/json.ts'
import { sha256 } from '../../../base/sha256.ts'
import type { FetchedResource } from '../../../net/fetch-untrusted.ts'
import { authenticationMethodsFor } from '../../capabilities.ts'
import type { Client } from '../client.ts'
import { keySourceOf, parseKeySet } from '../client-keys.ts'
import { type ClientPolicy, parseClientMetadata, presentMembers } from '../client-metadata.ts'
import type { Unresolved } from '../unresolved.ts'

/**
 * Returns why a client_id cannot be the URL of a metadata document (CIMD -02 §3; M-02, M-03), or `null` if it can. It is compared
 * as a string and fetched as a URL, so the two must be the same. A URL that `URL` would rewrite is refused, for example for dot
 * segments in any spelling or an explicit `:443`.
 */
export function documentUrlComplaint(clientId: string): string | null {
  if (clientId.length > 512) return 'the URL is longer than 512 characters'
  const url = URL.parse(clientId)
  if (url?.protocol !== 'https:') return 'not an https URL'
  // An empty fragment is missing in `url.hash` but stays in `href`.
  if (clientId.includes('#')) return 'the URL has a fragment'
  if (url.username !== '' || url.password !== '') return 'the URL has userinfo'
  if (url.href !== clientId) return 'the URL is not in canonical form'
  if (url.pathname === '/') return 'the URL has no path'
  return null
}

/**
 * Returns the client that a metadata document describes (CIMD -02 §4; M-03, M-07 … M-10), or what is wrong with the document.
 *
 * @param document its untrusted body, as JSON
 */
export function clientOfDocument(clientId: string, document: unknown, policy: ClientPolicy): Client | Unresolved {
  const members = presentMembers(document)
  if (!members) return invalid('the document is not a JSON object')
  if (members.client_id !== clientId) return invalid('client_id in the document is not its own URL')
  const forbidden = forbiddenMember(members)
  if (forbidden) return invalid(`the document must not have ${forbidden}`)
  const metadata = parseClientMetadata(members, { ...policy, unacceptable: 'omit' })
  if ('error' in metadata) return invalid(metadata.description)
  if (metadata.name === undefined) return invalid('client_name is required')
  const authentication = authenticationIn(members)
  if ('complaint' in authentication) return invalid(authentication.complaint)
  return {
    id: clientId,
    hash: sha256(clientId),
    source: 'metadata-document',
    name: metadata.name,
    verifiedHost: new URL(clientId).host,
    redirectUris: metadata.redirectUris,
    grantTypes: metadata.grantTypes,
    ...authentication,
    scope: metadata.scope,
    requires: metadata.requires,
  }
}

/** Returns the document in an answer, or what is wrong with the answer (M-04, M-07, M-12). */
export function documentOfResponse(response: FetchedResource): { readonly document: unknown } | Unresolved {
  const { status, contentType } = response
  if (status !== 200) {
    const passing = isChallenge(response) || status === 408 || status === 429 || status >= 500
    return { kind: passing ? 'unavailable' : 'invalid', detail: `the document was answered with status ${status}` }
  }
  if (!/^application\/(?:[a-z0-9.!#$&^_-]+\+)?json$/.test(contentType))
    return invalid('the document is not JSON by its type')
  const document = jsonOf(utf8(response.body) ?? '')
  return document === undefined ? invalid('the document is not JSON') : { document }
}

/**
 * Whether an answer is a bot challenge or a gateway error. It says nothing about the client and may pass (M-12;
 * claude-ai-mcp#650).
 */
export function isChallenge({ status, contentType, headers }: FetchedResource): boolean {
  return (status === 403 || status >= 500) && (contentType === 'text/html' || headers.has('cf-mitigated'))
}

/** Returns a member that a public document must not have, because it is or implies a secret (CIMD -02 §4.1). */
function forbiddenMember(members: Record<string, unknown>): string | null {
  for (const name of ['client_secret', 'client_secret_expires_at']) if (name in members) return name
  const { token_endpoint_auth_method: method } = members
  if (typeof method === 'string' && method.startsWith('client_secret_')) return 'a shared-secret authentication method'
  return parseKeySet(members.jwks) === 'secret' ? 'a private or symmetric key' : null
}

/**
 * Returns how the client may authenticate (M-09, M-17). The list says which methods are possible, and the single member which
 * method the client prefers. Unsupported methods in the list are ignored, and so are methods with a shared secret (M-08).
 * Without keys the client cannot use `private_key_jwt`; that is an error only if it has no other method.
 */
function authenticationIn(
  members: Record<string, unknown>,
): Pick<Client, 'authenticationMethods' | 'keys'> | { readonly complaint: string } {
  const list = members.token_endpoint_auth_methods_supported
  const named = Array.isArray(list) ? list.filter((item) => typeof item === 'string') : []
  const possible = named.length > 0 ? named : [members.token_endpoint_auth_method ?? 'none']
  const methods = authenticationMethodsFor['metadata-document'].filter((method) => possible.includes(method))
  if (!methods.includes('private_key_jwt')) {
    return methods.length > 0 ? { authenticationMethods: methods } : { complaint: noMethod }
  }
  const keys = keySourceOf(members)
  if (keys && !('complaint' in keys)) return { authenticationMethods: methods, keys }
  if (methods.includes('none')) return { authenticationMethods: ['none'] }
  return keys ?? { complaint: 'private_key_jwt needs jwks or jwks_uri' }
}

const noMethod = `no client authentication method of the document is supported here; supported: ${authenticationMethodsFor['metadata-document'].join(', ')}`

function invalid(detail: string): Unresolved {
  return { kind: 'invalid', detail }
}
