import { timingSafeEqual } from 'node:crypto'
import { defined } from '../../base/defined.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Client } from './client.ts'
import { type ClientPolicy, isRequirement, parseClientMetadata, withoutNulls } from './client-metadata.ts'
import { authenticationOf, isSecretMethod, parseAuthentication } from './client-metadata-authentication.ts'

/** RFC 7591 §2 members plus `client_secret_sha256`, so that the configuration holds no plain secret. */
const members = [
  ...['client_id', 'client_name', 'redirect_uris', 'grant_types', 'scope'],
  ...['token_endpoint_auth_method', 'client_secret_sha256', 'jwks', 'jwks_uri'],
]

/**
 * Reads the clients of the configuration, and says what is wrong with each. The complaints quote no value.
 *
 * @param input an array of client metadata, as JSON
 */
export function parseConfiguredClients(
  input: unknown,
  policy: ConfiguredClientPolicy,
): { readonly clients: readonly Client[]; readonly complaints: readonly string[] } {
  if (!Array.isArray(input)) return { clients: [], complaints: [' must be a JSON array of clients'] }
  const parsed = input.map((entry) => parseClient(entry, policy))
  const complaints = parsed.flatMap((client, index) => (typeof client === 'string' ? [`[${index}] ${client}`] : []))
  const clients = parsed.filter((client) => typeof client !== 'string')
  if (new Set(clients.map(({ id }) => id)).size < clients.length) complaints.push(' names a client_id twice')
  return { clients, complaints }
}

export interface ConfiguredClientPolicy extends ClientPolicy {
  /** The scope of admins, which the operator may give beside another. Absent: there is none. */
  readonly adminScope?: string | undefined
}

/** Grant types that need no redirect URI. Only the operator can give them to a client. */
const withoutRedirect = ['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer']

/** Stands for what a client without pages lacks while its other members are checked. */
const asIfWithPages = { grant_types: ['authorization_code'], redirect_uris: ['https://client.invalid/'] }

/** Returns the client, or a complaint. */
function parseClient(entry: unknown, policy: ConfiguredClientPolicy): Client | string {
  const given = withoutNulls(entry)
  if (!given) return 'must be an object'
  if ('client_secret' in given) return 'must not have client_secret: give its SHA-256 as client_secret_sha256'
  const unknown = Object.keys(given).find((name) => !members.includes(name) && !isRequirement(name))
  if (unknown !== undefined) return 'has a member that is not one of a client'
  const { client_id: id, client_secret_sha256: digest, scope } = given
  if (typeof id !== 'string' || !isFreeId(id)) {
    return 'must have a client_id of up to 200 letters, digits and -._~ that does not look like one of ours'
  }
  const secret = digest === undefined ? undefined : digestOf(digest)
  if (secret === null) return 'must have client_secret_sha256 as 64 hexadecimal digits or 43 of base64url'
  const named: readonly unknown[] = Array.isArray(given.grant_types) ? given.grant_types : []
  const further = withoutRedirect.filter((type) => named.includes(type))
  const hasPages = further.length === 0 || named.includes('authorization_code')
  const metadata = parseClientMetadata(hasPages ? given : { ...given, ...asIfWithPages }, {
    ...policy,
    unacceptable: 'refuse',
    operatorsOwn: true,
  })
  if ('error' in metadata) return metadata.description
  if (scope !== undefined && !isKnownScope(scope, policy)) return `must have a scope of ${policy.scopes.join(' ')}`
  // A missing method follows from the other members (F-002-02).
  const implied = secret ? 'client_secret_post' : 'jwks' in given || 'jwks_uri' in given ? 'private_key_jwt' : 'none'
  const authentication = parseAuthentication({ token_endpoint_auth_method: implied, ...given })
  if ('error' in authentication) return authentication.description
  const { method } = authentication
  if (given.token_endpoint_auth_method !== undefined && given.token_endpoint_auth_method !== method) {
    return 'must have a token_endpoint_auth_method that is supported'
  }
  if (isSecretMethod(method) !== (secret !== undefined)) {
    return 'must have client_secret_sha256 with a method of a secret, and only then'
  }
  return {
    id,
    hash: sha256(id),
    source: 'configuration',
    redirectUris: hasPages ? metadata.redirectUris : [],
    grantTypes: [...(hasPages ? metadata.grantTypes : []), ...further],
    ...authenticationOf(authentication),
    ...(secret && { hasSecret: (shown: string) => timingSafeEqual(sha256Bytes(shown), secret) }),
    ...defined({ name: metadata.name, scope: metadata.scope, scopeCeiling: scope, requires: metadata.requires }),
  }
}

/**
 * Whether the operator may use this id: it cannot be mistaken for a document URL, a sealed id or a `sub` (R-11, T-18), and both
 * ways to decode HTTP Basic give the same id (T-08).
 */
function isFreeId(id: string): boolean {
  return /^[A-Za-z0-9._~-]{1,200}$/.test(id) && !/^(?:https?:|eyJ|u_)/.test(id)
}

/** Whether all scopes are known, and not only that of admins. An unknown scope here is a mistake of the operator, so it is reported and not dropped. */
function isKnownScope(scope: unknown, { scopes, adminScope }: ConfiguredClientPolicy): scope is string {
  if (typeof scope !== 'string') return false
  const isKnown = (name: string) => scopes.some((known) => known === name)
  const names = scope.split(' ')
  return names.some(isKnown) && names.every((name) => isKnown(name) || name === adminScope)
}

function digestOf(text: unknown): Buffer | null {
  if (typeof text !== 'string') return null
  const hex = /^[0-9a-f]{64}$/i.test(text)
  const digest = hex || /^[A-Za-z0-9_-]{43}$/.test(text) ? Buffer.from(text, hex ? 'hex' : 'base64url') : null
  // The hash of an empty text comes from an unset variable, and is no secret.
  return digest?.equals(sha256Bytes('')) ? null : digest
}

const sha256Bytes = (text: string) => Buffer.from(sha256(text), 'base64url')
