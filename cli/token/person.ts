import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { isObject, parseJson } from '../../lib/base/json.ts'
import { listenOnLoopback } from '../loopback.ts'
import { exits, Problem } from '../problem.ts'
import { requestToken, type Service, send, type Token, textOf } from './service.ts'

export interface SignIn {
  readonly scope: string
  /** A client that the server knows already. Absent: the command registers one, which the server stores nowhere. */
  readonly clientId: string | undefined
  readonly fetch: typeof globalThis.fetch
  /** Shows the address of the sign-in to the user, or opens it. */
  readonly showAddress: (url: string) => void
  /** Milliseconds that the user has. */
  readonly time: number
}

/** Signs the user in with the browser, as an MCP client does: authorization code with PKCE, answered on loopback. Throws `Problem`. */
export async function tokenOfPerson(service: Service, signIn: SignIn): Promise<Token> {
  const { scope, fetch, showAddress, time } = signIn
  const { authorizationEndpoint, issuer, resource } = service
  if (authorizationEndpoint === undefined) throw new Problem(`${issuer} does not sign people in.`)
  const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(16).toString('base64url')]
  const listener = await listenOnLoopback('The token is in the terminal.', state)
  try {
    const { redirectUri } = listener
    const clientId = signIn.clientId ?? (await register(service, redirectUri, fetch))
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource,
      scope,
    })
    showAddress(`${authorizationEndpoint}?${query}`)
    const code = codeIn(await listener.answer(time), { service, time })
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
    return await requestToken(service, { ...exchange, client_id: clientId, code_verifier: verifier }, { fetch })
  } finally {
    listener.close()
  }
}

function codeIn(
  answer: URLSearchParams | null,
  { service, time }: { readonly service: Service; readonly time: number },
): string {
  if (answer === null) {
    throw new Problem(
      `No sign-in came within ${Math.round(time / 60_000)} minutes. Run the command again.`,
      exits.refused,
    )
  }
  const iss = answer.get('iss')
  const isOurs = iss === service.issuer || (iss === null && !service.namesIssuer)
  if (!isOurs) throw new Problem('The answer comes from another server. Run the command again.', exits.refused)
  const code = answer.get('code')
  if (code !== null) return code
  const why = textOf(answer.get('error_description')) ?? textOf(answer.get('error')) ?? 'without a reason'
  throw new Problem(`The sign-in was refused: ${why}.`, exits.refused)
}

async function register(service: Service, redirectUri: string, fetch: typeof globalThis.fetch): Promise<string> {
  const { registrationEndpoint, issuer } = service
  const instead = 'Name a client of MCP_OAUTH_CLIENTS that may send to http://127.0.0.1/callback: --client-id ID'
  if (registrationEndpoint === undefined) throw new Problem(`${issuer} registers no clients. ${instead}`, exits.refused)
  const body = {
    client_name: `npm run token on ${hostname()}`,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  const headers = { 'content-type': 'application/json' }
  const answer = await send(registrationEndpoint, { method: 'POST', headers, body: JSON.stringify(body) }, fetch)
  const value = parseJson(await answer.text())
  const id = isObject(value) ? value.client_id : undefined
  if (answer.status === 201 && typeof id === 'string') return id
  throw new Problem(`${issuer} does not register this command (status ${answer.status}). ${instead}`, exits.refused)
}
