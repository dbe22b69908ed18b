import { createHash, randomBytes } from 'node:crypto'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import { codeOf } from '../../support/oauth-client.ts'
import { check, checkSame } from './check.ts'
import type { Discovered } from './discovery.ts'
import { type Person, personAnswers } from './person.ts'
import type { AuthorizationHabits, ClientProfile, TokenHabits } from './profile.ts'
import type { KnownClient } from './registration.ts'
import { scopeOf } from './scope.ts'

/** An authorization request, and what the client keeps for it. */
export interface AuthorizationRequest {
  readonly url: URL
  readonly redirectUri: string
  readonly state: string | null
  readonly codeVerifier: string
}

export function authorizationRequest(
  profile: ClientProfile,
  found: Discovered,
  client: KnownClient,
  redirectIndex = 0,
): AuthorizationRequest {
  const { authorization, tokens } = profile
  const codeVerifier = newCodeVerifier(tokens.codeVerifier)
  const redirectUri = client.redirectUri(redirectIndex)
  const state = authorization.state && newState(authorization.state)
  const scope = scopeOf(profile, found)
  keepSecret(codeVerifier, state)
  const url = new URL(found.server.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(state !== null && { state }),
    ...(scope !== null && { scope }),
    ...(authorization.resource && { resource: found.resource.resource }),
    ...(authorization.prompt !== null && { prompt: authorization.prompt }),
  }).toString()
  for (const name of authorization.notEncoded ?? []) {
    url.search = url.search.replace(new RegExp(`(?<=[?&]${name}=)[^&]*`), (value) => decodeURIComponent(value))
  }
  return { url, redirectUri, state, codeVerifier }
}

/** The user approves, and the answer must be what this client accepts. @returns the code */
export async function obtainCode(
  request: AuthorizationRequest,
  email: string,
  profile: ClientProfile,
  found: Discovered,
): Promise<string> {
  const answer = await answerTo(request, { email, decides: 'approve' }, profile, found)
  checkSame('error', answer.get('error') ?? 'none', 'none')
  return codeOf(new URL(`?${answer}`, request.url))
}

/** The parameters of the authorization response, success or not (RFC 9207 §2.4). */
export async function answerTo(
  request: AuthorizationRequest,
  person: Person,
  { authorization }: ClientProfile,
  { server }: Discovered,
): Promise<URLSearchParams> {
  const { href, searchParams } = await personAnswers(request.url, person)
  checkSame('the address of the answer', addressOf(href, request.redirectUri), request.redirectUri)
  checkSame('state', searchParams.get('state') ?? 'absent', request.state ?? 'absent')
  checkIssuer(authorization.iss, searchParams.get('iss'), server)
  for (const name of searchParams.keys()) check(searchParams.getAll(name).length === 1, `${name} is repeated`)
  return searchParams
}

/** The answer's URL without the appended parameters. The redirect URI may have its own query (RFC 6749 §3.1.2). */
function addressOf(answer: string, redirectUri: string): string {
  const end = redirectUri.includes('?') ? answer.indexOf('&', redirectUri.length) : answer.indexOf('?')
  return end === -1 ? answer : answer.slice(0, end)
}

function checkIssuer(habit: AuthorizationHabits['iss'], given: string | null, server: Discovered['server']): void {
  if (habit === 'ignored') return
  const demanded = habit === 'demanded when advertised' && server.authorization_response_iss_parameter_supported
  if (given !== null || demanded) checkSame('iss', given, server.issuer)
}

function newState({ bytes, as, suffix = '' }: NonNullable<AuthorizationHabits['state']>): string {
  // These three bytes give `+/` in base64. Sooner or later a random state contains both characters.
  return Buffer.concat([Buffer.from([0xfb, 0xf0, 0xff]), randomBytes(bytes - 3)]).toString(as) + suffix
}

function newCodeVerifier({ alphabet, length }: TokenHabits['codeVerifier']): string {
  const text = randomBytes(length).toString('base64url').slice(0, length)
  // RFC 7636 §4.1: base64url has only two of the four marks.
  return alphabet === 'base64url' ? text : `~.-_${text.slice(4)}`
}
