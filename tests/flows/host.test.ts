import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Artifact } from '../../dev/build/build.ts'
import { buildInChild } from '../../dev/build/build-in-child.ts'
import { type Host, startHost } from '../../dev/host/start.ts'

const fixture = `
export default async (request, context) => {
  const url = new URL(request.url)
  switch (url.pathname) {
    case '/show':
      return Response.json({
        url: request.url, method: request.method, body: await request.text(), ip: context.ip, path: context.url.pathname,
        deploy: context.deploy.context, site: context.site.id, spoofed: request.headers.get('x-nf-geo'),
        cookie: request.headers.get('cookie'), environment: Object.keys(process.env).sort(),
        blobs: JSON.parse(Buffer.from(process.env.NETLIFY_BLOBS_CONTEXT, 'base64').toString()),
      })
    case '/cookies': {
      const headers = new Headers([['set-cookie', 'a=1; Path=/'], ['set-cookie', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT']])
      return new Response(null, { status: 303, headers })
    }
    case '/stream': {
      const lines = ['one', 'two']
      return new Response(new ReadableStream({
        async pull(controller) {
          const line = lines.shift()
          if (line === 'two') await globalThis.release
          line ? controller.enqueue(new TextEncoder().encode(line)) : controller.close()
        },
        start() { globalThis.release = new Promise((resolve) => { globalThis.open = resolve }) },
      }), { headers: { 'content-type': 'text/event-stream' } })
    }
    case '/release':
      globalThis.open()
      return new Response('released')
    case '/throw':
      throw new Error('secret detail')
    case '/later':
      context.waitUntil(new Promise((resolve) => setTimeout(resolve, 150)).then(() => console.log('work after the answer')))
      return new Response('now')
    default:
      return new Response('?', { status: 500 })
  }
}
export const config = { path: ['/show', '/cookies', '/stream', '/release', '/throw', '/later'] }
`
const scheduled = `
export default () => { console.log('swept'); return new Response('done') }
export const config = { schedule: '@hourly' }
`
const broken = `
throw new Error('cannot load')
export default () => new Response()
export const config = { path: '/broken' }
`

let folder: string
let artifact: Artifact
let host: Host
const output: string[] = []
const blobs = {
  siteID: 'site-1',
  token: 'blobs-token',
  edgeURL: 'http://edge.test',
  uncachedEdgeURL: 'http://strong.test',
}
const start = (port = 0) =>
  startHost({
    artifact,
    port,
    env: { MY_SETTING: 'x', SITE_ID: 'site-1' },
    blobs,
    onOutput: (line) => output.push(line),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-test-'))
  const functionsDirectory = join(folder, 'source')
  await mkdir(functionsDirectory)
  await writeFile(join(functionsDirectory, 'fixture.ts'), fixture)
  await writeFile(join(functionsDirectory, 'sweep.ts'), scheduled)
  await writeFile(join(functionsDirectory, 'broken.ts'), broken)
  artifact = await buildInChild({ outDir: join(folder, 'out'), functionsDirectory })
  host = await start()
})

afterAll(async () => {
  await host?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('a request reaches its function with its Host, the real peer address, and the platform’s headers', async () => {
  const response = await fetch(`http://127.0.0.1:${host.port}/show?a=1&a=2`, {
    method: 'POST',
    body: 'héllo',
    headers: { 'x-nf-client-connection-ip': '203.0.113.1', 'x-nf-geo': 'spoofed', cookie: 'x=1; y=2' },
  })
  expect(response.headers.get('x-nf-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(await response.json()).toEqual({
    url: `http://127.0.0.1:${host.port}/show?a=1&a=2`,
    path: '/show',
    method: 'POST',
    body: 'héllo',
    ip: '127.0.0.1',
    deploy: 'dev',
    site: 'site-1',
    spoofed: null,
    cookie: 'x=1; y=2',
    environment: expect.arrayContaining(['MY_SETTING']),
    blobs: expect.objectContaining({
      edgeURL: 'http://edge.test',
      uncachedEdgeURL: 'http://strong.test',
      token: 'blobs-token',
    }),
  })
})

test('functions see the given environment, and no other variable of the machine', async () => {
  const { environment } = await (await fetch(`${host.url}/show`)).json()
  expect(environment).not.toContain('HOME')
  expect(environment).not.toContain('PATH')
})

test('localhost works over IPv4 and, where the machine has it, over IPv6', async () => {
  expect((await fetch(`http://localhost:${host.port}/show`)).status).toBe(200)
})

test('two cookies arrive as two Set-Cookie headers, with a status that has no body', async () => {
  const response = await fetch(`${host.url}/cookies`, { redirect: 'manual' })
  expect(response.status).toBe(303)
  expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'])
})

test('an answer is streamed: its first part arrives while the function is still writing', async () => {
  const response = await fetch(`${host.url}/stream`)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect(await reader?.read()).toMatchObject({ value: 'one' })
  await fetch(`${host.url}/release`)
  expect(await reader?.read()).toMatchObject({ value: 'two' })
})

test.each([
  ['an undeclared path', '/nothing', 'GET', 404],
  ['an undeclared trailing slash', '/show/', 'GET', 404],
  ['a function that has a path, by its name', '/.netlify/functions/fixture', 'POST', 404],
  ['a scheduled function by GET', '/.netlify/functions/sweep', 'GET', 404],
  ['a scheduled function by POST', '/.netlify/functions/sweep', 'POST', 200],
])('%s', async (_what, path, method, status) => {
  expect((await fetch(host.url + path, { method })).status).toBe(status)
})

test('TRACE is refused before any function, because a web-standard Request cannot have it', async () => {
  const { statusCode } = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const trace = http.request(`${host.url}/show`, { method: 'TRACE' }, resolve)
    trace.on('error', reject).end()
  })
  expect(statusCode).toBe(405)
})

test.each(['/throw', '/broken'])(
  '%s: a function that fails gives 502; the reason is printed, not sent',
  async (path) => {
    const response = await fetch(`${host.url}${path}?code=abc`)
    expect(response.status).toBe(502)
    expect(await response.text()).toBe('Bad Gateway\n')
    await expect.poll(() => output.join('\n')).toContain(`GET ${path} failed: Error: `)
    expect(output.join('\n')).not.toContain('code=abc')
  },
)

test('a body of 6 MB passes, and one byte more is 413', async () => {
  const post = (length: number) => fetch(`${host.url}/release`, { method: 'POST', body: new Uint8Array(length) })
  expect((await post(6 * 1024 * 1024)).status).toBe(200)
  expect((await post(6 * 1024 * 1024 + 1)).status).toBe(413)
})

test.each(['evil@localhost', 'localhost/x'])('an invalid Host header is refused: %j', async (value) => {
  const status = new Promise((resolve, reject) => {
    http
      .get({ port: host.port, host: '127.0.0.1', path: '/show', headers: { host: value } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      .on('error', reject)
  })
  expect(await status).toBe(400)
})

test('a killed host is replaced by another on the same port', async () => {
  const { port } = host
  await host.kill()
  await expect(fetch(`http://127.0.0.1:${port}/show`)).rejects.toThrow()
  host = await start(port)
  expect(host.port).toBe(port)
  expect((await fetch(`${host.url}/show`)).status).toBe(200)
})

test('a second host on a port in use says so', async () => {
  await expect(start(host.port)).rejects.toThrow(/EADDRINUSE/)
})

test('a host that stops frees its port first and finishes its background work', async () => {
  const old = host
  output.length = 0
  expect(await (await fetch(`${old.url}/later`)).text()).toBe('now')
  await old.retire()
  host = await start(old.port)
  await old.exited
  expect(output).toContain('work after the answer')
})

test('the published file is served as Netlify does; nothing can be posted to it', async () => {
  const file = await fetch(`${host.url}/robots.txt`)
  expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(await file.text()).toContain('Disallow: /oauth/')
  expect((await fetch(`${host.url}/robots.txt`, { method: 'POST' })).status).toBe(404)
})

test('the first request for another host than the issuer’s is followed by one line that says so', async () => {
  const lines: string[] = []
  const env = { MCP_OAUTH_ISSUER: 'http://localhost:1', MCP_OAUTH_PROXY_HOSTS: 'docs.test, 127.0.0.1:2' }
  const local = await startHost({ artifact, port: 0, env, blobs, onOutput: (line) => lines.push(line) })
  const show = () => fetch(`http://127.0.0.1:${local.port}/show`)
  await show()
  await show()
  await local.stop()
  expect(lines).toEqual([
    `A request came for 127.0.0.1:${local.port}, which is not the issuer's host and gets 404: use http://localhost:1/show`,
  ])
})
