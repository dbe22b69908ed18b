import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import { listenOnLoopback, pathOf, sendJson } from '../stand-in.ts'
import { keepSecret } from './secrets.ts'

/** An issuer on loopback that publishes its metadata and one key, and signs whatever a test wants. */
export interface TestIssuer {
  readonly issuer: string
  /** The published key. */
  readonly publicJwk: JsonWebKey
  /** The paths that were asked for. */
  readonly asked: string[]
  /** The status of every answer; default 200. */
  status: number
  sign(claims: JWTPayload, header?: object): Promise<string>
  stop(): Promise<void>
}

const kid = 'k'

export async function startTestIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const { port, stop } = await listenOnLoopback(0, (request, response) => {
    const path = pathOf(request)
    made.asked.push(path)
    if (made.status !== 200) return sendJson(response, made.status, {})
    const { issuer } = made
    const endpoints = {
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
    }
    if (path === '/jwks') return sendJson(response, 200, { keys: [{ ...publicJwk, kid, alg: 'RS256', use: 'sig' }] })
    return sendJson(response, 200, { issuer, ...endpoints })
  })
  const made: TestIssuer = {
    issuer: `http://127.0.0.1:${port}`,
    publicJwk,
    asked: [],
    status: 200,
    async sign(claims, header = {}) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey)
      keepSecret(token)
      return token
    },
    stop,
  }
  return made
}
