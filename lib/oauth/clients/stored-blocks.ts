import type { StoreValue } from '../../store/store.ts'
import { type BlockList, parseBlockList } from './blocked-clients.ts'

/** The record with the clients that admins have blocked, beside the setting. Its member `entries` has the forms of the setting. */
export const storedBlocksKey = 'blocked-clients/list'

/** Reads the entries of the record. A release that knows more forms may have written some that this one skips. */
export function storedBlockList(value: StoreValue | undefined): BlockList {
  const { entries } = value ?? {}
  const known = Object.keys(typeof entries === 'object' && entries !== null ? entries : {}).filter(isBlockEntry)
  return parseBlockList(known) ?? { hashes: new Set(), hosts: new Set(), before: 0 }
}

/** Whether a text is the hash of a client, a host, or `before:<ISO date>`. */
export const isBlockEntry = (text: string): boolean => parseBlockList([text]) !== null
