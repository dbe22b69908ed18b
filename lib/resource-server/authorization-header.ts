/** What an `Authorization` header holds. Nothing about the token is verified yet. */
export type Credentials =
  | { readonly kind: 'none' }
  /** 400: it is unclear which of several credentials counts. */
  | { readonly kind: 'several'; readonly reason: string }
  /** The header holds text in the place of the token that cannot be a token. */
  | { readonly kind: 'no token' }
  | { readonly kind: 'bearer' | 'dpop'; readonly token: string }

/** RFC 6750 §2.1: `"Bearer" 1*SP b64token`, and the same with `DPoP` (RFC 9449 §7.1). The scheme is in any case (RFC 9110 §11.1). */
const oneToken = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/
/** A repeated header, which `Headers` joins by a comma, begins anew with a scheme. */
const anotherScheme = /,\s*(?:basic|bearer|digest|dpop|negotiate)(?:[\s,]|$)/i

/**
 * Reads the credentials of a request. Only the header counts: tokens in the query or in a form are ignored (S-01).
 *
 * - A scheme that we do not offer is "no credentials" (RFC 6750 §3: "an unsupported authentication method"). So is `Bearer`
 *   without a token, which clients send that have none yet. Both get a plain challenge, and the client starts a sign-in.
 * - Text that cannot be a token, such as a placeholder, is a bad token.
 * - A repeated header, two schemes at once and two tokens are a bad request (S-04).
 */
export function parseAuthorization(header: string | null): Credentials {
  if (header === null) return { kind: 'none' }
  const [, scheme = '', token] = oneToken.exec(header) ?? []
  if (token !== undefined) return { kind: scheme.length === 4 ? 'dpop' : 'bearer', token }
  if (anotherScheme.test(header)) return severalSchemes(header)
  const [, text] = /^(?:bearer|dpop)(?: +|$|(?=[\s,]))(.*)$/is.exec(header) ?? []
  if (text === undefined || text.trim() === '') return { kind: 'none' }
  const areTokens = (parts: readonly string[]) => parts.length > 1 && parts.every((part) => token68.test(part))
  const words = text.split(/\s+/)
  const areJwts = areTokens(words) && words.every((word) => word.split('.').length === 3)
  return areJwts || areTokens(text.split(',').map((part) => part.trim()))
    ? { kind: 'several', reason: 'several tokens' }
    : { kind: 'no token' }
}

/** Several schemes are a bad request only if one of ours is among them. */
function severalSchemes(header: string): Credentials {
  return /(?:^|,)\s*(?:bearer|dpop)(?:[\s,]|$)/i.test(header)
    ? { kind: 'several', reason: 'several schemes' }
    : { kind: 'none' }
}
