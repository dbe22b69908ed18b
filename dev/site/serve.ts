import { createServer, type ServerResponse } from 'node:http'
import { installedSite, load } from './packages.ts'
import { policy } from './policy.ts'

/**
 * Serves a folder on this machine only, as Netlify would serve it.
 *
 * @returns the address, and what ends it
 */
export async function serveFolder(directory: string, port: number): Promise<{ origin: string; stop(): Promise<void> }> {
  const { default: sirv } = await load(await installedSite(), 'sirv')
  const server = createServer(
    sirv(directory, {
      dev: true,
      setHeaders: (response: ServerResponse) => response.setHeader('Content-Security-Policy', policy),
    }),
  )
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const used = typeof address === 'object' && address ? address.port : port
  return {
    origin: `http://localhost:${used}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
