import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { BrowserOptions } from '../../dev/browser/chromium.ts'
import { createTestCa } from '../../dev/tls/ca.ts'
import { createHarness, type Harness } from '../../dev/worlds/authorization-server.ts'
import { listen } from './listen.ts'

export interface HarnessSite {
  readonly harness: Harness
  /** Options for a browser that reaches the harness's OpenID Provider. */
  readonly browserOptions: BrowserOptions
  stop(): Promise<void>
}

/**
 * Serves the authorization server of the harness, whose clock the test sets, to a browser. Its OpenID Provider signs a
 * user in with one click on a link.
 */
export async function startHarnessSite(): Promise<HarnessSite> {
  let answer = async (_: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.writeHead(503).end()
  }
  const site = await listen(createServer((request, response) => answer(request, response)))
  const harness = createHarness({ issuer: `http://localhost:${site.port}` })
  answer = (request, response) => pass(request, response, harness)

  const ca = await createTestCa()
  const { key, cert } = await ca.certificateFor(['login.example'])
  const provider = await listen(
    createTlsServer({ key, cert: cert + ca.caPem }, ({ url = '/' }, response) => {
      const state = new URL(url, 'https://login.example').searchParams.get('state') ?? ''
      const callback = `${harness.issuer}/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><title>Provider</title><a href="${callback.replace('&', '&amp;')}">Sign in</a>`)
    }),
  )
  return {
    harness,
    browserOptions: { hosts: { 'login.example': provider.port }, authority: ca.caPem },
    async stop() {
      await Promise.all([site.stop(), provider.stop()])
    },
  }
}

/** Passes a request to the harness as the platform would, and its answer to the browser. */
async function pass(request: IncomingMessage, response: ServerResponse, harness: Harness): Promise<void> {
  const headers = new Headers()
  for (const [name, values] of Object.entries(request.headersDistinct)) headers.set(name, values?.join('; ') ?? '')
  const body = await buffer(request)
  const answered = await harness.fetch(request.url ?? '/', {
    method: request.method ?? 'GET',
    headers,
    ...(body.length > 0 && { body: new Uint8Array(body) }),
  })
  for (const [name, value] of answered.headers) response.appendHeader(name, value)
  response.writeHead(answered.status).end(await answered.text())
}
