import { initialize } from '../clients.ts'
import { described, type Examination, isRedirect, jsonIn } from '../examination.ts'
import type { Answer, Ask } from '../network.ts'
import { places } from './discovery.ts'

/** A page that some user has open. The service lets any page read, since no cookie is involved. */
const page = 'https://claude.ai'

const cors = { origin: page, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

/** Checks what a client in a browser may send and read. */
export async function checkWebPages(examination: Examination): Promise<void> {
  const { ask, found, fact, origin, mcpUrl, documents } = examination
  fact('may send what clients send, and read the answers')
  const tokenUrl = ownEndpoint(examination, documents.server?.token_endpoint)
  const registerUrl = ownEndpoint(examination, documents.server?.registration_endpoint)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const requests: readonly Ask[] = [
    { url: origin + places.resource },
    { url: origin + places.server },
    { url: mcpUrl, method: 'POST', headers: { 'content-type': 'application/json' }, body: initialize },
    ...(tokenUrl
      ? [{ url: tokenUrl, method: 'POST' as const, headers: form, body: 'grant_type=authorization_code' }]
      : []),
  ]
  for (const request of requests) {
    const answer = await ask({ ...request, headers: { ...request.headers, ...cors } })
    // Other checks report a page that comes in place of an answer.
    if (answer && jsonIn(answer)) checkReadable(examination, answer)
  }
  const preflights = [
    ...(documents.server ? [{ url: origin + places.server, method: 'GET', headers: 'mcp-protocol-version' }] : []),
    { url: mcpUrl, method: 'POST', headers: 'authorization,content-type,mcp-protocol-version,mcp-session-id' },
    ...(tokenUrl ? [{ url: tokenUrl, method: 'POST', headers: 'authorization' }] : []),
    ...(registerUrl ? [{ url: registerUrl, method: 'POST', headers: 'content-type' }] : []),
  ]
  for (const { url, method, headers } of preflights) {
    const answer = await ask({
      url,
      method: 'OPTIONS',
      headers: { ...cors, 'access-control-request-method': method, 'access-control-request-headers': headers },
    })
    // If the service is out of service, the check of its health reports it.
    if (answer === null || isRedirect(answer) || answer.status === 503) continue
    const why = refusal(answer, headers)
    if (why !== null) found('preflight-refused', why)
  }
}

/**
 * Returns an endpoint of the metadata if it is at the origin of the service. Another check reports an endpoint at another host.
 */
export function ownEndpoint({ origin }: Examination, value: unknown): string | undefined {
  return typeof value === 'string' && URL.parse(value)?.origin === origin ? value : undefined
}

function checkReadable({ found }: Examination, answer: Answer): void {
  const { headers, doubled, request, status } = answer
  const allowed = headers.get('access-control-allow-origin')
  if (doubled.has('access-control-allow-origin') || allowed?.includes(',')) return void found('cors-doubled', request)
  if (allowed !== '*' && allowed !== page) return void found('cors-missing', `${request}, status ${status}`)
  if (!headers.has('www-authenticate')) return
  if (!listed(headers, 'access-control-expose-headers').includes('www-authenticate')) found('challenge-hidden', request)
}

/** Says why a browser does not send the request after this preflight. Returns `null` if the browser sends it. */
function refusal(answer: Answer, wanted: string): string | null {
  const { status, headers, request, doubled } = answer
  if (status < 200 || status > 299) return described(answer)
  // The answers themselves show this fault as well.
  if (doubled.has('access-control-allow-origin')) return null
  const allowed = headers.get('access-control-allow-origin')
  if (allowed !== '*' && allowed !== page) return `${request} allows no other origin`
  const names = listed(headers, 'access-control-allow-headers')
  const missing = wanted.split(',').filter((name) => {
    // The asterisk does not cover Authorization (Fetch §4.9).
    return !names.includes(name) && !(names.includes('*') && name !== 'authorization')
  })
  return missing.length > 0 ? `${request} does not allow ${missing.join(', ')}` : null
}

const listed = (headers: Headers, name: string) =>
  (headers.get(name) ?? '').split(',').map((entry) => entry.trim().toLowerCase())
