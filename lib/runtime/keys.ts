import { createPublicKeys, type PublicKeys, pinnedSigningKey, type SigningKeys } from '../oauth/keys/signing-keys.ts'
import type { Store } from '../store/store.ts'
import type { Configuration } from './configuration.ts'

/** The public keys of a site: the operator's own key (`MCP_OAUTH_SIGNING_JWK`), or those in the store. */
export async function keysOf(
  { issuer, signingJwk }: Configuration,
  store: Store,
): Promise<{ publicKeys: PublicKeys; pinned?: SigningKeys }> {
  if (!signingJwk) return { publicKeys: createPublicKeys({ issuer, store, now: Date.now }) }
  const { publicKeys, signingKeys } = await pinnedSigningKey(signingJwk)
  return { publicKeys, pinned: signingKeys }
}
