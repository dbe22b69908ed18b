import { createSealing, type Sealing } from '../oauth/keys/sealing.ts'
import {
  createPublicKeys,
  createSigningKeys,
  createStoredKeysReader,
  pinnedSigningKey,
} from '../oauth/keys/signing-keys.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

export type Keys = ReturnType<typeof keysOf>

/** The keys of a site: the operator's own (`MCP_OAUTH_SIGNING_JWK`), or those in the store. Signing needs the secret. */
export function keysOf({ issuer, signingJwk, secrets }: SignInConfiguration, store: Store) {
  if (signingJwk) {
    const { publicKeys, signingKeys } = pinnedSigningKey(signingJwk)
    return { publicKeys, signingKeys: () => signingKeys }
  }
  const now = Date.now
  const stored = createStoredKeysReader({ issuer, store, now })
  return {
    // Even while another setting is wrong: a writer of the store must not publish a key of their own.
    publicKeys: createPublicKeys(stored, secrets ? { sealing: createSealing(issuer, secrets), log } : undefined),
    signingKeys: (sealing: Sealing) => createSigningKeys({ issuer, store, stored, sealing, now, log }),
  }
}
