import { ofAssertions } from '../../base/rate-limit.ts'
import { type ClientKey, fittingKeys, type KeySource, type WantedKey } from '../clients/client-keys.ts'
import type { KeySets } from '../clients/published/key-sets.ts'
import type { Clients } from '../clients/resolve.ts'
import { OAuthError } from '../errors.ts'
import type { Parameters } from '../http/parameters.ts'
import type { CodeSealer } from '../token/authorization-code.ts'
import type { RefreshSealer } from '../token/refresh-token.ts'
import type { AuthenticationCall } from './authenticated-client.ts'
import { isDocumentUrl, knownClient, resolved } from './known-client.ts'

/** What a request carries that we have issued to the client that it names: its code, or a token. */
export interface Held {
  /** The address of the client's keys when the person signed in; absent: the client has to be asked. */
  readonly jwksUri?: string
}

/** The keys that may have signed an assertion of a client, and what else was learned of it. */
export interface AssertionKeys {
  readonly keys: readonly ClientKey[]
  /** `undefined` where no metadata document was asked. */
  readonly grantTypes: readonly string[] | undefined
}

export type FindAssertionKeys = (
  clientId: string,
  wanted: WantedKey,
  held: Held | null,
  call: AuthenticationCall,
) => Promise<AssertionKeys>

/**
 * Finds the keys of a client (T-09). Throws `OAuthError`: `invalid_client` only for what waiting does not mend; what cannot
 * be fetched just now is our fault (T-06).
 */
export function createFindAssertionKeys(options: {
  readonly clients: Clients
  readonly keySets: KeySets
}): FindAssertionKeys {
  const { clients, keySets } = options

  async function keysFrom(source: KeySource | undefined, wanted: WantedKey, call: AuthenticationCall) {
    if (!source) throw new OAuthError('invalid_client', 'this client has no keys')
    return 'keys' in source ? fittingKeys(source.keys, wanted) : resolved(await keySets.find(source.uri, wanted, call))
  }

  /**
   * Those at the address that the sign-in was bound to (M-13). Only if they will not do the document is asked, in case
   * they have moved: a session is not to end with a redesign of the client's website.
   */
  async function publishedKeys(clientId: string, wanted: WantedKey, held: Held | null, call: AuthenticationCall) {
    const bound = held?.jwksUri === undefined ? undefined : await keySets.find(held.jwksUri, wanted, call)
    if (bound && !('kind' in bound) && bound.length > 0) return bound
    const { keys } = knownClient(await clients.resolve(clientId, call.signal, call.address, ofAssertions))
    const moved = !keys || !('uri' in keys) || keys.uri !== held?.jwksUri
    return bound && !moved ? resolved(bound) : keysFrom(keys, wanted, call)
  }

  return async (clientId, wanted, held, { signal, address }) => {
    // Who holds something of ours has had a person sign in; whoever else makes us fetch is counted by their address.
    const counted = { signal, ...(address === undefined ? {} : { address }) }
    if (isDocumentUrl(clientId)) {
      const call = held ? { signal } : counted
      return { keys: await publishedKeys(clientId, wanted, held, call), grantTypes: undefined }
    }
    const client = knownClient(await clients.resolve(clientId, signal))
    // What a client registered is its own word: as many may register as like to.
    return { keys: await keysFrom(client.keys, wanted, counted), grantTypes: client.grantTypes }
  }
}

/**
 * Opens what a request is about: at the token endpoint a code or a refresh token, as its grant type says, at the revocation
 * endpoint a token. What stands in another parameter, or has expired, says nothing of the client today.
 */
export function createFindHeld(options: {
  readonly codes: Pick<CodeSealer, 'open'>
  readonly refreshTokens: Pick<RefreshSealer, 'open'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): (form: Parameters, clientHash: string) => Held | null {
  const { codes, refreshTokens, now } = options
  function open(form: Parameters) {
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return codes.open(form.get('code') ?? '')
      case 'refresh_token':
        return refreshTokens.open(form.get('refresh_token') ?? '')
      default:
        return refreshTokens.open(form.get('token') ?? '')
    }
  }
  return (form, clientHash) => {
    const opened = open(form)
    if (opened?.c !== clientHash || opened.exp * 1000 <= now()) return null
    return opened.ju === undefined ? {} : { jwksUri: opened.ju }
  }
}
