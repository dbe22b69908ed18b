import type { StoreValue } from '../../store/store.ts'
import type { PersonalData } from './personal-data.ts'

/**
 * The keys that lead to a person besides `users/<sub>`. They hold nothing but their key.
 * - `addresses/<name of the address>/<sub>` finds the person with an exact email address.
 * - `last-seen/<yyyymm>/<sub>` finds the people who signed in for the last time in a month.
 */
export const addressPrefix = (name: string): string => `addresses/${name}/`
export const lastSeenPrefix = 'last-seen/'
export const lastSeenMonth = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 7).replace('-', '')

/** What the record of a person says about its index keys. */
export interface Indexed {
  /** The name of the address in the index. It is in the record, so that a later secret is not needed to find the key. */
  readonly addressName: string | undefined
  readonly lastSeenAt: number | undefined
}

/** Reads from a stored record where the person is in the indexes. */
export function indexedAs({ addressName, lastSeenAt }: StoreValue): Indexed {
  return {
    addressName: typeof addressName === 'string' ? addressName : undefined,
    lastSeenAt: typeof lastSeenAt === 'number' ? lastSeenAt : undefined,
  }
}

/** Returns the index keys of a person. */
export function indexKeys(sub: string, { addressName, lastSeenAt }: Indexed): readonly string[] {
  return [
    ...(addressName === undefined ? [] : [addressPrefix(addressName) + sub]),
    ...(lastSeenAt === undefined ? [] : [`${lastSeenPrefix}${lastSeenMonth(lastSeenAt)}/${sub}`]),
  ]
}

/** Returns the name of an address under the current secret. */
export const currentAddressName = (personalData: PersonalData, email: string | undefined): string | undefined =>
  email === undefined ? undefined : personalData.addressNames(email)[0]
