import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVendor, exampleResource, tokenVendors } from '../../../dev/issuers/vendor-tokens.ts'
import { authOf, forExpress } from './express.ts'
import { forHono } from './hono.ts'
import { protectNode } from './node.ts'
import { type AuthInfo, createResourceServer } from './resource-server.ts'
import { protect } from './web.ts'

const vendor = createVendor(tokenVendors.broker)
const server = createResourceServer({
  resource: exampleResource,
  authorizationServers: [tokenVendors.broker.issuer],
  scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
  fetch: vendor.fetch,
})
const call = (name: string) => JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name } })
const said = (auth: AuthInfo, body: unknown) => JSON.stringify({ subject: auth.extra.subject, body })

/** A listener of Node as a function from a request to its answer. */
async function listen(listener: Parameters<typeof createServer>[1]) {
  const listening: Server = createServer(listener)
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return { port, close: () => listening.close().closeAllConnections() }
}

const express = forExpress(server)
const listeners = {
  node: protectNode(server, (request, response, body) => response.end(said(request.auth, body))),
  express: ((request, response) => {
    express.metadata(request, response, () =>
      express.protect(request, response, () => response.end(said(authOf(request), Reflect.get(request, 'body')))),
    )
  }) as NonNullable<Parameters<typeof createServer>[1]>,
}
const { metadata, protect: protectHono } = forHono(server)
const hono = new Hono<{ Variables: { auth: AuthInfo; parsedBody: unknown } }>()
hono.use(metadata)
hono.all('/mcp', protectHono, async (context) => {
  // The body can still be read.
  const text = await context.req.raw.text()
  return new Response(said(context.get('auth'), context.get('parsedBody') ?? (text || undefined)))
})
const web = protect(server, async (request, { authInfo, parsedBody }) => {
  const text = await request.text()
  return new Response(said(authInfo, parsedBody ?? (text || undefined)))
})

const running: { close(): void }[] = []
const ports: Record<string, number | undefined> = {}
beforeAll(async () => {
  for (const [name, listener] of Object.entries(listeners)) {
    const started = await listen(listener)
    running.push(started)
    ports[name] = started.port
  }
})
afterAll(() => running.forEach((each) => void each.close()))

/** Sends a request to the server of a framework. */
function send(framework: string, path: string, init: RequestInit): Promise<Response> {
  const port = ports[framework]
  if (port !== undefined) return fetch(`http://127.0.0.1:${port}${path}`, init)
  const request = new Request(`https://mcp.engines.example${path}`, init)
  return framework === 'hono' ? Promise.resolve(hono.fetch(request)) : web(request)
}

describe.each(['web', 'hono', 'node', 'express'])('%s', (framework) => {
  const post = (body: string, token: string, path = '/mcp') =>
    send(framework, path, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } })

  test('the MCP server gets who asks, and the body', async () => {
    const answer = await post(call('read'), vendor.token())
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(await answer.json()).toEqual({ subject: 'user_1', body: JSON.parse(call('read')) })
  })

  test('a tool needs its scope, in a batch too, and whatever the content type', async () => {
    const token = vendor.token({ scope: 'tools:read' })
    for (const body of [call('write'), `[${call('read')},${call('write')}]`, ` ${call('write')}`]) {
      expect((await post(body, token)).status).toBe(403)
    }
    expect((await post(call('read'), token)).status).toBe(200)
    expect((await post(call('__proto__'), token)).status).toBe(200)
  })

  test('a body that is too long is refused, and without a token it is not even read', async () => {
    const long = ' '.repeat(4 * 1024 * 1024 + 1)
    expect((await post(long, vendor.token())).status).toBe(413)
    const init = { method: 'POST', body: 'x'.repeat(1000) }
    expect((await send(framework, '/mcp', init)).status).toBe(401)
  })

  test('a body that is no JSON calls no tool: the MCP server refuses it', async () => {
    expect((await post('{', vendor.token())).status).toBe(200)
  })

  test('a tool needs its scope also if the body begins with a byte order mark, which web-standard requests skip', async () => {
    const answer = await post(`\uFEFF${call('write')}`, vendor.token({ scope: 'tools:read' }))
    expect(answer.status === 403 || (await answer.json()).body === null).toBe(true)
  })

  test('a preflight and the metadata need no token; HEAD has no body', async () => {
    expect((await send(framework, '/mcp', { method: 'OPTIONS' })).status).toBe(204)
    const path = '/.well-known/oauth-protected-resource/mcp'
    expect(await (await send(framework, `${path}?a=b`, {})).json()).toMatchObject({ resource: exampleResource })
    const head = await send(framework, path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})

test.each(Object.keys(listeners))(
  '%s: two Authorization headers are a bad request, though Node hides the second',
  async (name) => {
    const status = await new Promise((resolve, reject) => {
      const headers = ['Host', 'x', 'Authorization', `Bearer ${vendor.token()}`, 'Authorization', 'Bearer a.b.c']
      httpRequest({ port: ports[name], path: '/mcp', headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(400)
  },
)

test('node: a client that goes while its body is read does not end the process', async () => {
  const outcomes: Promise<unknown>[] = []
  const listener = protectNode(server, () => undefined)
  const started = await listen((request, response) => void outcomes.push(listener(request, response)))
  running.push(started)
  const headers = { authorization: `Bearer ${vendor.token()}`, 'content-length': 1000 }
  const sent = httpRequest({ port: started.port, path: '/mcp', method: 'POST', headers }).on('error', () => undefined)
  sent.write('{')
  await expect.poll(() => outcomes.length).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  sent.destroy()
  expect(await Promise.allSettled(outcomes)).toEqual([{ status: 'fulfilled', value: undefined }])
})

describe('express: a tool needs its scope also', () => {
  const statusWith = async (parse: (request: IncomingMessage & { body?: unknown }) => Promise<unknown>) => {
    const started = await listen(async (request, response) => {
      await parse(request)
      express.protect(request, response, () => response.end())
    })
    running.push(started)
    const headers = { authorization: `Bearer ${vendor.token({ scope: 'tools:read' })}` }
    const init = { method: 'POST', body: call('write'), headers }
    return (await fetch(`http://127.0.0.1:${started.port}/mcp`, init)).status
  }

  test.each([
    ['text', (text: string) => text],
    ['bytes', (text: string) => Buffer.from(text)],
  ])('if a parser has left the body as %s', async (_what, made) => {
    expect(await statusWith(async (request) => Object.assign(request, { body: made(await text(request)) }))).toBe(403)
  })

  test('if a parser has set an empty body without reading it, as that of Express 4 does for other content types', async () => {
    expect(await statusWith(async (request) => Object.assign(request, { body: {} }))).toBe(403)
  })
})
