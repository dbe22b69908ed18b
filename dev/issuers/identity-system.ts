import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeJwt } from 'jose'
import { listenOnLoopback, pathOf, readBody, sendJson } from '../stand-in.ts'
import { keepSecret } from '../worlds/secrets.ts'
import { createSigningIssuer, idJagClaims, idJagHeader, type SigningIssuer, workflowClaims } from './signing-issuer.ts'

/** How an identity system lays out its addresses, and what its keys and subjects look like. */
export type Kind = 'okta' | 'entra' | 'platform'

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
  rotateKeys(): Promise<void>
  stop(): Promise<void>
}

const tenantId = '0f6c8d1e-2b3a-4c5d-8e9f-001122334455'
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const idJag = 'urn:ietf:params:oauth:token-type:id-jag'
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'

const layouts: Readonly<Record<Kind, { readonly issuer: string; readonly keys: string; readonly token: string }>> = {
  okta: { issuer: '', keys: '/oauth2/v1/keys', token: '/oauth2/v1/token' },
  entra: {
    issuer: `/${tenantId}/v2.0`,
    keys: '/common/discovery/v2.0/keys',
    token: `/${tenantId}/oauth2/v2.0/token`,
  },
  platform: { issuer: '', keys: '/.well-known/jwks', token: '/none' },
}

/**
 * Starts the identity system of a company, or a platform of workloads, on loopback. It exchanges an ID token for an ID-JAG (RFC 8693)
 * as Okta and Entra ID lay it out, and gives workflows their tokens. `faults` make it misbehave.
 *
 * @param brokerClientId the `client_id` that the MCP client has at the server that the assertion is for
 */
export async function startIdentitySystem(kind: Kind, brokerClientId: string): Promise<IdentitySystem> {
  const layout = layouts[kind]
  const faults: IdentityFaults = {}
  const asked: string[] = []
  const [clientId, clientSecret] = ['idp-client', 'the secret of the client at the identity system']
  keepSecret(clientSecret)
  let answer = async (_request: IncomingMessage, response: ServerResponse): Promise<void> => void response.end()
  const { port, stop } = await listenOnLoopback(0, (request, response) => answer(request, response))
  const origin = `http://127.0.0.1:${port}`
  const issuer = origin + layout.issuer
  const alg = kind === 'okta' ? 'ES256' : 'RS256'
  // Entra ID publishes the keys of all its tenants in one set, and marks each with an issuer.
  const marked = kind === 'entra' ? { marked: issuer } : {}
  const signing = await createSigningIssuer(issuer, { alg, ...marked })
  const unpublished = await createSigningIssuer(issuer, { alg })
  const foreign = kind === 'entra' ? await createSigningIssuer(issuer, { alg, marked: `${origin}/other/v2.0` }) : null
  const now = () => Math.floor(Date.now() / 1000)
  const signer = (): SigningIssuer => (faults.signedBy === 'an unpublished key' ? unpublished : signing)

  async function exchange(form: URLSearchParams): Promise<object | null> {
    const get = (name: string) => form.get(name) ?? ''
    if (get('client_id') !== clientId || get('client_secret') !== clientSecret) return null
    if (get('grant_type') !== tokenExchange || get('requested_token_type') !== idJag) return null
    if (get('subject_token_type') !== idTokenType || get('audience') === '' || get('resource') === '') return null
    const { iss, aud, sub, email } = decodeJwt(get('subject_token'))
    if (iss !== issuer || aud !== clientId) return null
    const good = idJagClaims(signing, get('audience').replace(/\/$/, ''), brokerClientId, now())
    const person = {
      sub,
      email,
      resource: get('resource'),
      aud: get('audience'),
      scope: form.get('scope') ?? undefined,
    }
    const assertion = await signer().sign(
      { ...good, ...person, ...faults.claims },
      { ...idJagHeader, ...faults.header },
    )
    return { access_token: assertion, issued_token_type: idJag, token_type: 'N_A', expires_in: 300 }
  }

  answer = async (request, response) => {
    const path = pathOf(request)
    asked.push(path)
    if (faults.down) return void request.socket.destroy()
    if (path === layout.keys) {
      return sendJson(response, 200, { keys: [...(foreign?.keySet.keys ?? []), ...signing.keySet.keys] })
    }
    if (path === `${layout.issuer}/.well-known/openid-configuration`) {
      const endpoints = { jwks_uri: origin + layout.keys, token_endpoint: origin + layout.token }
      const required = { authorization_endpoint: `${origin}/authorize`, response_types_supported: ['code'] }
      const ofTokens = { subject_types_supported: ['public'], id_token_signing_alg_values_supported: [alg] }
      return sendJson(response, 200, { issuer, ...endpoints, ...required, ...ofTokens })
    }
    if (path === layout.token && request.method === 'POST') {
      const exchanged = await exchange(new URLSearchParams(await readBody(request)))
      return sendJson(response, exchanged ? 200 : 400, exchanged ?? { error: 'invalid_request' })
    }
    sendJson(response, 404, { error: 'not_found' })
  }

  return {
    issuer,
    tokenEndpoint: origin + layout.token,
    clientId,
    clientSecret,
    faults,
    asked,
    idToken: (email) =>
      signing.sign({ iss: issuer, aud: clientId, sub: `${kind}|${email}`, email, iat: now(), exp: now() + 3600 }),
    workloadToken: (broker, claims = {}) =>
      signer().sign({ ...workflowClaims(signing, broker, now()), ...claims, ...faults.claims }, { ...faults.header }),
    rotateKeys: () => signing.rotate(),
    stop,
  }
}
