import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { keepSecret } from '../worlds/secrets.ts'

type Members = Readonly<Record<string, unknown>>

/** The authorization server of a vendor, as an MCP server sees it: its metadata, keys, access tokens and introspection. */
export interface TokenVendor {
  readonly issuer: string
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA'
  /** The `typ` in the header of its access tokens. */
  readonly typ?: string
  /** Where the metadata is; at every other address of the vendor there is nothing. */
  readonly metadataUrl: string
  readonly metadata: Members
  /** The claims of an access token beside `iss`, `iat` and `exp`. */
  readonly claims: Members
}

const tenant = '11111111-2222-4333-8444-555555555555'
const entra = `https://login.microsoftonline.com/${tenant}`
const cognito = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example'
const keycloak = 'https://login.engines.example/realms/engines'
const okta = 'https://engines.okta.com/oauth2/default'
const auth0 = 'https://engines.eu.auth0.com/'
const broker = 'https://docs.engines.example'

/** The resource of the examples, and an application at Entra ID. */
export const exampleResource = 'https://mcp.engines.example/mcp'
export const entraApplication = '99999999-8888-4777-8666-555555555555'

/** From the vendors' pages about access tokens and about their metadata. */
export const tokenVendors = {
  auth0: {
    issuer: auth0,
    algorithm: 'RS256',
    typ: 'at+jwt',
    metadataUrl: 'https://engines.eu.auth0.com/.well-known/openid-configuration',
    metadata: {
      authorization_endpoint: `${auth0}authorize`,
      token_endpoint: `${auth0}oauth/token`,
      jwks_uri: `${auth0}.well-known/jwks.json`,
      registration_endpoint: `${auth0}oidc/register`,
      code_challenge_methods_supported: ['S256', 'plain'],
    },
    claims: {
      sub: 'auth0|507f1f77bcf86cd799439020',
      aud: [exampleResource, 'https://engines.eu.auth0.com/userinfo'],
      azp: 'my-client',
      client_id: 'my-client',
      scope: 'openid profile tools:read',
      permissions: ['tools:write'],
      jti: 'abc',
    },
  },
  okta: {
    issuer: okta,
    algorithm: 'RS256',
    metadataUrl: `${okta}/.well-known/openid-configuration`,
    metadata: {
      authorization_endpoint: `${okta}/v1/authorize`,
      token_endpoint: `${okta}/v1/token`,
      jwks_uri: `${okta}/v1/keys`,
      introspection_endpoint: `${okta}/v1/introspect`,
      registration_endpoint: 'https://engines.okta.com/oauth2/v1/clients',
      code_challenge_methods_supported: ['S256'],
    },
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      sub: 'ada@engines.example',
      aud: exampleResource,
      cid: '0oab8eb55Kb9jdMIr5d6',
      uid: '00uid4BxXw6I6TV4m0g3',
      scp: ['tools:read', 'tools:write'],
    },
  },
  cognito: {
    issuer: cognito,
    algorithm: 'RS256',
    metadataUrl: `${cognito}/.well-known/openid-configuration`,
    metadata: {
      authorization_endpoint: 'https://engines.auth.eu-central-1.amazoncognito.com/oauth2/authorize',
      token_endpoint: 'https://engines.auth.eu-central-1.amazoncognito.com/oauth2/token',
      jwks_uri: `${cognito}/.well-known/jwks.json`,
    },
    claims: {
      sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      token_use: 'access',
      client_id: '1example23456789',
      username: 'ada',
      version: 2,
      scope: 'https://mcp.engines.example/mcp/read https://mcp.engines.example/mcp/write',
      jti: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeef',
    },
  },
  entra: {
    issuer: `${entra}/v2.0`,
    algorithm: 'RS256',
    typ: 'JWT',
    metadataUrl: `${entra}/v2.0/.well-known/openid-configuration`,
    metadata: {
      authorization_endpoint: `${entra}/oauth2/v2.0/authorize`,
      token_endpoint: `${entra}/oauth2/v2.0/token`,
      jwks_uri: `${entra}/discovery/v2.0/keys`,
    },
    claims: {
      aud: entraApplication,
      azp: '77777777-6666-4555-8444-333333333333',
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      tid: tenant,
      scp: 'tools.read tools.write',
      ver: '2.0',
    },
  },
  keycloak: {
    issuer: keycloak,
    algorithm: 'ES256',
    typ: 'JWT',
    metadataUrl: `${keycloak}/.well-known/openid-configuration`,
    metadata: {
      authorization_endpoint: `${keycloak}/protocol/openid-connect/auth`,
      token_endpoint: `${keycloak}/protocol/openid-connect/token`,
      jwks_uri: `${keycloak}/protocol/openid-connect/certs`,
      introspection_endpoint: `${keycloak}/protocol/openid-connect/token/introspect`,
      registration_endpoint: `${keycloak}/clients-registrations/openid-connect`,
      code_challenge_methods_supported: ['plain', 'S256'],
    },
    claims: {
      jti: 'onrtac:1234',
      aud: [exampleResource, 'account'],
      sub: 'f:1:ada',
      typ: 'Bearer',
      azp: 'my-client',
      sid: 'b1c2',
      realm_access: { roles: ['offline_access', 'tools:write'] },
      resource_access: { account: { roles: ['view-profile'] } },
      scope: 'openid tools:read',
    },
  },
  broker: {
    issuer: broker,
    algorithm: 'RS256',
    typ: 'at+jwt',
    metadataUrl: `${broker}/.well-known/oauth-authorization-server`,
    metadata: {
      authorization_endpoint: `${broker}/authorize`,
      token_endpoint: `${broker}/oauth/token`,
      jwks_uri: `${broker}/oauth/jwks.json`,
      introspection_endpoint: `${broker}/oauth/introspect`,
      registration_endpoint: `${broker}/oauth/register`,
      client_id_metadata_document_supported: true,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    },
    claims: {
      sub: 'user_1',
      aud: exampleResource,
      client_id: 'https://client.example/metadata.json',
      scope: 'tools:read tools:write',
      jti: '1',
    },
  },
} as const satisfies Record<string, TokenVendor>

export type TokenVendorName = keyof typeof tokenVendors

/** Makes a vendor without a network: `fetch` answers as its servers would, and `token` signs. */
export function createVendor(vendor: TokenVendor) {
  let pair = firstPair(vendor.algorithm)
  let kid: string = randomUUID()
  const opaque = new Map<string, Members>()
  const server = {
    /** The addresses that were requested. */
    requests: [] as string[],
    /** The status of every answer instead of 200. */
    status: 200,
    /** Whether nothing answers. */
    down: false,
    metadata: { issuer: vendor.issuer, ...vendor.metadata } as Members,
    keyMembers: {} as Members,
    /** The answer to a request for `url`. A stand-in for `fetch`. */
    async fetch(url: string, init: RequestInit = {}): Promise<Response> {
      server.requests.push(url)
      if (server.down) throw new TypeError('fetch failed')
      if (server.status !== 200) return new Response('', { status: server.status, headers: { location: url } })
      if (url === vendor.metadataUrl) return Response.json(server.metadata)
      if (url === server.metadata.jwks_uri) {
        return Response.json({
          keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', ...server.keyMembers }],
        })
      }
      if (url === server.metadata.introspection_endpoint) {
        return Response.json(opaque.get(new URLSearchParams(String(init.body)).get('token') ?? '') ?? { active: false })
      }
      return new Response('', { status: 404 })
    },
    /** An access token. A claim that is `undefined` is left out. */
    token(changes: Members = {}, header: Members = {}): string {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: vendor.issuer, iat: now, exp: now + 3600, ...vendor.claims, ...changes }
      const given = { alg: vendor.algorithm, kid, ...(vendor.typ && { typ: vendor.typ }), ...header }
      return signed(given, claims, vendor.algorithm, pair.privateKey)
    },
    /** An opaque token, which only the introspection endpoint knows. */
    opaque(answer: Members): string {
      const token = randomUUID()
      keepSecret(token)
      opaque.set(token, answer)
      return token
    },
    publicKey: () => pair.publicKey,
    /** Signs with a new key from now on, and publishes no other. */
    rotate(): void {
      pair = newPair(vendor.algorithm)
      kid = randomUUID()
    },
  }
  return server
}

/** A JWT with these members, signed as `algorithm` says, whatever the header says. */
export function signed(header: Members, claims: Members, algorithm: TokenVendor['algorithm'], key: KeyObject): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const bytes =
    algorithm === 'ES256'
      ? sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
      : sign(algorithm === 'RS256' ? 'sha256' : null, Buffer.from(input), key)
  const token = `${input}.${bytes.toString('base64url')}`
  keepSecret(token)
  return token
}

/** All vendors of a process begin with the same key, which takes long to make. */
const made = new Map<TokenVendor['algorithm'], ReturnType<typeof newPair>>()
function firstPair(algorithm: TokenVendor['algorithm']) {
  const pair = made.get(algorithm) ?? newPair(algorithm)
  made.set(algorithm, pair)
  return pair
}

function newPair(algorithm: TokenVendor['algorithm']) {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
}
