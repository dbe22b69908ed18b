/**
 * The store contract. `create` and `replace` are the only two places in this project where one-time use is decided:
 * of any number of callers, on any number of instances, exactly one wins.
 *
 * Every operation takes the request's own deadline as an `AbortSignal`. When it fires, the operation ends at once with
 * `StoreUnavailable`, whatever the service behind the store is doing.
 */
export interface Store {
  /** Strong read: never older than the last write that was answered. */
  get(key: string, signal: AbortSignal): Promise<Stored | null>
  /** Writes only if the key does not exist. */
  create(key: string, value: StoreValue, signal: AbortSignal): Promise<WriteResult>
  /** Writes only if the key still has `version`. Throws `TypeError` on an empty version. */
  replace(key: string, value: StoreValue, version: string, signal: AbortSignal): Promise<WriteResult>
  /** Unconditional write, for records that two writers may both write (users, last good copies). Never for a grant. */
  put(key: string, value: StoreValue, signal: AbortSignal): Promise<void>
  /** Idempotent, and decides nothing: a record whose existence decides something ends by a tombstone (`replace`). */
  remove(key: string, signal: AbortSignal): Promise<void>
  /** One page of the keys that start with `prefix`, in lexicographic order. `cursor` is the previous page's `next`. */
  list(prefix: string, signal: AbortSignal, cursor?: string): Promise<KeyPage>
}

/** Any JSON object. */
export type StoreValue = { readonly [name: string]: unknown }

export interface Stored {
  readonly value: StoreValue
  /** One canonical string: the same from `create`, `replace` and `get` for the same content. Never empty. */
  readonly version: string
}

export interface KeyPage {
  readonly keys: readonly string[]
  readonly next?: string
}

export type WriteResult =
  | { readonly won: true; readonly version: string }
  /**
   * Another writer was first: the key exists (`create`), or has another version or is gone (`replace`).
   * `ambiguous`: an earlier attempt of this same call got no clear answer, so the other writer may have been this call,
   * overwritten since. A caller must not treat such a loss as proof of a second use.
   */
  | { readonly won: false; readonly ambiguous: boolean }

/** The store is down, or the outcome of a write is unknown. The caller answers 503 with Retry-After. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/**
 * Checks a version before a conditional write. The Blobs client would take an empty `onlyIfMatch` for an unconditional write.
 *
 * @throws TypeError if this is empty or not the canonical form
 */
export function assertVersion(version: string): void {
  if (!/^[\x21\x23-\x7e]+$/.test(version)) throw new TypeError('not a version')
}
