/**
 * A map that holds at most `most` entries. `set` makes an entry the newest, and drops the oldest when there is one too
 * many. A cache in order of last use sets an entry again when it reads it.
 */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #most: number

  constructor(most: number) {
    super()
    this.#most = most
  }

  override set(key: Key, value: Value): this {
    this.delete(key)
    super.set(key, value)
    const oldest = this.keys().next()
    if (this.size > this.#most && !oldest.done) this.delete(oldest.value)
    return this
  }
}

/** Returns an entry, and makes it the newest, unless it has expired. `now` in the unit of `expires`. */
export function fresh<Key, Value extends { readonly expires: number }>(
  cache: BoundedMap<Key, Value>,
  key: Key,
  now: number,
): Value | undefined {
  const entry = cache.get(key)
  cache.delete(key)
  if (!entry || entry.expires <= now) return undefined
  cache.set(key, entry)
  return entry
}
