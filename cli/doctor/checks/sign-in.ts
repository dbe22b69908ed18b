import { createHash, randomBytes } from 'node:crypto'
import { isObject, parseJson } from '../../../lib/base/json.ts'
import type { Json } from '../../api.ts'
import { type LoopbackListener, listenOnLoopback } from '../../loopback.ts'
import { described, type Examination, jsonIn } from '../examination.ts'
import type { Answer } from '../network.ts'
import { register } from './registration.ts'
import { ownEndpoint } from './web.ts'

/** How the check gets the user to sign in. */
export interface SignInSurroundings {
  /** Shows the address of the sign-in to the user, or opens it. */
  readonly showAddress: (url: string) => void
  /** Milliseconds that the user has. */
  readonly signInTime: number
}

/** What a sign-in needs of the metadata. */
interface Endpoints {
  readonly authorize: string
  readonly token: string
  readonly revoke: string | undefined
}

/**
 * Signs the operator in as a real client would: registers, opens the browser, listens on this machine for the answer, redeems the
 * code, calls a tool, refreshes, repeats the refresh, and revokes everything at the end.
 */
export async function checkSignIn(examination: Examination, around: SignInSurroundings): Promise<void> {
  const { documents, found } = examination
  const own = (name: string) => ownEndpoint(examination, documents.server?.[name])
  const [authorize, token, registration] = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'].map(
    own,
  )
  if (authorize === undefined || token === undefined || registration === undefined) {
    return found('sign-in-failed', 'the metadata does not offer what a sign-in needs')
  }
  const endpoints = { authorize, token, revoke: own('revocation_endpoint') }
  examination.fact('code, tool, refresh, repeated refresh, revocation')
  const listener = await listenOnLoopback('The check goes on in the terminal.')
  try {
    const { redirectUri } = listener
    const usual = { redirectUris: [redirectUri], grantTypes: ['authorization_code', 'refresh_token'] }
    const registered = await register(examination, registration, 'sign-in', { ...usual, applicationType: 'native' })
    const clientId = registered?.status === 201 ? jsonIn(registered)?.client_id : undefined
    if (typeof clientId !== 'string') return found('sign-in-failed', 'there is no registration')
    const client: Client = { id: clientId, redirectUri, verifier: randomBytes(32).toString('base64url') }
    const code = await obtainCode(examination, endpoints, client, listener, around)
    if (code !== null) await useCode(examination, endpoints, client, code)
  } finally {
    listener.close()
  }
}

interface Client {
  readonly id: string
  readonly redirectUri: string
  readonly verifier: string
}

async function obtainCode(
  { mcpUrl, documents, origin, found }: Examination,
  { authorize }: Endpoints,
  client: Client,
  listener: LoopbackListener,
  { showAddress, signInTime }: SignInSurroundings,
): Promise<string | null> {
  const state = randomBytes(16).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUri,
    state,
    code_challenge: createHash('sha256').update(client.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: mcpUrl,
    scope: 'docs:read offline_access',
  })
  showAddress(`${authorize}?${query}`)
  const answer = await listener.answer(signInTime)
  if (answer === null) {
    found('sign-in-failed', `no answer came within ${Math.round(signInTime / 60_000)} minutes`)
    return null
  }
  const error = answer.get('error')
  if (error !== null) {
    found('sign-in-failed', `the answer is ${error}`)
    return null
  }
  if (answer.get('state') !== state) found('sign-in-answer', 'state is missing or another')
  const promised = documents.server?.authorization_response_iss_parameter_supported === true
  const iss = answer.get('iss')
  if ((promised || iss !== null) && iss !== origin) found('sign-in-answer', `iss is ${iss?.slice(0, 200) ?? 'missing'}`)
  const code = answer.get('code')
  if (code === null) found('sign-in-failed', 'the answer has no code')
  return code
}

async function useCode(examination: Examination, endpoints: Endpoints, client: Client, code: string): Promise<void> {
  const { found } = examination
  const exchange = { grant_type: 'authorization_code', code, redirect_uri: client.redirectUri }
  const wrong = await post(examination, endpoints.token, {
    ...exchange,
    client_id: client.id,
    code_verifier: 'w'.repeat(43),
  })
  if (wrong?.status === 200) found('verifier-ignored', described(wrong))
  const right = await post(examination, endpoints.token, {
    ...exchange,
    client_id: client.id,
    code_verifier: client.verifier,
  })
  const tokens = tokensIn(right)
  if (tokens === null) return found('code-refused', reasonOf(right))
  let refresh = tokens.refresh
  try {
    await useTools(examination, tokens.access)
    refresh = await refreshTwice(examination, endpoints, client, refresh)
  } finally {
    await revoke(examination, endpoints, client, refresh)
  }
}

async function useTools(examination: Examination, access: string): Promise<void> {
  const listed = await callMcp(examination, access, 'tools/list', {})
  const names = listed && resultOf(listed)?.tools
  if (!Array.isArray(names) || names.length === 0) {
    return examination.found('tool-failed', listed ? `tools/list: ${described(listed)}` : 'tools/list gets no answer')
  }
  // It costs nothing and asks no other service.
  const called = await callMcp(examination, access, 'tools/call', { name: 'whoami', arguments: {} })
  const result = called && resultOf(called)
  if (result && result.isError !== true) return
  examination.found('tool-failed', called ? `whoami: ${described(called)}` : 'whoami gets no answer')
}

/** Refreshes, and sends the same token once more, as a second process of the same client does. Returns the newest token. */
async function refreshTwice(
  examination: Examination,
  { token }: Endpoints,
  client: Client,
  refresh: string,
): Promise<string> {
  const form = { grant_type: 'refresh_token', refresh_token: refresh, client_id: client.id }
  const first = await post(examination, token, form)
  const next = tokensIn(first)
  if (next === null) {
    examination.found('refresh-failed', reasonOf(first))
    return refresh
  }
  const second = await post(examination, token, form)
  const again = tokensIn(second)
  if (again === null) examination.found('repeat-refused', reasonOf(second))
  else if (again.refresh !== next.refresh)
    examination.found('repeat-refused', 'the second answer has another token than the first')
  return next.refresh
}

async function revoke(examination: Examination, endpoints: Endpoints, client: Client, refresh: string): Promise<void> {
  if (endpoints.revoke === undefined) return
  await post(examination, endpoints.revoke, { token: refresh, token_type_hint: 'refresh_token', client_id: client.id })
  const form = { grant_type: 'refresh_token', refresh_token: refresh, client_id: client.id }
  const after = await post(examination, endpoints.token, form)
  if (after?.status === 200) examination.found('revocation-failed', described(after))
}

const post = ({ ask }: Examination, url: string, form: Readonly<Record<string, string>>) =>
  ask({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: String(new URLSearchParams(form)),
  })

function tokensIn(answer: Answer | null): { readonly access: string; readonly refresh: string } | null {
  const body = answer?.status === 200 ? jsonIn(answer) : null
  const { access_token: access, refresh_token: refresh } = body ?? {}
  return typeof access === 'string' && typeof refresh === 'string' ? { access, refresh } : null
}

/** Says why there is no token. Never shows a body with tokens. */
function reasonOf(answer: Answer | null): string {
  if (answer === null) return 'there is no answer'
  const error = jsonIn(answer)?.error
  return `${described(answer)}${typeof error === 'string' ? ` (${error})` : ''}`
}

const callMcp = ({ ask, mcpUrl }: Examination, access: string, method: string, params: object) =>
  ask({
    url: mcpUrl,
    method: 'POST',
    headers: {
      authorization: `Bearer ${access}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })

/** Reads the result of a message from JSON or from an event. */
function resultOf({ status, text }: Answer): Json | null {
  if (status !== 200) return null
  const message = parseJson(/^data: (\{.*)$/m.exec(text)?.[1] ?? text)
  return isObject(message) && isObject(message.result) ? message.result : null
}
