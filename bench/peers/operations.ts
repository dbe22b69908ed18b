import { setTimeout as delay } from 'node:timers/promises'

export type OperationKind = 'read' | 'write' | 'delete' | 'list' | 'transaction'

/** How many operations of each kind a store has served. */
export type OperationCounts = Record<OperationKind, number>

/** The store of a peer runs each of its operations through this, which counts it and makes it wait. */
export class Operations {
  readonly counts: OperationCounts = { read: 0, write: 0, delete: 0, list: 0, transaction: 0 }
  /** Milliseconds that each operation waits before it begins. */
  delay = 0

  async run<T>(kind: OperationKind, work: () => T | Promise<T>): Promise<T> {
    this.counts[kind] += 1
    if (this.delay > 0) await delay(this.delay)
    return work()
  }
}
