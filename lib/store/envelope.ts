import { randomUUID } from 'node:crypto'
import { StoreUnavailable, type StoreValue } from './store.ts'

/**
 * What is stored: the value, and a nonce of the write that put it there. The nonce tells a writer whose answer was lost
 * that the record it reads back is its own, and makes the version (an MD5 of the content) differ between two writes of
 * equal values, so that a version never comes back (O-05).
 */
export interface Envelope {
  readonly nonce: string
  readonly value: StoreValue
}

/** @returns the envelope and its text, with a nonce that was never used before */
export function seal(value: StoreValue): { readonly nonce: string; readonly text: string } {
  const nonce = randomUUID()
  return { nonce, text: JSON.stringify({ nonce, value } satisfies Envelope) }
}

/** @throws StoreUnavailable if something else wrote this: a record that cannot be read is not an absent one */
export function open(text: string): Envelope {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new StoreUnavailable('a stored record is not JSON')
  }
  if (isObject(parsed) && typeof parsed.nonce === 'string' && isObject(parsed.value)) {
    return { nonce: parsed.nonce, value: parsed.value }
  }
  throw new StoreUnavailable('a stored record is not one of ours')
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
