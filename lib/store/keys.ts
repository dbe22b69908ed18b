const maximumBytes = 600
const keyForm = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/
const prefixForm = /^(?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]*$/
const dotSegment = /(?:^|\/)\.+(?:\/|$)/

/**
 * Checks the form of a key. The Blobs client puts keys into a URL as they are, where `..`, `?` or `#` would lead to another
 * record (O-07). Callers over the network never choose a key: a wrong one is a mistake in this program, a `TypeError`.
 *
 * @throws TypeError unless the key is made of `A-Z a-z 0-9 . _ -` and single slashes between segments that are not
 *   just dots, in at most 600 bytes
 */
export function assertKey(key: string): void {
  if (key.length > maximumBytes || !keyForm.test(key) || dotSegment.test(key)) throw new TypeError('not a store key')
}

/** @throws TypeError unless a key could start like this; every key starts with the empty prefix */
export function assertPrefix(prefix: string): void {
  const wholeSegments = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (prefix.length <= maximumBytes && prefixForm.test(prefix) && !dotSegment.test(wholeSegments)) return
  throw new TypeError('not a prefix of store keys')
}
