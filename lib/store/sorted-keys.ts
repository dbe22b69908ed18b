/** Keys in lexicographic order. Adding and removing one takes about as long in a set of a million as in a small one. */
export class SortedKeys {
  /** Chunks in order, none of them empty. Each is short, so that a change moves few keys. */
  readonly #chunks: string[][] = []

  /** The key must not be there. */
  add(key: string): void {
    const at = Math.max(0, this.#chunkBefore(key))
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([key])
      return
    }
    chunk.splice(positionIn(chunk, key), 0, key)
    if (chunk.length > longest) this.#chunks.splice(at + 1, 0, chunk.splice(longest / 2))
  }

  /** The key must be there. */
  remove(key: string): void {
    const at = this.#chunkBefore(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    chunk.splice(positionIn(chunk, key), 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Returns at most `count` keys, from the first that does not sort before `start` to the last that sorts before `end`. */
  between(start: string, end: string, count: number): string[] {
    const found: string[] = []
    for (let at = Math.max(0, this.#chunkBefore(start)); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? []
      const last = positionIn(chunk, end)
      found.push(
        ...chunk.slice(positionIn(chunk, start), Math.min(last, positionIn(chunk, start) + count - found.length)),
      )
      if (found.length === count || last < chunk.length) break
    }
    return found
  }

  /** Returns the last chunk whose first key does not sort after `key`; -1 if there is none. */
  #chunkBefore(key: string): number {
    let [low, high] = [0, this.#chunks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#chunks[middle]?.[0] ?? '') <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** The most keys of a chunk. */
const longest = 512

/** Returns how many keys of a sorted list sort before `text`. */
function positionIn(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') < text) low = middle + 1
    else high = middle
  }
  return low
}
