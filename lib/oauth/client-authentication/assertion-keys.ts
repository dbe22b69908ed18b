import { defined } from '../../base/defined.ts'
import { ofAssertions } from '../../base/rate-limit.ts'
import { type ClientKey, fittingKeys, type KeySource, type WantedKey } from '../clients/client-keys.ts'
import type { KeySets } from '../clients/published/key-sets.ts'
import type { Clients } from '../clients/resolve.ts'
import { OAuthError } from '../errors.ts'
import type { AuthenticationCall } from './authenticated-client.ts'
import { isDocumentUrl, knownClient, resolved } from './known-client.ts'

/** A code or a token in the request, which this server issued to the client that the request names. */
export interface Presented {
  /** The URL of the client's keys at the time of the sign-in. If absent, the client's metadata has to be read. */
  readonly jwksUri: string | undefined
}

/** The keys that may have signed a client's assertion. */
export interface AssertionKeys {
  readonly keys: readonly ClientKey[]
  /** The grant types of a registered client. `undefined` for a metadata document, which is not read for them. */
  readonly grantTypes: readonly string[] | undefined
}

export type FindAssertionKeys = ReturnType<typeof createFindAssertionKeys>

/**
 * Makes the function that finds the keys of a client (T-09). It throws `OAuthError`: `invalid_client` only where a later
 * attempt cannot succeed, and 503 where a fetch failed (T-06).
 */
export function createFindAssertionKeys(options: { readonly clients: Clients; readonly keySets: KeySets }) {
  const { clients, keySets } = options

  async function keysFrom(source: KeySource | undefined, wanted: WantedKey, call: AuthenticationCall) {
    if (!source) throw new OAuthError('invalid_client', 'this client has no keys')
    return 'keys' in source ? fittingKeys(source.keys, wanted) : resolved(await keySets.find(source.uri, wanted, call))
  }

  /**
   * Finds the keys at the URL that the sign-in was bound to (M-13). If none of them fits, the metadata document says whether
   * the keys have moved: a session must not end because the client has redesigned its website.
   */
  async function publishedKeys(
    clientId: string,
    wanted: WantedKey,
    presented: Presented | null,
    call: AuthenticationCall,
  ) {
    const bound = presented?.jwksUri === undefined ? undefined : await keySets.find(presented.jwksUri, wanted, call)
    if (bound && !('kind' in bound) && bound.length > 0) return bound
    const { keys } = knownClient(await clients.resolve(clientId, call.signal, call.address, ofAssertions))
    const moved = !keys || !('uri' in keys) || keys.uri !== presented?.jwksUri
    return bound && !moved ? resolved(bound) : keysFrom(keys, wanted, call)
  }

  return async (
    clientId: string,
    wanted: WantedKey,
    presented: Presented | null,
    { signal, address }: AuthenticationCall,
  ): Promise<AssertionKeys> => {
    // A client with a code or a token has had a user sign in. For any other, the fetch counts against the caller's address.
    const counted = defined({ signal, address })
    if (isDocumentUrl(clientId)) {
      const call = presented ? { signal } : counted
      return { keys: await publishedKeys(clientId, wanted, presented, call), grantTypes: undefined }
    }
    const client = knownClient(await clients.resolve(clientId, signal))
    // Anyone can register, with any URL of keys. So the fetch always counts.
    return { keys: await keysFrom(client.keys, wanted, counted), grantTypes: client.grantTypes }
  }
}
