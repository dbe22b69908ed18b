import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { routes } from '../support/routes.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The addresses that users give to their clients, and the addresses that clients derive from them. */

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
const post = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  send(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: ping })

describe('/mcp/, as many users write it', () => {
  test('a client that compares everything byte for byte signs in there, refreshes and asks [S-25 D-18 D-19]', async () => {
    const address = `${stack.mcpUrl}/`
    const refused = await post(address)
    const named = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? ''
    expect([refused.status, named]).toEqual([401, `${stack.url}/.well-known/oauth-protected-resource/mcp/`])
    const metadata = await (await send(named)).json()
    expect(metadata).toMatchObject({ resource: address, authorization_servers: [stack.url] })
    const server = await (await send(`${stack.url}/.well-known/oauth-authorization-server`)).json()
    expect(server.protected_resources).toContain(address)

    const client = await registerClient(stack.url)
    const resource = { resource: address }
    const { accessToken, refreshToken } = await obtainTokens(client, undefined, resource)
    const refreshed = await client.refresh(refreshToken, resource)
    expect(refreshed.status).toBe(200)
    for (const token of [accessToken, refreshed.body.access_token]) {
      for (const url of [address, stack.mcpUrl]) {
        expect((await post(url, { authorization: `Bearer ${token}` })).status).toBe(200)
      }
    }
  })

  test('a token for /mcp is good there, and the documents differ in the address alone', async () => {
    const { accessToken } = await obtainTokens(await registerClient(stack.url))
    expect((await post(`${stack.mcpUrl}/`, { authorization: `Bearer ${accessToken}` })).status).toBe(200)
    const document = async (end: string) =>
      (await send(`${stack.url}/.well-known/oauth-protected-resource/mcp${end}`)).text()
    expect((await document('/')).replace(`"${stack.mcpUrl}/"`, `"${stack.mcpUrl}"`)).toBe(await document(''))
  })
})

const wellKnown = routes.flatMap(({ path }) => (path?.includes('.well-known/') && !path.endsWith('/') ? [path] : []))

test('the table has well-known paths', () => expect(wellKnown.length).toBeGreaterThan(8))

test.each(wellKnown)('%s answers with a slash at its end too, served or not [D-06]', async (path) => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
    const [plain, slash] = await Promise.all([path, `${path}/`].map((at) => send(stack.url + at, { method })))
    expect([method, slash?.status]).toEqual([method, plain?.status])
    expect(slash?.headers.get('content-type')).toBe(plain?.headers.get('content-type'))
    if (method === 'GET') {
      const text = (await slash?.text())?.replace(`"resource":"${stack.mcpUrl}/"`, `"resource":"${stack.mcpUrl}"`)
      expect(text).toBe(await plain?.text())
    }
  }
})

describe('the address of the site, when users leave out the path', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s: 405, and where the MCP server is', async (method) => {
    const response = await send(stack.url, {
      method,
      headers: { origin: 'https://inspector.example' },
      // Node sends a DELETE with a body in a form that servers do not read.
      ...(method !== 'DELETE' && { body: ping }),
    })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32000,
        message: expect.stringContaining(stack.mcpUrl),
        data: { mcp_server_url: stack.mcpUrl, documentation_url: expect.any(String) },
      },
    })
  })

  test.each(['text/event-stream', 'application/json, text/event-stream', 'Text/Event-Stream;q=0.5'])(
    'GET with Accept: %s: the same',
    async (accept) => {
      const response = await send(stack.url, { headers: { accept } })
      expect([response.status, await response.text()]).toEqual([405, expect.stringContaining(stack.mcpUrl)])
    },
  )

  test.each(['text/html', 'application/json', '*/*', 'text/markdown', 'text/html, text/event-stream;q=0'])(
    'GET with Accept: %s: the front page',
    async (accept) => expect((await send(stack.url, { headers: { accept } })).status).toBe(200),
  )

  test('the page of a client may read that answer', async () => {
    const response = await send(stack.url, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD, OPTIONS, POST, DELETE',
    ])
  })
})

describe.each([
  ['/mcp/server-card', 'application/mcp-server-card+json'],
  ['/.well-known/mcp/server-card.json', 'application/json'],
  ['/.well-known/ai-catalog.json', 'application/ai-catalog+json'],
])('%s', (path, type) => {
  test('is cached by its ETag, also by scripts of pages [B8-18]', async () => {
    const first = await send(stack.url + path)
    const etag = first.headers.get('etag') ?? ''
    expect([first.status, first.headers.get('content-type')]).toEqual([200, type])
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    expect(first.headers.get('access-control-expose-headers')).toContain('ETag')
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await send(stack.url + path, { headers: { 'if-none-match': known } })
      expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
      expect(again.headers.get('cache-control')).toBe(first.headers.get('cache-control'))
    }
    for (const unknown of ['"other"', etag.slice(1, -1), 'W/"x"', '']) {
      expect((await send(stack.url + path, { headers: { 'if-none-match': unknown } })).status).toBe(200)
    }
    const preflight = await send(stack.url + path, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toContain('If-None-Match')
  })
})

test('a client finds the card from the host alone, and from the card the server and its protocol versions [B8-18]', async () => {
  const catalog = await (await send(`${stack.url}/.well-known/ai-catalog.json`)).json()
  const card = await (await send(catalog.entries[0].url)).json()
  expect(catalog.entries[0].type).toBe('application/mcp-server-card+json')
  const [remote] = card.remotes
  expect(remote.url).toBe(stack.mcpUrl)
  const { accessToken } = await obtainTokens(await registerClient(stack.url))
  for (const version of remote.supportedProtocolVersions) {
    const clientInfo = { name: 'client', version: '1' }
    const meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': clientInfo,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const [method, params] =
      version === '2026-07-28'
        ? ['server/discover', { _meta: meta }]
        : ['initialize', { protocolVersion: version, capabilities: {}, clientInfo }]
    const headers = { 'mcp-protocol-version': version, 'mcp-method': method }
    const response = await send(stack.mcpUrl, {
      method: 'POST',
      headers: { ...(method === 'server/discover' && headers), authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result } = JSON.parse(await response.text())
    expect([version, result.protocolVersion ?? result.supportedVersions[0]]).toEqual([version, version])
  }
})

test('a cacheable answer says so once, without Pragma (RFC 9111 §5.4) [T-03 D-16]', async () => {
  for (const path of [...wellKnown, '/', '/mcp/server-card', '/health']) {
    const { headers } = await send(stack.url + path)
    const keep = headers.get('cache-control')?.startsWith('public')
    expect([path, headers.get('pragma')]).toEqual([path, keep ? null : headers.get('pragma')])
  }
})
