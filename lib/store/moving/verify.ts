import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../base/json.ts'
import { type Store, StoreUnavailable, type StoreValue } from '../store.ts'
import type { HandOver } from './hand-over.ts'
import { cellOf } from './mark.ts'
import type { Verified } from './progress.ts'
import { collectionOf, ruleOf } from './rules.ts'

/** What verifying says about one record. `absent`: it was removed. */
export type Verdict =
  | { readonly is: 'absent' | 'late' | 'merged' | 'wrong' }
  | { readonly is: 'same' | 'changed'; readonly handedOver: StoreValue; readonly atTarget: StoreValue }

/**
 * Compares what was handed over with what the target has. Moves a record that was left at the source. Throws `StoreUnavailable`.
 */
export async function verifyRecord(
  { source, target, handOver }: { readonly source: Store; readonly target: Store; readonly handOver: HandOver },
  key: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const carried = await handOver.carry(key, signal)
  if (carried === 'moved') return { is: 'late' }
  if (carried === 'merged' || carried === 'absent') return { is: carried }
  const [here, there] = [cellOf(await source.get(key, signal)), cellOf(await target.get(key, signal))]
  // It was removed in this moment, or was created where no copy has to look.
  if (there.kind !== 'value' || here.kind !== 'mark' || here.value === null) return { is: 'absent' }
  const values = { handedOver: here.value, atTarget: there.value }
  if (isDeepStrictEqual(here.value, there.value)) return { is: 'same', ...values }
  return (ruleOf(key).mayFollow?.(here.value, there.value) ?? true) ? { is: 'changed', ...values } : { is: 'wrong' }
}

const noDigest = '0'.repeat(64)

/** Adds a record to what verifying found in its collection. */
export function added(
  collections: Readonly<Record<string, Verified>>,
  key: string,
  { is, handedOver, atTarget }: Extract<Verdict, { handedOver: StoreValue }>,
): Readonly<Record<string, Verified>> {
  const collection = collectionOf(key)
  const known = collections[collection] ?? { records: 0, changed: 0, handedOver: noDigest, atTarget: noDigest }
  const next: Verified =
    is === 'changed'
      ? { ...known, records: known.records + 1, changed: known.changed + 1 }
      : {
          records: known.records + 1,
          changed: known.changed,
          handedOver: combined(known.handedOver, digestOf(key, handedOver)),
          atTarget: combined(known.atTarget, digestOf(key, atTarget)),
        }
  return { ...collections, [collection]: next }
}

const digestOf = (key: string, value: StoreValue): string =>
  createHash('sha256')
    .update(`${key}\n${canonical(value)}`)
    .digest('hex')

/** XOR: the order of the records makes no difference, so that a digest grows slice by slice. */
const combined = (one: string, other: string): string =>
  Buffer.from(Buffer.from(one, 'hex').map((byte, index) => byte ^ (Buffer.from(other, 'hex')[index] ?? 0))).toString(
    'hex',
  )

/** JSON with the members of every object in order: one store may keep them in another. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

/** Runs work for one record, twice if it fails. `null`: one of the stores cannot give the record. */
export async function unlessUnreadable<T>(work: () => Promise<T>, attempts = 2): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return attempts > 1 ? unlessUnreadable(work, attempts - 1) : null
  }
}
