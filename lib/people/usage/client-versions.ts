import type { Store } from '../../store/store.ts'
import type { UsageClient } from './event.ts'
import { clientNameKey } from './names.ts'
import type { PseudonymSource } from './pseudonyms.ts'
import { dayOf } from './time.ts'
import { update } from './update.ts'

/** Versions that are kept of a client: the ones that were seen last. */
const mostVersions = 5
const versionForm = /^\d{1,6}(?:\.\d{1,6}){0,3}$/

/** The versions of a client's record, the one that was seen last first. */
export function versionsOf(value: unknown): readonly string[] {
  return entriesOf(value).map(([version]) => version)
}

/** The versions with the days on which they were seen last. Whatever else is there is left out. */
function entriesOf(value: unknown): readonly (readonly [version: string, day: string])[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value)
    .flatMap(([version, day]) =>
      versionForm.test(version) && typeof day === 'string' ? [[version, day] as const] : [],
    )
    .toSorted(([one, first], [other, second]) => (first === second ? byNumbers(other, one) : first < second ? 1 : -1))
    .slice(0, mostVersions)
}

const byNumbers = (one: string, other: string) => one.localeCompare(other, 'en', { numeric: true })

export interface ClientVersionOptions {
  readonly store: Store
  readonly pseudonyms: Pick<PseudonymSource, 'load'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Makes the function that notes a version in the record of a client, which its first sign-in made. A version that was seen today costs
 * one read. Throws `StoreUnavailable`.
 */
export function createVersionRecorder({ store, pseudonyms, now }: ClientVersionOptions) {
  return async (client: UsageClient, version: string, signal: AbortSignal): Promise<void> => {
    const key = clientNameKey((await pseudonyms.load(signal)).client(client))
    const today = dayOf(now())
    await update(
      store,
      key,
      (value) => {
        const known = entriesOf(value?.versions)
        if (!value || known.some(([one, day]) => one === version && day >= today)) return null
        const versions = Object.fromEntries([...known, [version, today] as const])
        return { ...value, versions: Object.fromEntries(entriesOf(versions)) }
      },
      signal,
    )
  }
}
