import { randomUUID } from 'node:crypto'
import { isObject } from '../../base/json.ts'
import { type Stored, StoreUnavailable, type StoreValue } from '../store.ts'
import type { MovingRule } from './rules.ts'

/**
 * What stands in a store in place of a record that was handed over to the other store. It carries the value that it replaced, so
 * that anyone can finish the hand-over if its author dies before the value is written.
 */
export interface Mark {
  /** Counts how often the record was handed over, in either direction. Of two marks, the one with the higher turn is the later. */
  readonly turn: number
  readonly id: string
  /** `null`: the record was removed. */
  readonly value: StoreValue | null
  /** Whether another instance than its author may have written the value. */
  readonly helped?: boolean
}

export interface Absent {
  readonly kind: 'absent'
}
export interface Marked extends Mark {
  readonly kind: 'mark'
  readonly version: string
}
export interface Held {
  readonly kind: 'value'
  readonly value: StoreValue
  readonly version: string
}
/** What one store has at a key. */
export type Cell = Absent | Marked | Held
/** No live record: nothing, or a mark. */
export type Vacant = Absent | Marked

/** The member of a stored value that makes it a mark. No record has a member of this name. */
const member = 'handedOver'

export const newMark = (value: StoreValue | null, ...before: readonly Vacant[]): Mark => ({
  turn: Math.max(0, ...before.map((cell) => (cell.kind === 'mark' ? cell.turn : 0))) + 1,
  id: randomUUID(),
  value,
})

/** Writes a mark as the value of a record. */
export function toValue({ turn, id, value, helped }: Mark, rule: MovingRule): StoreValue {
  if (value === null) return { [member]: { turn, id, gone: true } }
  const isOpen = rule.mark === 'open' || rule.isFinal?.(value) === true
  return isOpen ? { ...value, [member]: { turn, id, helped } } : { [member]: { turn, id, helped, value } }
}

/** Reads what a store has at a key. Throws `StoreUnavailable` for a damaged mark. */
export function cellOf(stored: Stored | null): Cell {
  if (stored === null) return { kind: 'absent' }
  const { version } = stored
  const { [member]: mark, ...rest } = stored.value
  if (mark === undefined) return { kind: 'value', value: stored.value, version }
  if (!isObject(mark) || typeof mark.turn !== 'number' || typeof mark.id !== 'string')
    throw new StoreUnavailable('the mark of a record that has moved is damaged')
  const value = mark.gone === true ? null : isObject(mark.value) ? mark.value : rest
  return { kind: 'mark', turn: mark.turn, id: mark.id, helped: mark.helped === true, value, version }
}

/** Returns the later of two marks; of one mark and nothing, the mark. */
export function laterOf(one: Vacant, other: Vacant): Marked | null {
  if (one.kind === 'absent') return other.kind === 'absent' ? null : other
  return other.kind === 'mark' && other.turn > one.turn ? other : one
}
