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
  return (request) => {
    const known = request.headers.get('if-none-match')?.split(',') ?? []
    if (known.some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))) {
      return new Response(null, { status: 304, headers: { ...corsHeaders, ...headers, etag } })
    }
    return json(body, 200, { ...headers, etag })
  }
}
