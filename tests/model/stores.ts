import { createHandOver } from '../../lib/store/moving/hand-over.ts'
import { cellOf } from '../../lib/store/moving/mark.ts'
import { createMovingStore } from '../../lib/store/moving/moving-store.ts'
import type { Store } from '../../lib/store/store.ts'
import type { Step } from './explore.ts'
import { type Caller, ModelStore, type ModelStoreOptions, type StoredRecord } from './store.ts'
import { grantKey } from './world.ts'

/** What the stores hold at one moment. */
type Snapshot = readonly ReadonlyMap<string, StoredRecord>[]

/** One store, or two while everything moves from one to the other (`lib/store/moving`). */
export class ModelStores {
  readonly #source: ModelStore
  readonly #target: ModelStore | undefined
  readonly #all: readonly ModelStore[]

  /** @param onGrant called around each write of the grant, with the record that counted before and counts now */
  constructor(
    options: Omit<ModelStoreOptions, 'onWrite' | 'name'> & { readonly isMoving: boolean },
    onGrant: (
      before: StoredRecord | undefined,
      after: StoredRecord | undefined,
      written: StoredRecord | undefined,
    ) => void,
  ) {
    const { isMoving, ...each } = options
    const onWrite = (key: string, write: () => void, written: StoredRecord | undefined) => {
      const before = key === grantKey ? this.grant() : undefined
      write()
      if (key === grantKey) onGrant(before, this.grant(), written)
    }
    this.#source = new ModelStore({ ...each, onWrite, ...(isMoving && { name: 'source' }) })
    this.#target = isMoving ? new ModelStore({ ...each, records: [], onWrite, name: 'target' }) : undefined
    this.#all = this.#target ? [this.#source, this.#target] : [this.#source]
  }

  /** The record of the grant that counts: that of the target, else that of the source, else what a mark carries. */
  grant(): StoredRecord | undefined {
    const here = this.#source.records.get(grantKey)
    if (!this.#target) return here
    const there = this.#target.records.get(grantKey)
    for (const record of [there, here]) {
      const cell = cellOf(record ?? null)
      if (cell.kind === 'value') return record
    }
    const mark = cellOf(here ?? null)
    return mark.kind === 'mark' && mark.value ? { value: mark.value, version: mark.version } : undefined
  }

  /** What may happen at the stores next. */
  steps(): readonly Step[] {
    const waiting = this.#all.flatMap((store) => store.waiting())
    const landing = this.#all.flatMap((store) => store.late('landing'))
    // A late write may also never land, which makes no difference until all callers have ended.
    return waiting.length > 0
      ? [...waiting, ...landing]
      : [...landing, ...this.#all.flatMap((store) => store.late('never'))]
  }

  state(): string {
    return this.#all.map((store) => store.state()).join(' ')
  }

  wait(caller: Caller, says: string): Promise<void> {
    return this.#source.wait(caller, says)
  }

  /** The store as an instance sees it. `knowsOnlySource`: it is of a deploy before the move. */
  of(caller: Caller, knowsOnlySource: boolean): Store {
    const source = this.#source.of(caller)
    return this.#target && !knowsOnlySource ? moving(source, this.#target.of(caller)) : source
  }

  /** Hands the grant over, as the copy does. */
  async carry(caller: Caller, signal: AbortSignal): Promise<unknown> {
    return this.#target && createHandOver(this.#source.of(caller), this.#target.of(caller)).carry(grantKey, signal)
  }

  /** The stores without doors and faults, for what comes after a run: as today's instances see them, and as those before the move. */
  calm(): readonly Store[] {
    const source = this.#source.calm()
    return this.#target ? [moving(source, this.#target.calm('there')), source] : [source]
  }

  snapshot(): Snapshot {
    return this.#all.map(({ records }) => new Map(records))
  }

  restore(snapshot: Snapshot): void {
    for (const [index, { records }] of this.#all.entries()) {
      records.clear()
      for (const [key, record] of snapshot[index] ?? []) records.set(key, record)
    }
  }
}

const moving = (source: Store, target: Store) => createMovingStore({ source, target, opened: async () => 'open' })
