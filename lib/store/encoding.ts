import { randomUUID } from 'node:crypto'
import { isObject, jsonOf } from '../base/json.ts'
import { StoreUnavailable, type StoreValue } from './store.ts'

/**
 * What is stored: a value, and the nonce of the write that put it there. A writer whose answer was lost reads the record
 * back and knows its own by the nonce. The nonce also makes the version (an MD5 of the content) differ between two writes
 * of equal values, so that a version never comes back (O-05).
 */
export interface StoredRecord {
  readonly nonce: string
  readonly value: StoreValue
}

/** Encodes a value as the text to store, with a nonce that was never used before. */
export function encode(value: StoreValue): { readonly nonce: string; readonly text: string } {
  const nonce = randomUUID()
  return { nonce, text: JSON.stringify({ nonce, value } satisfies StoredRecord) }
}

/** Decodes a stored text. Throws `StoreUnavailable` if something else wrote it: an unreadable record is not an absent one. */
export function decode(text: string): StoredRecord {
  const record = jsonOf(text)
  if (record === undefined) throw new StoreUnavailable('a stored record is not JSON')
  if (isObject(record) && typeof record.nonce === 'string' && isObject(record.value)) {
    return { nonce: record.nonce, value: record.value }
  }
  throw new StoreUnavailable('a stored record is not one of ours')
}
