import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestCa } from '../../dev/tls/ca.ts'

export interface Publisher {
  /** Settings with which the functions fetch its documents. */
  readonly settings: Readonly<Record<string, string>>
  /** The URL of a document that has not been requested yet. */
  newClientId(): string
  fetched(): number
  /** Changes its documents to `private_key_jwt`, with these keys at `jwks.json`. */
  publishKeys(keys: readonly object[]): void
  behaves(how: 'well' | 'down' | 'gone'): void
  stop(): Promise<void>
}

/** Starts the website of a client's publisher, on loopback over TLS. `redirectUri` is the only one in its documents. */
export async function startPublisher(redirectUri = 'http://127.0.0.1:7777/callback'): Promise<Publisher> {
  const ca = await createTestCa()
  const directory = await mkdtemp(join(tmpdir(), 'publisher-'))
  const caFile = join(directory, 'ca.pem')
  await writeFile(caFile, ca.caPem)
  let [fetched, clients] = [0, 0]
  let behavior: Parameters<Publisher['behaves']>[0] = 'well'
  let keys: readonly object[] | undefined
  const server = createServer(await ca.certificateFor(['localhost']), (incoming, response) => {
    fetched += 1
    if (behavior === 'down') return void incoming.socket.destroy()
    if (behavior === 'gone') return void response.writeHead(404, { 'content-type': 'text/html' }).end()
    if (keys && incoming.url === '/jwks.json') {
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
    }
    const document = {
      client_id: `${origin}${incoming.url}`,
      client_name: 'Published client',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      ...(keys && { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${origin}/jwks.json` }),
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `https://localhost:${address.port}`
  return {
    settings: { MCP_OAUTH_CIMD_LOCAL_ORIGINS: origin, NODE_EXTRA_CA_CERTS: caFile },
    newClientId: () => `${origin}/${clients++}.json`,
    fetched: () => fetched,
    publishKeys: (published) => {
      keys = published
    },
    behaves: (how) => {
      behavior = how
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await rm(directory, { recursive: true, force: true })
    },
  }
}
