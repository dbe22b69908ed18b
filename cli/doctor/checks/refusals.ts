import { clients } from '../clients.ts'
import { described, type Examination, isRedirect, jsonIn } from '../examination.ts'
import type { Answer } from '../network.ts'
import { ownEndpoint } from './web.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }

/** Checks that refusals have the form that clients need in order to recover. */
export async function checkRefusals(examination: Examination): Promise<void> {
  const { documents, ask, fact, clientId } = examination
  fact('in the form from which clients recover')
  const token = ownEndpoint(examination, documents.server?.token_endpoint)
  const authorize = ownEndpoint(examination, documents.server?.authorization_endpoint)
  const post = (body: Readonly<Record<string, string>>) =>
    token === undefined
      ? null
      : ask({ url: token, method: 'POST', headers: form, body: String(new URLSearchParams(body)) })
  const code = { grant_type: 'authorization_code', code: 'doctor', code_verifier: 'd'.repeat(43) }
  const redirectUri = redirectUriOf('Codex')
  const unknown = { ...code, client_id: 'mcp-oauth-broker-doctor', redirect_uri: redirectUri }
  expectError(examination, await post(unknown), 401, 'invalid_client')
  if (clientId === undefined) return
  expectError(
    examination,
    await post({ ...code, client_id: clientId, redirect_uri: redirectUri }),
    400,
    'invalid_grant',
  )
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'doctor' }
  expectError(examination, await post(refresh), 400, 'invalid_grant')
  if (authorize === undefined) return
  const query = (redirect: string, more = {}) =>
    `${authorize}?${new URLSearchParams({ ...authorization(clientId, redirect), ...more })}`
  const page = { accept: 'text/html' }
  expectPage(examination, await ask({ url: query('https://attacker.example/callback'), headers: page }), 400)
  expectPage(examination, await ask({ url: query(redirectUri), headers: page }), 200)
}

const redirectUriOf = (name: string) =>
  clients.find((client) => client.name === name)?.registration?.redirectUris[0] ?? ''

const authorization = (clientId: string, redirectUri: string) => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: redirectUri,
  state: 'doctor',
  // No verifier belongs to this challenge, because this sign-in is never finished.
  code_challenge: 'd'.repeat(43),
  code_challenge_method: 'S256',
})

function expectError({ found }: Examination, answer: Answer | null, status: number, error: string): void {
  if (answer === null) return
  const said = jsonIn(answer)?.error
  // If sign-in is out of service, the check of the service reports it.
  if (answer.status === 503 && said === 'temporarily_unavailable') return
  if (answer.status === status && said === error) return
  found(
    'refusal-replaced',
    `${described(answer)}${typeof said === 'string' ? ` (${said})` : ''}, not ${status} ${error}`,
  )
}

/** Expects a page for the user: the consent page, or an error page. */
function expectPage({ found }: Examination, answer: Answer | null, status: number): void {
  if (answer === null || answer.status === 503) return
  if (isRedirect(answer) && status !== 200)
    return void found(
      'refusal-redirects',
      `${answer.request} leads to ${answer.headers.get('location')?.slice(0, 100)}`,
    )
  const isPage = /^text\/html/.test(answer.headers.get('content-type') ?? '') && /<h1/.test(answer.text)
  if (answer.status !== status || !isPage)
    found('refusal-replaced', `${described(answer)}, not the page with ${status}`)
}
