import * as v from 'valibot'
import { secondsOf } from '../base/times.ts'
import { type Store, StoreUnavailable } from '../store/store.ts'
import type { PersonalData } from './privacy/personal-data.ts'

/** The store and the sealer of personal data, without which no reader of `users/<sub>` knows who a person is. */
export interface Users {
  readonly store: Store
  readonly personalData: PersonalData
}

/** A record of `users/<sub>`, with the email address and the name in clear. Times are in seconds since the epoch. */
const User = v.looseObject({
  email: v.optional(v.string()),
  name: v.optional(v.string()),
  domain: v.optional(v.string()),
  /** `null`: the OpenID Provider did not say. */
  emailVerified: v.optional(v.nullable(v.boolean())),
  organization: v.optional(v.object({ id: v.optional(v.string()), name: v.optional(v.string()) })),
  firstSeenAt: v.optional(v.pipe(v.unknown(), v.transform(secondsOf))),
  lastSeenAt: v.optional(v.pipe(v.unknown(), v.transform(secondsOf))),
})
export type User = v.InferOutput<typeof User>

export const userKey = (sub: string): string => `users/${sub}`

/**
 * Reads who a person is. This is the only way to read an email address or a name from the store. Returns `null` for a person
 * without a record. Throws `StoreUnavailable`, also for a damaged record.
 */
export async function readUser({ store, personalData }: Users, sub: string, signal: AbortSignal): Promise<User | null> {
  const stored = await store.get(userKey(sub), signal)
  if (stored === null) return null
  const parsed = v.safeParse(User, personalData.open(userKey(sub), stored.value))
  if (!parsed.success) throw new StoreUnavailable('the record of a user is damaged')
  return parsed.output
}
