import { utf8 } from '../../base/json.ts'
import { OAuthError } from '../errors.ts'
import { elementsOf } from '../http/joined-header.ts'
import type { Parameters } from '../http/parameters.ts'

/** The credentials in a request: who the client claims to be, and its proof. */
export type Credentials =
  | { readonly method: 'none'; readonly id: string }
  | {
      readonly method: 'client_secret_post' | 'client_secret_basic'
      readonly id: string
      /** One secret, or two if the header can be read in two ways. */
      readonly secrets: readonly string[]
    }
  /** `id` is the parameter, which is optional (RFC 7521 §4.2). */
  | { readonly method: 'private_key_jwt'; readonly assertion: string; readonly id: string | undefined }

export type SecretCredentials = Extract<Credentials, { secrets: unknown }>
export type AssertionCredentials = Extract<Credentials, { assertion: unknown }>

/** RFC 7523 §2.2. */
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Reads the credentials of a request to the token endpoint (OAuth 2.1 §2.4; T-07). Throws `OAuthError`, also for more than one
 * kind of credentials. In the Authorization header only Basic is client authentication. A stale bearer token or a placeholder
 * there is ignored, and the body decides.
 */
export function readCredentials(request: Request, form: Parameters): Credentials {
  const [header, another] = basicParts(request)
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  const type = form.get('client_assertion_type')

  const ways = [header, another, secret, assertion ?? type].filter((way) => way !== undefined)
  if (ways.length > 1) {
    throw new OAuthError('invalid_request', 'more than one way of client authentication')
  }
  if (header !== undefined) return readBasic(header, id)
  if (assertion !== undefined || type !== undefined) {
    if (type !== assertionType) throw new OAuthError('invalid_client', `client_assertion_type must be ${assertionType}`)
    if (assertion === undefined) throw new OAuthError('invalid_client', 'client_assertion is missing')
    return { method: 'private_key_jwt', assertion, id }
  }
  if (id === undefined) throw new OAuthError('invalid_request', 'client_id is missing')
  return secret === undefined ? { method: 'none', id } : { method: 'client_secret_post', id, secrets: [secret] }
}

/** Returns every element of the `Authorization` header with the scheme Basic, readable or not. None is ignored (T-08). */
function basicParts(request: Request): readonly string[] {
  const isBasic = (element: string) => /^basic(?![\w!#$%&'*+.^`|~-])/i.test(element)
  return elementsOf(request.headers.get('authorization') ?? '').filter(isBasic)
}

/**
 * Reads Basic credentials (T-08). OAuth 2.1 §2.4.1 form-urlencodes id and secret before they are joined. The TypeScript SDK and
 * other clients do not, so the secret is read both ways. An id of this server reads the same in both.
 */
function readBasic(header: string, clientId: string | undefined): SecretCredentials {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  const [, rawId = '', secret = ''] = /^([^:]+):(.*)$/s.exec(utf8(Buffer.from(encoded, 'base64')) ?? '') ?? []
  if (rawId === '') throw new OAuthError('invalid_client', 'the Authorization header is not readable')
  const id = formDecoded(rawId) ?? rawId
  if (clientId !== undefined && clientId !== id) {
    throw new OAuthError('invalid_request', 'client_id is not the one of the Authorization header')
  }
  const decoded = formDecoded(secret)
  const secrets = decoded === null || decoded === secret ? [secret] : [decoded, secret]
  return { method: 'client_secret_basic', id, secrets }
}

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
