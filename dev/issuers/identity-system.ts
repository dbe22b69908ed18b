import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeJwt } from 'jose'
import { listenOnLoopback, pathOf, readBody, sendJson } from '../stand-in.ts'
import { keepSecret } from '../worlds/secrets.ts'
import { createSigningIssuer, idJagClaims, idJagHeader, type SigningIssuer, workflowClaims } from './signing-issuer.ts'
import { type ExchangeError, type Kind, vendors } from './vendors.ts'

/** What the identity system does wrong from now on. */
export interface IdentityFaults {
  /** Claims instead of those of a good assertion. `undefined` leaves one out. */
  claims?: Readonly<Record<string, unknown>>
  header?: Readonly<Record<string, unknown>>
  /** The key that signs: one of the system's own, or one that it has never published. */
  signedBy?: 'its own key' | 'an unpublished key'
  /** Documents are not answered. */
  down?: boolean
}

export interface IdentitySystem {
  readonly issuer: string
  readonly tokenEndpoint: string
  /** The client of the identity system that exchanges ID tokens. */
  readonly clientId: string
  readonly clientSecret: string
  readonly faults: IdentityFaults
  /** The documents that were asked for. */
  readonly asked: readonly string[]
  /** An ID token for a person who has signed in to the client. */
  idToken(email: string): Promise<string>
  /** A token that the platform gives a workflow, for the audience that the workflow asks for. */
  workloadToken(broker: string, claims?: Readonly<Record<string, unknown>>): Promise<string>
  /** What GitHub gives a job in its environment: where it asks for its own token, and with what. */
  readonly jobEnvironment: Readonly<Record<'ACTIONS_ID_TOKEN_REQUEST_URL' | 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', string>>
  rotateKeys(): Promise<void>
  stop(): Promise<void>
}

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const idJag = 'urn:ietf:params:oauth:token-type:id-jag'
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'

/**
 * Starts the identity system of a company, or a platform of workloads, on loopback. It exchanges an ID token for an ID-JAG (RFC 8693)
 * as Okta and Entra ID lay it out, and gives workflows their tokens. `faults` make it misbehave.
 *
 * @param brokerClientId the `client_id` that the MCP client has at the server that the assertion is for
 * @param isPublic the client has no secret at the identity system
 */
export async function startIdentitySystem(
  kind: Kind,
  brokerClientId: string,
  { isPublic = false } = {},
): Promise<IdentitySystem> {
  const vendor = vendors[kind]
  const faults: IdentityFaults = {}
  const asked: string[] = []
  const [clientId, clientSecret] = ['idp-client', 'the secret of the client at the identity system']
  const requestToken = randomUUID()
  keepSecret(clientSecret, requestToken)
  let answer = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => void response.end()
  const { port, stop } = await listenOnLoopback(0, (request, response) => answer(request, response))
  const origin = `http://127.0.0.1:${port}`
  const issuer = origin + vendor.issuer
  const { alg } = vendor
  // Entra ID publishes the keys of all its tenants in one set, and marks each with an issuer.
  const marked = kind === 'entra' ? { marked: issuer } : {}
  const signing = await createSigningIssuer(issuer, { alg, ...marked })
  const unpublished = await createSigningIssuer(issuer, { alg })
  const foreign = kind === 'entra' ? await createSigningIssuer(issuer, { alg, marked: `${origin}/other/v2.0` }) : null
  const now = () => Math.floor(Date.now() / 1000)
  const signer = (): SigningIssuer => (faults.signedBy === 'an unpublished key' ? unpublished : signing)

  async function exchange(form: URLSearchParams): Promise<object | ExchangeError> {
    const get = (name: string) => form.get(name) ?? ''
    if (get('client_id') !== clientId) return 'invalid_client'
    if (isPublic ? form.has('client_secret') : get('client_secret') !== clientSecret) return 'invalid_client'
    if (get('grant_type') !== tokenExchange || get('requested_token_type') !== idJag) return 'invalid_request'
    if (get('subject_token_type') !== idTokenType || get('audience') === '') return 'invalid_request'
    if (get('resource') === '') return 'invalid_target'
    if (!(await signing.hasSigned(get('subject_token')))) return 'invalid_grant'
    const { iss, aud, sub, email } = decodeJwt<{ email: string }>(get('subject_token'))
    if (iss !== issuer || aud !== clientId) return 'invalid_grant'
    const good = idJagClaims(signing, get('audience').replace(/\/$/, ''), brokerClientId, now())
    const person = {
      sub,
      email,
      resource: get('resource'),
      aud: get('audience'),
      scope: form.get('scope') ?? undefined,
    }
    const assertion = await signer().sign(
      { ...good, ...vendor.more(email, now()), ...person, ...faults.claims },
      { ...idJagHeader, ...faults.header },
    )
    return { access_token: assertion, issued_token_type: idJag, token_type: 'N_A', expires_in: 300 }
  }

  /** As the runner of a job answers the job. */
  async function tokenOfJob(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const audience = new URL(request.url ?? '', origin).searchParams.get('audience') ?? 'https://github.com/acme'
    if (request.headers.authorization !== `Bearer ${requestToken}`) return sendJson(response, 401, {})
    const value = await signer().sign({ ...workflowClaims(signing, '', now()), aud: audience, ...faults.claims })
    sendJson(response, 200, { count: value.length, value })
  }

  answer = async (request, response) => {
    const path = pathOf(request)
    asked.push(path)
    if (faults.down) return void request.socket.destroy()
    if (path === vendor.keys) {
      return sendJson(response, 200, { keys: [...(foreign?.keySet.keys ?? []), ...signing.keySet.keys] })
    }
    if (path === `${vendor.issuer}/.well-known/openid-configuration`) {
      const endpoints = { jwks_uri: origin + vendor.keys, token_endpoint: origin + vendor.token }
      const required = { authorization_endpoint: `${origin}/authorize`, response_types_supported: ['code'] }
      const ofTokens = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: [alg] }
      return sendJson(response, 200, { issuer, ...endpoints, ...required, ...ofTokens })
    }
    if (path === vendor.token && request.method === 'POST') {
      const exchanged = await exchange(new URLSearchParams(await readBody(request)))
      if (typeof exchanged === 'object') return sendJson(response, 200, exchanged)
      const { status, body } = vendor.refusal(exchanged)
      return sendJson(response, status, body)
    }
    if (kind === 'platform' && path === '/job/token') return tokenOfJob(request, response)
    sendJson(response, 404, { error: 'not_found' })
  }

  return {
    issuer,
    tokenEndpoint: origin + vendor.token,
    clientId,
    clientSecret,
    faults,
    asked,
    idToken: (email) =>
      signing.sign({ iss: issuer, aud: clientId, sub: vendor.subjectOf(email), email, iat: now(), exp: now() + 3600 }),
    workloadToken: (broker, claims = {}) =>
      signer().sign({ ...workflowClaims(signing, broker, now()), ...claims, ...faults.claims }, { ...faults.header }),
    jobEnvironment: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${origin}/job/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    },
    rotateKeys: () => signing.rotate(),
    stop,
  }
}
