import { isObject } from '../../../lib/base/json.ts'
import { type ClientHabits, clients } from '../clients.ts'
import { described, type Examination, jsonIn } from '../examination.ts'
import type { Answer } from '../network.ts'
import { checkRedirect } from './discovery.ts'
import { ownEndpoint } from './web.ts'

/** The client name in the registrations of a check. Users see it on pages, and admins in reports. */
export const clientName = 'mcp-oauth-broker doctor'

/** Registers in the way of each client that uses registration. The service stores nothing. */
export async function checkRegistration(examination: Examination): Promise<void> {
  const { documents, found } = examination
  if (documents.server === null) return
  if (documents.server.registration_endpoint === undefined) {
    return found('registration-closed', 'the metadata names no registration endpoint')
  }
  const url = ownEndpoint(examination, documents.server.registration_endpoint)
  if (url === undefined) return
  examination.fact('as Codex, Cursor and VS Code register; stored nowhere')
  for (const client of clients) {
    if (client.registration === null) continue
    const answer = await register(examination, url, client.name, client.registration)
    if (answer === null || checkRedirect(examination, answer)) continue
    if (!judge(examination, answer, client)) return
  }
}

type Registration = NonNullable<ClientHabits['registration']>

/** Registers a client of this check. */
export function register(
  { ask }: Examination,
  url: string,
  name: string,
  { redirectUris, grantTypes, applicationType }: Registration,
): Promise<Answer | null> {
  const body = {
    client_name: `${clientName} (${name})`,
    redirect_uris: redirectUris,
    grant_types: grantTypes,
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...(applicationType && { application_type: applicationType }),
  }
  return ask({ url, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

/** Returns whether it makes sense to go on. */
function judge(examination: Examination, answer: Answer, { name, registration }: ClientHabits): boolean {
  const { found } = examination
  const { status, headers } = answer
  const body = jsonIn(answer)
  if (status === 401 && headers.get('www-authenticate')?.includes('realm="registration"')) {
    found('registration-closed', 'registration needs a token of the operator')
    return false
  }
  if (status === 429) {
    found('registration-limited', described(answer))
    return false
  }
  // If sign-in is out of service, the check of the service reports it.
  if (status === 503 && body?.error === 'temporarily_unavailable') return false
  if (status >= 400 || body === null) {
    const { error, error_description: words } = body ?? {}
    const why =
      typeof error === 'string' ? ` (${error}${typeof words === 'string' ? `: ${words.slice(0, 200)}` : ''})` : ''
    found('registration-refused', `${name}: ${described(answer)}${why}`, [name])
    return true
  }
  const odd = [
    status !== 201 && `status ${status}`,
    typeof body.client_id !== 'string' && 'no client_id',
    JSON.stringify(body.redirect_uris) !== JSON.stringify(registration?.redirectUris) && 'other redirect_uris',
    Object.values(body).includes(null) && 'null',
    isObject(body) && !/\bno-store\b/.test(headers.get('cache-control') ?? '') && 'cacheable',
  ].filter((complaint) => complaint !== false)
  if (odd.length > 0) found('registration-altered', `${name}: ${odd.join(', ')}`)
  if (name === 'Codex' && typeof body.client_id === 'string') examination.clientId = body.client_id
  return true
}
