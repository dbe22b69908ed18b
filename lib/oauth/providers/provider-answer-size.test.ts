import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createOpenIdProvider } from './openid-provider.ts'
import { type Identity, type Login, ProviderError } from './provider.ts'

/** At most 512 KB of an answer of the OpenID Provider are read, whatever its stated length. */

const most = 512 * 1024
const login: Login = { state: 'our-state', nonce: 'our-nonce', codeVerifier: 'v'.repeat(43) }
const { signal } = new AbortController()
const endpoints = ['/.well-known/openid-configuration', '/jwks', '/token'] as const
type Endpoint = (typeof endpoints)[number]

let issuer = ''
/** The bytes of the answer at this endpoint. The other answers are short. */
let size: { readonly at: Endpoint; readonly bytes: number } | undefined
let inPieces = false
const keys = generateKeyPair('RS256')

const server = createServer(async (request, response) => {
  const path = request.url ?? ''
  const { privateKey, publicKey } = await keys
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, aud: 'us', sub: 'person', nonce: login.nonce, iat, exp: iat + 300 }
  const idToken = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey)
  const answers: Readonly<Record<string, object>> = {
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
    },
    '/jwks': { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }] },
    '/token': { access_token: 'upstream-access', token_type: 'Bearer', id_token: idToken },
  }
  request.resume()
  send(response, padded(answers[path] ?? {}, path))
})

/** Adds an unused member, so that the answer has the wanted number of bytes. */
function padded(answer: object, path: string): string {
  const { length } = JSON.stringify({ ...answer, padding: '' })
  return JSON.stringify({ ...answer, padding: size?.at === path ? 'x'.repeat(size.bytes - length) : '' })
}

function send(response: ServerResponse, text: string): void {
  response.setHeader('content-type', 'application/json')
  // Without a stated length, the reader cannot know it beforehand.
  if (inPieces) for (let at = 0; at < text.length; at += 10_000) response.write(text.slice(at, at + 10_000))
  response.end(inPieces ? '' : text)
}

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
beforeEach(() => {
  size = undefined
  inPieces = false
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function identify(): Promise<Identity> {
  const redirectUri = 'https://docs.example/mcp/callback'
  const provider = createOpenIdProvider({ issuer, clientId: 'us', redirectUri, now: Date.now })
  return provider.identify(new URLSearchParams({ code: 'c', state: login.state }), login, signal)
}

describe.each(endpoints)('an answer from %s', (at) => {
  test.each([most - 1, most])('of %i bytes is read', async (bytes) => {
    for (inPieces of [false, true]) {
      size = { at, bytes }
      expect(await identify()).toMatchObject({ sub: 'person' })
    }
  })

  test.each([most + 1, 2 * most, 8 * most])('of %i bytes signs no user in', async (bytes) => {
    for (inPieces of [false, true]) {
      size = { at, bytes }
      await expect(identify()).rejects.toThrow(ProviderError)
    }
  })
})
