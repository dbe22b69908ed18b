/** What an `Authorization` header holds, before anything about the token is known. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'bearer'; readonly token: string }

/** RFC 6750 §2.1: `"Bearer" 1*SP b64token`, the scheme in any case (RFC 9110 §11.1). */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Reads the credentials of a request. Only the header counts: tokens in the query or in a form are ignored (S-01).
 *
 * A scheme that we do not offer is "no credentials" (RFC 6750 §3: "an unsupported authentication method"), so that it is
 * answered by a plain challenge; a repeated header (which `Headers` joins by a comma), two schemes at once and a Bearer
 * value that is no token68 are malformed (S-04).
 */
export function parseAuthorization(header: string | null): Credentials {
  if (header === null) return { kind: 'none' }
  const token = bearer.exec(header)?.[1]
  if (token !== undefined) return { kind: 'bearer', token }
  if (/^bearer(\s|,|$)/i.test(header)) return { kind: 'malformed', reason: 'not one token68' }
  if (/,\s*bearer\s/i.test(header)) return { kind: 'malformed', reason: 'several schemes' }
  return { kind: 'none' }
}
