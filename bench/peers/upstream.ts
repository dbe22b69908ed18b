/** An OpenID Provider that asks nothing: every browser that comes is another person, who signs in at once. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readBody } from '../../dev/stand-in.ts'
import { upstreamClient } from './control.ts'

export interface Upstream {
  readonly origin: string
  stop(): Promise<void>
}

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const kid = 'bench'
const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(claims: object): string {
  const content = `${base64url({ alg: 'RS256', kid })}.${base64url(claims)}`
  return `${content}.${sign('sha256', Buffer.from(content), privateKey).toString('base64url')}`
}

export async function startUpstream(): Promise<Upstream> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', origin)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(response, metadata)
      case '/jwks':
        return json(response, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] })
      case '/authorize': {
        const back = new URL(url.searchParams.get('redirect_uri') ?? '')
        const person = randomBytes(8).toString('hex')
        back.searchParams.set('code', base64url({ person, nonce: url.searchParams.get('nonce') ?? undefined }))
        back.searchParams.set('state', url.searchParams.get('state') ?? '')
        return response.writeHead(302, { location: back.href }).end()
      }
      case '/token': {
        const code = new URLSearchParams(await readBody(request)).get('code') ?? ''
        const { person, nonce } = JSON.parse(Buffer.from(code, 'base64url').toString())
        const now = Math.floor(Date.now() / 1000)
        const times = { iat: now, exp: now + 3600, auth_time: now }
        const claims = { iss: origin, aud: upstreamClient.id, ...times, ...profileOf(person), nonce }
        return json(response, {
          access_token: person,
          token_type: 'Bearer',
          expires_in: 3600,
          scope: 'openid profile email',
          id_token: signed(claims),
        })
      }
      case '/userinfo':
        return json(response, profileOf((request.headers.authorization ?? '').replace(/^Bearer /, '')))
      default:
        return response.writeHead(404).end()
    }
  })
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    userinfo_endpoint: `${origin}/userinfo`,
    jwks_uri: `${origin}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'email'],
  }
  return {
    origin,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const profileOf = (person: string) => ({
  sub: person,
  email: `${person}@example.com`,
  email_verified: true,
  name: 'A reader',
})

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
