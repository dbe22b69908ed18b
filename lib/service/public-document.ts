import { hash } from 'node:crypto'
import { toJson } from '../base/well-formed.ts'
import { corsHeaders, json } from '../oauth/http/json-answers.ts'

/**
 * Answers with a document that is the same for every caller until the next deploy, and with 304 to a caller that has it
 * already (RFC 9110 §13.1.2).
 *
 * @param headers its type, and how long a cache may keep it
 */
export function publicDocument(body: object, headers: Record<string, string>): (request: Request) => Response {
  const etag = `"${hash('sha256', toJson(body), 'base64url').slice(0, 22)}"`
  return (request) => unlessKnown(request, { ...headers, etag }, (all) => json(body, 200, all))
}

/** The same for bytes of a known digest. */
export function publicBytes(
  request: Request,
  { bytes, digest }: { readonly bytes: Buffer<ArrayBuffer>; readonly digest: string },
  headers: Record<string, string>,
): Response {
  return unlessKnown(request, { ...headers, etag: `"${digest.slice(-32)}"` }, (all) => {
    const body = request.method === 'HEAD' ? null : bytes
    const sent = { ...corsHeaders, 'x-content-type-options': 'nosniff', 'content-length': String(bytes.length), ...all }
    return new Response(body, { headers: sent })
  })
}

function unlessKnown<Headers extends { readonly etag: string }>(
  request: Request,
  headers: Headers,
  answer: (headers: Headers) => Response,
): Response {
  const known = request.headers.get('if-none-match')?.split(',') ?? []
  const isKnown = known.some((tag) => ['*', headers.etag].includes(tag.trim().replace(/^W\//, '')))
  return isKnown ? new Response(null, { status: 304, headers: { ...corsHeaders, ...headers } }) : answer(headers)
}
