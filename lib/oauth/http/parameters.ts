import { readBody } from '../../base/body.ts'
import { utf8 } from '../../base/json.ts'
import { OAuthError } from '../errors.ts'
import { elementsOf } from './joined-header.ts'

/**
 * The parameters of a request (OAuth 2.1 §3.1, §3.2). Unknown parameters are ignored, an empty value counts as absent, and a repeated
 * parameter is `invalid_request`. Only `resource` may repeat (RFC 8707 §2).
 */
export interface Parameters {
  /** Returns the value, or `undefined` if it is absent or empty. Throws `OAuthError` if the parameter is repeated. */
  get(name: string): string | undefined
  /** Returns all non-empty values of a parameter that may repeat. */
  all(name: string): readonly string[]
  /** The whole request, form-urlencoded. It is the same for the same request. */
  readonly encoded: string
}

export function parseParameters(source: URLSearchParams): Parameters {
  return {
    all: (name) => source.getAll(name).filter((value) => value !== ''),
    get encoded() {
      return source.toString()
    },
    get(name) {
      const [value, another] = source.getAll(name)
      if (another !== undefined) throw new OAuthError('invalid_request', `${name} is repeated`)
      return value || undefined
    },
  }
}

/** The most bytes of a form. No legitimate request is larger (a sealed request, a code, a client_id of 2 KB). */
const maxFormBytes = 32_768

/** Reads a posted form (T-01). Throws `OAuthError` for another content type, a body that is too large, or bytes that are not UTF-8. */
export async function readForm(request: Request): Promise<Parameters> {
  if (mediaType(request.headers.get('content-type') ?? '') !== formType) throw new OAuthError(...notAForm)
  return parseParameters(new URLSearchParams(await readText(request, maxFormBytes)))
}

/**
 * Reads a form that a client posts, not a browser. Some clients send a default content type joined with their own. If the form
 * type is one of several types, a body that looks like a form is read as one. Throws `OAuthError`.
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

/** A name and a value on one line. Neither JSON nor a multipart body begins like this. */
const looksLikeForm = /^[\w.~*+%-]*=[^\r\n]*$/

const mediaType = (header: string) => header.split(';')[0]?.trim().toLowerCase()

/** Reads the body as text of at most `maxBytes`. Throws `OAuthError`. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const body = await readBody(request.body, maxBytes)
  if (body === null) throw new OAuthError('invalid_request', 'the request body is too large')
  const text = utf8(body)
  if (text === null) throw new OAuthError('invalid_request', 'the request body is not UTF-8')
  return text
}
