import * as v from 'valibot'
import { type Store, type Stored, StoreUnavailable } from '../../store/store.ts'
import { type GrantKey, GrantRecord } from './record.ts'

/** A grant and the version of its record in the store. Together they determine the refresh token. */
export interface Grant {
  readonly record: GrantRecord
  readonly version: string
}

/**
 * Reads a grant strongly. Returns `null` only if the store says twice that there is none. A store that is wrong once would
 * otherwise end a session, or keep one from being revoked. Throws `StoreUnavailable`, also for a damaged record.
 */
export async function readGrant(store: Store, key: GrantKey, signal: AbortSignal): Promise<Grant | null> {
  const stored = (await store.get(key, signal)) ?? (await store.get(key, signal))
  return stored && grantIn(stored)
}

function grantIn(stored: Stored): Grant {
  const parsed = v.safeParse(GrantRecord, stored.value)
  if (!parsed.success) throw new StoreUnavailable('a grant record is damaged')
  return { record: parsed.output, version: stored.version }
}
