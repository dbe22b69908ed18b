import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestCa } from '../../dev/tls/ca.ts'
import { redirectUrl } from './session.ts'

export interface MetadataHost {
  /** `https://localhost:<port>` */
  readonly origin: string
  /** The client_id: the URL of the document. */
  readonly clientId: string
  /** Settings with which the functions trust this host, although it is on this machine. */
  readonly settings: Readonly<Record<string, string>>
  /** How often the document was fetched. */
  fetched(): number
  stop(): Promise<void>
}

/** Starts the website of a client's publisher on loopback. It serves the metadata document over TLS (CIMD). */
export async function startMetadataHost(): Promise<MetadataHost> {
  const ca = await createTestCa()
  const directory = await mkdtemp(join(tmpdir(), 'metadata-host-'))
  const caFile = join(directory, 'ca.pem')
  await writeFile(caFile, ca.caPem)
  let fetched = 0
  const server = createServer(await ca.certificateFor(['localhost']), (request, response) => {
    if (request.url !== '/client.json') return void response.writeHead(404).end()
    fetched += 1
    const document = {
      client_id: clientId,
      client_name: 'SDK client with a document',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `https://localhost:${address.port}`
  const clientId = `${origin}/client.json`
  return {
    origin,
    clientId,
    settings: { MCP_OAUTH_CIMD_LOCAL_ORIGINS: origin, NODE_EXTRA_CA_CERTS: caFile },
    fetched: () => fetched,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await rm(directory, { recursive: true, force: true })
    },
  }
}
