/** Events in the order of their times. Events of the same time come in the order in which they were added. */
export class EventQueue<T> {
  readonly #heap: { readonly at: number; readonly order: number; readonly event: T }[] = []
  #added = 0

  get size(): number {
    return this.#heap.length
  }

  add(at: number, event: T): void {
    const heap = this.#heap
    const entry = { at, order: this.#added++, event }
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (!above || isBefore(above, entry)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  /** Removes the earliest event. */
  take(): { readonly at: number; readonly event: T } | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (!left) break
      if (right && isBefore(right, left)) child++
      const smaller = heap[child]
      if (!smaller || isBefore(last, smaller)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = last
    return first
  }
}

const isBefore = (one: { at: number; order: number }, other: { at: number; order: number }) =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
