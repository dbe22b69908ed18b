import { decodeProtectedHeader } from 'jose'
import type { Log } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'
import type { Sealing } from './sealing.ts'
import {
  newStoredKey,
  openStoredKey,
  parseStoredKeys,
  privateJwkSealer,
  publicationLead,
  type StoredKey,
  storeKeyOf,
} from './signing-keys.ts'

/** Seconds. The next key is created when the newest one is this old. */
const rotateAfter = 90 * 86_400

/** Seconds that an access token can live at most. It does not depend on the setting, so that a change of it ends no token. */
const longestAccessToken = 86_400

/** Seconds from the creation of a key until no token of its predecessor is left: until it signs, a token's life, and an hour. */
const overlap = publicationLead + longestAccessToken + 3600

/**
 * Rotates the stored signing keys (O-09): creates the next key when it is due, removes keys whose tokens have all expired, and
 * seals again the keys that a previous secret sealed. Throws `StoreUnavailable`, and `UnreadableSigningKey` if the record is
 * damaged.
 *
 * There is one conditional write. Of several concurrent runs one takes effect, and the next run makes up for one that was
 * interrupted. There are never more than two keys. The first key is not created here, but for the first token.
 *
 * If a key does not open, the log says so and all keys stay as they are. A new key would hide a mistyped secret, or a secret
 * that the operator removed too early.
 */
export async function rotateSigningKeys(
  options: {
    readonly issuer: string
    readonly store: Store
    readonly sealing: Sealing
    /** Milliseconds since the epoch. */
    readonly now: () => number
    readonly log: Log
  },
  signal: AbortSignal,
): Promise<void> {
  const { store, sealing, log } = options
  const storeKey = storeKeyOf(options.issuer)
  const sealer = privateJwkSealer(sealing)
  const found = await store.get(storeKey, signal)
  if (!found) return
  const { keys } = parseStoredKeys(found.value)
  const opened = keys.map((key) => ({ key, privateJwk: openStoredKey(sealer, key) }))
  const unreadable = opened.filter(({ privateJwk }) => privateJwk === null)
  for (const { key } of unreadable) log('signing_key_unreadable', { kid: key.kid })
  if (unreadable.length > 0) return

  const now = Math.floor(options.now() / 1000)
  const retired = keys.filter((_, index) => hasEnded(keys[index + 1], now))
  const resealed: StoredKey[] = []
  const kept = opened.flatMap(({ key, privateJwk }) => {
    if (privateJwk === null || retired.includes(key)) return []
    if (decodeProtectedHeader(key.sealedPrivateJwk).kid === sealing.currentKid) return [key]
    const anew = { ...key, sealedPrivateJwk: sealer.seal(privateJwk) }
    resealed.push(anew)
    return [anew]
  })
  const created = isNextDue(kept, now) ? [await newStoredKey(sealer, now)] : []
  if (retired.length + resealed.length + created.length === 0) return

  const write = await store.replace(storeKey, { keys: [...kept, ...created] }, found.version, signal)
  if (!write.won) return
  for (const { kid } of created) log('signing_key_created', { kid })
  for (const { kid } of retired) log('signing_key_retired', { kid })
  for (const { kid } of resealed) log('signing_key_resealed', { kid })
}

const hasEnded = (successor: StoredKey | undefined, now: number): boolean =>
  successor !== undefined && successor.createdAt + overlap <= now

function isNextDue(keys: readonly StoredKey[], now: number): boolean {
  const newest = keys.at(-1)
  return newest !== undefined && newest.createdAt + rotateAfter <= now
}
