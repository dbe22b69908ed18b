import { randomUUID } from 'node:crypto'
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
} from 'jose'
import { keepSecret } from '../worlds/secrets.ts'

type Claims = Readonly<Record<string, unknown>>

/** An issuer of assertions, with its keys. It signs whatever a test wants. */
export interface SigningIssuer {
  readonly issuer: string
  /** The set that it publishes. */
  readonly keySet: { readonly keys: readonly JWK[] }
  /** Signs exactly these claims; a claim that is `undefined` is left out. */
  sign(claims: Claims, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** Whether one of its published keys has signed a token. */
  hasSigned(jwt: string): Promise<boolean>
  /** Makes a new key. `keepsOld`: the earlier ones stay published. */
  rotate(keepsOld?: boolean): Promise<void>
}

export async function createSigningIssuer(
  issuer: string,
  { alg = 'ES256', named = true, marked }: { alg?: 'RS256' | 'ES256'; named?: boolean; marked?: string } = {},
): Promise<SigningIssuer> {
  let keys: readonly JWK[] = []
  let privateKey = await newKey()

  async function newKey() {
    const pair = await generateKeyPair(alg)
    const kid = randomUUID()
    const own = { ...(named && { kid }), alg, use: 'sig', ...(marked !== undefined && { issuer: marked }) }
    keys = [...keys, { ...(await exportJWK(pair.publicKey)), ...own }]
    return pair.privateKey
  }

  return {
    issuer,
    get keySet() {
      return { keys }
    },
    async sign(claims, header = {}) {
      const jwt = await new SignJWT({ ...claims })
        .setProtectedHeader({ alg, ...(named && { kid: keys.at(-1)?.kid ?? '' }), ...header })
        .sign(privateKey)
      keepSecret(jwt)
      return jwt
    },
    hasSigned: (jwt) =>
      jwtVerify(jwt, createLocalJWKSet({ keys: [...keys] })).then(
        () => true,
        () => false,
      ),
    async rotate(keepsOld = true) {
      if (!keepsOld) keys = []
      privateKey = await newKey()
    },
  }
}

/** The claims of an ID-JAG, as a well-behaved identity system makes it. `now` is in seconds since the epoch. */
export const idJagClaims = (
  { issuer }: Pick<SigningIssuer, 'issuer'>,
  broker: string,
  clientId: string,
  now: number,
): Claims => ({
  iss: issuer,
  sub: 'U019488227',
  aud: broker,
  resource: `${broker}/mcp`,
  client_id: clientId,
  jti: randomUUID(),
  iat: now,
  exp: now + 300,
  scope: 'docs:read',
  email: 'reader@acme.example',
})

export const idJagHeader = { typ: 'oauth-id-jag+jwt' }

/** The claims of a workflow's token, as GitHub Actions makes it. */
export const workflowClaims = ({ issuer }: Pick<SigningIssuer, 'issuer'>, broker: string, now: number): Claims => ({
  iss: issuer,
  sub: 'repo:acme/docs:ref:refs/heads/main',
  aud: `${broker}/oauth/token`,
  jti: randomUUID(),
  iat: now,
  nbf: now - 600,
  exp: now + 300,
  ref: 'refs/heads/main',
  repository: 'acme/docs',
  repository_owner: 'acme',
  repository_owner_id: '65',
  repository_visibility: 'private',
  workflow: 'docs',
  event_name: 'push',
})
