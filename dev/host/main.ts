/**
 * The function host. This child process runs the functions' real artifacts behind HTTP, as Netlify's edge would.
 * `startHost` starts it, and it ends with its parent.
 */

import type { IncomingMessage } from 'node:http'
import * as v from 'valibot'
import { hostsIn } from '../../lib/settings/hosts.ts'
import { peerOf, urlOf } from './arrival.ts'
import { type FunctionServer, startFunctionServer } from './function-server.ts'
import type { Arrival, EarlyAnswer } from './invoke.ts'
import { type HostOptions, type Notice, order } from './options.ts'

/** Milliseconds that running requests may still take after the order to stop. */
const drainTime = 10_000

const tell = (notice: Notice) => process.send?.(notice)
let server: FunctionServer | undefined
let hinted = false

// Ctrl-C and the end of the terminal reach the whole process group. The supervisor decides when the host ends.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.once('disconnect', () => process.exit(1))
process.on('message', async (message) => {
  const received = v.parse(order, message)
  if (received.type === 'stop') return stop()
  try {
    tell({ type: 'listening', port: await start(received.options) })
  } catch (error) {
    tell({ type: 'failed', error: error instanceof Error ? error.message : String(error) })
  }
})

async function start(options: HostOptions): Promise<number> {
  server = await startFunctionServer({
    ...options,
    platform: options,
    addresses: ['127.0.0.1', '::1'],
    arrive,
    beforeCall: (url) => hintAtOtherHost(url, options),
  })
  return server.port
}

function arrive(request: IncomingMessage): Arrival | EarlyAnswer {
  const url = urlOf(request, 'http:')
  return url ? { url, address: peerOf(request) } : { status: 400, text: 'Bad Request' }
}

/** Prints once why a user who opens 127.0.0.1 instead of localhost gets only 404 (D-04). */
function hintAtOtherHost(url: URL, { deploy }: HostOptions): void {
  const { MCP_OAUTH_ISSUER: issuer = '' } = process.env
  if (hinted || deploy.context !== 'dev' || !URL.canParse(issuer)) return
  const { proxyHosts } = hostsIn(process.env)
  if ([new URL(issuer).host, ...proxyHosts].includes(url.host)) return
  hinted = true
  console.error(
    `A request came for ${url.host}, which is not the issuer's host and gets 404: use ${issuer}${url.pathname}`,
  )
}

/** Frees the port, lets requests and `waitUntil` work finish, and exits. */
async function stop(): Promise<void> {
  setTimeout(() => process.exit(0), drainTime)
  server?.close()
  tell({ type: 'closed' })
  await server?.drained()
  process.exit(0)
}
