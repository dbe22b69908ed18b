import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { listenOnLoopback, pathOf, readBody, sendJson } from '../stand-in.ts'
import { keepSecret } from '../worlds/secrets.ts'
import { signed } from './vendor-tokens.ts'

/**
 * Starts an authorization server for MCP clients: it registers every client, and its one user allows everything at once. It checks what a real
 * one checks: client, redirect URI, PKCE and that a code is used once. Its tokens are for the `resource` that the client names.
 */
export async function startSignInServer() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  const clients = new Map<string, readonly string[]>()
  const codes = new Map<string, URLSearchParams>()
  const { port, stop } = await listenOnLoopback(0, answer)
  const issuer = `http://localhost:${port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request)
    if (path === '/.well-known/oauth-authorization-server') return sendJson(response, 200, metadataOf(issuer))
    if (path === '/keys') {
      return sendJson(response, 200, {
        keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }],
      })
    }
    if (path === '/register') {
      const client = { ...JSON.parse(await readBody(request)), client_id: randomUUID() }
      clients.set(client.client_id, client.redirect_uris)
      return sendJson(response, 201, client)
    }
    if (path === '/authorize') return authorize(new URL(request.url ?? '/', issuer).searchParams, response)
    if (path === '/token') return token(new URLSearchParams(await readBody(request)), response)
    response.writeHead(404).end()
  }

  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? ''
    if (!clients.get(asked.get('client_id') ?? '')?.includes(redirectUri)) return void response.writeHead(400).end()
    const code = randomUUID()
    keepSecret(code)
    codes.set(code, asked)
    const back = new URL(redirectUri)
    for (const [name, value] of [['code', code], ['state', asked.get('state') ?? '']] as const) back.searchParams.set(name, value) // biome-ignore format: one line
    response.writeHead(302, { location: back.href }).end()
  }

  function token(form: URLSearchParams, response: ServerResponse): void {
    const code = form.get('code') ?? ''
    const asked = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') // biome-ignore format: one line
    const same = (name: string) => asked?.get(name) === form.get(name)
    if (asked?.get('code_challenge') !== challenge || !same('redirect_uri') || !same('client_id')) {
      sendJson(response, 400, { error: 'invalid_grant' })
      return
    }
    const [scope, resource] = [asked.get('scope') ?? '', asked.get('resource') ?? '']
    const access_token = accessToken({ scope, aud: resource, client_id: asked.get('client_id') })
    sendJson(response, 200, { access_token, token_type: 'Bearer', expires_in: 600, scope })
  }

  function accessToken(claims: Readonly<Record<string, unknown>>): string {
    const now = Math.floor(Date.now() / 1000)
    const header = { alg: 'ES256', typ: 'at+jwt', kid }
    return signed(header, { iss: issuer, sub: 'ada', iat: now, exp: now + 600, ...claims }, 'ES256', privateKey)
  }

  return { issuer, accessToken, stop }
}

const metadataOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  jwks_uri: `${issuer}/keys`,
  response_types_supported: ['code'],
  grant_types_supported: ['authorization_code'],
  token_endpoint_auth_methods_supported: ['none'],
  code_challenge_methods_supported: ['S256'],
})
