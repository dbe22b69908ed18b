import type { Client } from '../clients/client.ts'
import type { Unresolved } from '../clients/unresolved.ts'
import { LimitError, OAuthError } from '../errors.ts'

/** Whether a client_id is the URL of a metadata document (M-01). */
export const isDocumentUrl = (clientId: string): boolean => clientId.startsWith('https://')

/** The client, for whoever has no page to show. Throws `OAuthError`. */
export function knownClient(found: Client | Unresolved): Client {
  if (!('kind' in found) || found.kind !== 'invalid') return resolved(found)
  throw new OAuthError('invalid_client', 'unknown client_id: register again', found.detail)
}

/**
 * What could be had of a client. Throws `OAuthError`: 503 where it may be had later, since clients throw good credentials
 * away otherwise (T-06), 429 where it was asked for too often.
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
