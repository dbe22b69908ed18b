import { readBody } from '../../base/body.ts'
import { OAuthError } from '../errors.ts'
import { elementsOf } from './joined-header.ts'

/**
 * The parameters of a request (OAuth 2.1 §3.1, §3.2): unknown ones are ignored, an empty value counts as absent, a
 * repeated one is `invalid_request`. Only `resource` may repeat (RFC 8707 §2).
 */
export interface Parameters {
  /** The value, or `undefined` if absent or empty. Throws `OAuthError` when it is repeated. */
  get(name: string): string | undefined
  /** Every non-empty value of a parameter that may repeat. */
  all(name: string): readonly string[]
  /** The whole request, form-urlencoded: the same for the same request. */
  readonly encoded: string
}

export function parseParameters(source: URLSearchParams): Parameters {
  const all = (name: string) => source.getAll(name).filter((value) => value !== '')
  return {
    all,
    get encoded() {
      return source.toString()
    },
    get(name) {
      if (source.getAll(name).length > 1) throw new OAuthError('invalid_request', `${name} is repeated`)
      return all(name)[0]
    },
  }
}

/** Bytes of a form that no legitimate request exceeds (a sealed request, a code, a client_id of 2 KB). */
const maxFormBytes = 32_768

/**
 * The body of a form post (T-01). Throws `OAuthError` for another content type, a body that is too large, and bytes
 * that are not UTF-8.
 */
export async function readForm(request: Request): Promise<Parameters> {
  if (mediaType(request.headers.get('content-type') ?? '') !== formType) throw new OAuthError(...notAForm)
  return parseParameters(new URLSearchParams(await readText(request, maxFormBytes)))
}

/**
 * The same for what clients post, not browsers: if a default header and the client's own were joined, so that the form
 * type is one of several, a body that is a form is taken as one.
 */
export async function readClientForm(request: Request): Promise<Parameters> {
  const types = elementsOf(request.headers.get('content-type') ?? '').map(mediaType)
  if (!types.includes(formType)) throw new OAuthError(...notAForm)
  const text = await readText(request, maxFormBytes)
  if (types.length > 1 && !looksLikeForm.test(text)) throw new OAuthError(...notAForm)
  return parseParameters(new URLSearchParams(text))
}

const formType = 'application/x-www-form-urlencoded'
const notAForm = ['invalid_request', `the content type must be ${formType}`] as const

/** A name and a value, on one line: neither JSON nor a multipart body begins so. */
const looksLikeForm = /^[\w.~*+%-]*=[^\r\n]*$/

const mediaType = (header: string) => header.split(';')[0]?.trim().toLowerCase()

/** The body as text, at most `maxBytes` of it. Throws `OAuthError`. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const body = await readBody(request.body, maxBytes)
  if (body === null) throw new OAuthError('invalid_request', 'the request body is too large')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new OAuthError('invalid_request', 'the request body is not UTF-8')
  }
}
