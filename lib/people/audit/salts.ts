import { createHmac, randomBytes } from 'node:crypto'
import { BoundedMap } from '../../base/bounded-map.ts'
import type { Store } from '../../store/store.ts'

/** One record for each person. Forgetting a person removes it. */
export const saltCollection = 'audit-salts'

/**
 * Names people in the audit log by an HMAC under a random salt of their own. Once the salt is removed, the log cannot be
 * traced to the person, not even by guessing ids, and its entries and digests stay as they are.
 */
export interface AuditNames {
  /** Returns the pseudonym of a person, and makes a salt if there is none: the person is signing in. */
  nameNew(sub: string, signal: AbortSignal): Promise<string | undefined>
  /** Returns the pseudonym of a person. `undefined` for a person without a salt, who was forgotten or never signed in. */
  name(sub: string, signal: AbortSignal): Promise<string | undefined>
}

/** People whose pseudonyms an instance remembers. */
const mostRemembered = 1_000
/** 120 bits: 20 characters. */
const pseudonymBytes = 15

export const saltKey = (sub: string): string => `${saltCollection}/${sub}`

/** Throws `StoreUnavailable`. */
export function createAuditNames(store: Pick<Store, 'get' | 'create'>): AuditNames {
  const known = new BoundedMap<string, string>(mostRemembered)

  async function read(sub: string, signal: AbortSignal): Promise<string | undefined> {
    const salt = (await store.get(saltKey(sub), signal))?.value.salt
    if (typeof salt !== 'string') return undefined
    const name = createHmac('sha256', salt).update(sub).digest().subarray(0, pseudonymBytes).toString('base64url')
    known.set(sub, name)
    return name
  }

  const name: AuditNames['name'] = async (sub, signal) => known.get(sub) ?? read(sub, signal)

  return {
    name,
    async nameNew(sub, signal) {
      const found = await name(sub, signal)
      if (found !== undefined) return found
      await store.create(saltKey(sub), { salt: randomBytes(32).toString('base64url') }, signal)
      // However many requests make one at once, all use the salt that won.
      return read(sub, signal)
    },
  }
}
