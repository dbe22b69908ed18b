/** A set of texts in their order. Adding, removing and reading from any place take about the same time with ten or a million. */
export interface SortedKeys {
  add(key: string): void
  remove(key: string): void
  /** The texts that are not before `first`, in order. */
  from(first: string): IterableIterator<string>
}

/** A chunk is split when it gets longer. */
const longest = 1024

export function createSortedKeys(): SortedKeys {
  /** None of them is empty, except the only one. */
  const chunks: string[][] = [[]]

  /** The chunk that holds the key, or would hold it. */
  function chunkOf(key: string): number {
    let [low, high] = [0, chunks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((chunks[middle]?.[0] ?? '') <= key) low = middle
      else high = middle - 1
    }
    return low
  }

  return {
    add(key) {
      const index = chunkOf(key)
      const chunk = chunks[index] ?? []
      const at = placeOf(chunk, key)
      if (chunk[at] === key) return
      chunk.splice(at, 0, key)
      if (chunk.length > longest) chunks.splice(index + 1, 0, chunk.splice(longest / 2))
    },
    remove(key) {
      const index = chunkOf(key)
      const chunk = chunks[index] ?? []
      const at = placeOf(chunk, key)
      if (chunk[at] !== key) return
      chunk.splice(at, 1)
      if (chunk.length === 0 && chunks.length > 1) chunks.splice(index, 1)
    },
    *from(first) {
      const begin = chunkOf(first)
      for (let index = begin; index < chunks.length; index++) {
        const chunk = chunks[index] ?? []
        for (let at = index === begin ? placeOf(chunk, first) : 0; at < chunk.length; at++) yield chunk[at] ?? ''
      }
    },
  }
}

/** The place of the first text that is not before the key. */
function placeOf(chunk: readonly string[], key: string): number {
  let [low, high] = [0, chunk.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((chunk[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}
