import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { createTestCa } from '../../../dev/tls/ca.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import type { Assertion, ClientMetadataDocument, Json } from './profile.ts'

/** The websites of all publishers of metadata documents, as one host on this machine, over TLS. */
export interface DocumentHost {
  /** Settings with which the functions trust this host, although it is on this machine. */
  readonly settings: Readonly<Record<string, string>>
  /**
   * Serves a document, and the keys of its `jwks_uri`, at addresses of this host instead of the real ones.
   *
   * @returns the client_id
   */
  publish(document: ClientMetadataDocument): string
  /** A client assertion by the publisher's key (RFC 7523 §3). */
  sign(assertion: Assertion, clientId: string, audience: string): Promise<string>
  stop(): Promise<void>
}

const keyId = 'publisher-1'

export async function startDocumentHost(): Promise<DocumentHost> {
  const ca = await createTestCa()
  const directory = await mkdtemp(join(tmpdir(), 'documents-'))
  const caFile = join(directory, 'ca.pem')
  await writeFile(caFile, ca.caPem)
  const keys = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
  const pages = new Map<string, Json>()
  const server = createServer(await ca.certificateFor(['localhost']), (request, response) => {
    const page = pages.get(request.url ?? '')
    if (page === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `https://localhost:${address.port}`

  /** The path of this host that stands for the real address. */
  const pathOf = (url: string) => `/${new URL(url).host}${new URL(url).pathname}`

  return {
    settings: { MCP_OAUTH_CIMD_LOCAL_ORIGINS: origin, NODE_EXTRA_CA_CERTS: caFile },
    publish(document) {
      const clientId = origin + pathOf(document.client_id)
      const { jwks_uri: jwksUri } = document
      const keysAt = typeof jwksUri === 'string' ? pathOf(jwksUri) : null
      pages.set(pathOf(document.client_id), {
        ...document,
        client_id: clientId,
        ...(keysAt === null ? {} : { jwks_uri: origin + keysAt }),
      })
      if (keysAt !== null) {
        pages.set(keysAt, {
          keys: [publicJwk('RS256', keys.RS256.publicKey), publicJwk('ES256', keys.ES256.publicKey)],
        })
      }
      return clientId
    },
    async sign({ algorithm }, clientId, audience) {
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: algorithm, kid: `${keyId}-${algorithm}`, typ: 'JWT' })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('60s')
        .sign(keys[algorithm].privateKey)
      keepSecret(assertion)
      return assertion
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function publicJwk(algorithm: string, key: KeyObject): Json {
  const members = Object.entries(key.export({ format: 'jwk' })).filter(([, value]) => typeof value === 'string')
  return { ...Object.fromEntries(members), kid: `${keyId}-${algorithm}`, alg: algorithm, use: 'sig' }
}
