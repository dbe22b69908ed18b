import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isObject, parseJson } from '../../lib/base/json.ts'
import { exits, Problem } from '../problem.ts'
import { requestToken, type Service, send, type Token } from './service.ts'

/** How a machine proves who it is. */
export interface Proof {
  /** A file with the token of its platform, or with an assertion of a company. */
  readonly assertionFile: string | undefined
  readonly clientId: string | undefined
  /** A file with the private key of the client, as PEM. */
  readonly keyFile: string | undefined
  readonly keyId: string | undefined
  readonly secretFile: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Gets a token for a program: by an assertion, by the identity that GitHub Actions gives the running job, or as a client with a key or a
 * secret. Secrets come from files and the environment, never from the command line, which other users of the machine can read. Throws
 * `Problem`.
 */
export async function tokenOfMachine(
  service: Service,
  proof: Proof,
  { scope, fetch }: { readonly scope: string | undefined; readonly fetch: typeof globalThis.fetch },
): Promise<Token> {
  const client = proof.clientId === undefined ? undefined : await authenticationOf(service, proof.clientId, proof)
  const assertion = await assertionOf(service, proof, fetch)
  if (assertion !== undefined) {
    return requestToken(service, { grant_type: jwtBearer, assertion, scope, ...client?.form }, { fetch, ...client })
  }
  if (client === undefined) {
    throw new Problem(
      'How does the machine prove who it is? --assertion-file FILE, or --client-id ID with --key-file FILE or --secret-file FILE. In GitHub Actions, give the job the permission id-token: write.',
      exits.usage,
    )
  }
  return requestToken(service, { grant_type: 'client_credentials', scope, ...client.form }, { fetch, ...client })
}

async function assertionOf(
  { tokenEndpoint }: Service,
  { assertionFile, clientId, environment }: Proof,
  fetch: typeof globalThis.fetch,
): Promise<string | undefined> {
  if (assertionFile !== undefined) return contentOf(assertionFile)
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = environment
  if (clientId !== undefined || !url || !token) return undefined
  // The runner names the address. The token of the job is for this endpoint alone.
  const address = new URL(url)
  address.searchParams.set('audience', tokenEndpoint)
  const answer = await send(address.href, { headers: { authorization: `Bearer ${token}` } }, fetch)
  const value = answer.ok ? parseJson(await answer.text()) : undefined
  if (isObject(value) && typeof value.value === 'string') return value.value
  throw new Problem(`GitHub gives this job no token (status ${answer.status}). Has it the permission id-token: write?`)
}

interface ClientAuthentication {
  readonly form: Readonly<Record<string, string>>
  readonly authorization?: string
}

async function authenticationOf(service: Service, id: string, proof: Proof): Promise<ClientAuthentication> {
  const { keyFile, keyId, secretFile, environment } = proof
  if (keyFile !== undefined) {
    return {
      form: {
        client_id: id,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: clientAssertion(id, service.issuer, await keyIn(keyFile), keyId),
      },
    }
  }
  const secret = secretFile === undefined ? environment.MCP_CLIENT_SECRET : await contentOf(secretFile)
  if (!secret)
    throw new Problem('The client needs --key-file FILE, --secret-file FILE or MCP_CLIENT_SECRET.', exits.usage)
  const pair = [id, secret].map((text) => new URLSearchParams({ x: text }).toString().slice(2)).join(':')
  return { form: {}, authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Signs the assertion of `private_key_jwt` (RFC 7523 §2.2). It lives for a minute. */
function clientAssertion(id: string, audience: string, key: KeyObject, keyId: string | undefined): string {
  const alg = key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: id, sub: id, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 }
  const header = { alg, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

async function keyIn(file: string): Promise<KeyObject> {
  const pem = await contentOf(file)
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // It is no key, or it has a passphrase.
  }
  const isUsable = key?.asymmetricKeyType === 'rsa' || key?.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  if (key && isUsable) return key
  throw new Problem(`${file} is no private key of RSA or P-256 as PEM without a passphrase.`, exits.usage)
}

async function contentOf(file: string): Promise<string> {
  const text = (await readFile(file, 'utf8')).trim()
  if (text === '') throw new Problem(`${file} is empty.`, exits.usage)
  return text
}
