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

/** Seconds: when the newest key is so old, the next one is made. */
const rotateAfter = 90 * 86_400

/** Seconds that an access token can live, whatever the operator sets: no change of the setting shall end one that is out. */
const longestAccessToken = 86_400

/** Seconds after a key was made until its predecessor has no token left: when it signs, a token's life, and an hour. */
const overlap = publicationLead + longestAccessToken + 3600

/**
 * Moves the stored signing keys on (O-09): makes the next one when it is due, drops those whose every token has expired,
 * and seals anew what a former secret has sealed. One conditional write: of several runs at once one takes effect, and
 * a run that was lost or interrupted is made up for by the next. There are never more than two keys: when the next is
 * due, the newest has long outlived its predecessor. The first one is not made here, but by the first token.
 *
 * If one key does not open, it is logged and all are left as they are: a new one would hide a mistyped secret, or one
 * that was taken away too early. Throws `StoreUnavailable`, and `UnreadableSigningKey` if the record is damaged.
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
