import type { Client } from '../clients/client.ts'
import type { Unresolved } from '../clients/unresolved.ts'
import { LimitError, OAuthError } from '../errors.ts'

/** Whether a client_id is the URL of a metadata document (M-01). */
export const isDocumentUrl = (clientId: string): boolean => clientId.startsWith('https://')

/** Returns the client, for endpoints that show no page. Throws `OAuthError`. */
export function knownClient(found: Client | Unresolved): Client {
  if (!('kind' in found) || found.kind !== 'invalid') return resolved(found)
  throw new OAuthError('invalid_client', 'unknown client_id: register again', found.detail)
}

/**
 * Returns what was found. Throws `OAuthError` otherwise: 503 where a later attempt may succeed, since clients would discard good
 * credentials after another error (T-06), and 429 after too many requests.
 */
export function resolved<T extends object>(found: T | Unresolved): T {
  if (!isUnresolved(found)) return found
  switch (found.kind) {
    case 'invalid':
      throw new OAuthError('invalid_client', 'the keys of this client are not acceptable', found.detail)
    case 'unavailable':
      throw new OAuthError('temporarily_unavailable', 'what this client publishes cannot be fetched', found.detail)
    case 'limited':
      throw new LimitError(found.retryAfter, found.detail)
  }
}

function isUnresolved(found: object): found is Unresolved {
  return 'kind' in found
}
