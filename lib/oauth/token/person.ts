import * as v from 'valibot'
import type { WireNames } from '../keys/wire-names.ts'

/** The user, as sealed into a code and a refresh token. The subject is missing here, because it is in the key of the grant. */
export const Person = v.object({
  email: v.optional(v.string()),
  /** Absent if the OpenID Provider did not say. */
  emailVerified: v.optional(v.boolean()),
  organizationId: v.optional(v.string()),
  organizationName: v.optional(v.string()),
  /** What the claims say about the user's role, as `lib/people/roles/marks.ts` makes it. Absent where no claim decides. */
  roleMarks: v.optional(v.array(v.string())),
  /** The name of the provider that says so. Absent: the default provider. */
  provider: v.optional(v.string()),
})
export type Person = v.InferOutput<typeof Person>

export const personNames = {
  emailVerified: 'ev',
  organizationId: 'oi',
  organizationName: 'on',
  roleMarks: 'rm',
  provider: 'pv',
} satisfies WireNames & { readonly [Name in keyof Person]?: string }
