import * as v from 'valibot'

/** The person, as sealed into a code and a refresh token; the subject is in the key of the grant. Short names: these travel in URLs. */
export const Person = v.object({
  email: v.exactOptional(v.string()),
  /** Absent: the OpenID Provider did not say. */
  ev: v.exactOptional(v.boolean()),
  /** Organisation: id, name. */
  oi: v.exactOptional(v.string()),
  on: v.exactOptional(v.string()),
})
export type Person = v.InferOutput<typeof Person>
