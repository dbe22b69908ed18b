import * as v from 'valibot'

const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(255),
  v.check((text) => text.isWellFormed()),
)

/** The forms of a subject identifier (RFC 9493 §3.2) that name a person here. Other members are not allowed. */
const SubjectIdentifier = v.variant('format', [
  v.strictObject({ format: v.literal('iss_sub'), iss: name, sub: name }),
  v.strictObject({ format: v.literal('email'), email: v.pipe(name, v.regex(/^[^\s@]+@[^\s@]+$/u)) }),
  /** Our own id of the person, which is the `sub` of their access tokens. */
  v.strictObject({ format: v.literal('opaque'), id: v.pipe(v.string(), v.regex(/^u_[\w-]{43}$/)) }),
])
export type SubjectIdentifier = v.InferOutput<typeof SubjectIdentifier>

/** Reads the body of a revocation request. Older drafts, and Auth0, write `subject` for `sub_id`. Returns `null` for another form. */
export function subjectIdentifierOf(body: Readonly<Record<string, unknown>>): SubjectIdentifier | null {
  if ('sub_id' in body === 'subject' in body) return null
  const parsed = v.safeParse(SubjectIdentifier, body.sub_id ?? body.subject)
  return parsed.success ? parsed.output : null
}
