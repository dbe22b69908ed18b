import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BlobsServer } from '@netlify/blobs/server'

/** Netlify's own local Blobs server, which `netlify dev` starts: not atomic, and without ETags on reads. */
export async function startNetlifyServer() {
  const directory = await mkdtemp(join(tmpdir(), 'netlify-blobs-'))
  const token = 'netlify-dev-token'
  const server = new BlobsServer({ directory, token, logger: () => {} })
  const { port } = await server.start()
  const url = `http://127.0.0.1:${port}`
  return {
    client: { siteID: 'local-site', token, edgeURL: url, uncachedEdgeURL: url },
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true })
    },
  }
}
