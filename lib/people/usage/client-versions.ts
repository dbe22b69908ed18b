import type { Store } from '../../store/store.ts'
import type { UsageClient } from './event.ts'
import { clientNameKey } from './names.ts'
import type { PseudonymSource } from './pseudonyms.ts'
import { dayOf } from './time.ts'
import { update } from './update.ts'

/** How many versions of a client are kept. They are the ones that were seen last. */
const mostVersions = 5
const versionForm = /^\d{1,6}(?:\.\d{1,6}){0,3}$/

/** Returns the versions in a client's record. The one that was seen last comes first. */
export function versionsOf(value: unknown): readonly string[] {
  return entriesOf(value).map(([version]) => version)
}

/** Returns the versions, each with the day on which it was last seen. Skips values of another form. */
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
 * Makes the function that adds a version to the record of a client. The client's first sign-in has created the record. A version
 * that was seen today costs one read. Throws `StoreUnavailable`.
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
