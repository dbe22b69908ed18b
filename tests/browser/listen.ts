import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { forTests } from '../../dev/worlds/for-tests.ts'

export interface Listening {
  readonly port: number
  stop(): Promise<void>
}

/** Starts a server of `node:http` or `node:https` on a free port of 127.0.0.1. */
export async function listen(server: Server & { closeAllConnections(): void }): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Serves one page of another site at every path of a free port, for the tests of a file. */
export function pageForTests(html: string): { readonly port: number } {
  const site = forTests(
    () => listen(createServer((_, response) => response.setHeader('content-type', 'text/html').end(html))),
    ({ stop }) => stop(),
  )
  return {
    get port() {
      return site().port
    },
  }
}
