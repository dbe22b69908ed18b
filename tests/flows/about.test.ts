import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { identity } from '../../lib/service/identity.ts'
import { builtArtifact } from '../support/artifact.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

/** Milliseconds to wait for a printed line. Only a missing line takes that long. */
const patience = 60_000

const documentation = 'https://docs.example.com/mcp-server'
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }

let stack: Stack
let open: Stack
const both = () => [stack, open] as const

beforeAll(async () => {
  const settings = {
    REQUIRE_AUTH: 'false',
    MCP_DOCS_URL: documentation,
    MCP_PRODUCT_NAME: 'Example <Handbook>',
    MCP_OAUTH_ACCESS_TTL: '5400',
  }
  ;[stack, open] = await Promise.all([startStack(), startStack({ settings })])
})
afterEach(() => stack.emulator.clearFaults())
afterAll(async () => {
  await stack?.stop()
  await open?.stop()
})

const jsonAt = async (url: string) => (await send(url)).json()

describe('a host with its own settings and memory', () => {
  /** `undefined` removes a setting. */
  async function deploy(changes: Readonly<Record<string, string | undefined>>) {
    const port = await freePorts()
    const url = `http://localhost:${port}`
    const settings = { ...stack.environment, URL: url, MCP_OAUTH_ISSUER: url, ...changes }
    const lines: string[] = []
    const host = await startHost({
      artifact: builtArtifact(),
      port,
      env: Object.fromEntries(Object.entries(settings).flatMap(([name, value]) => (value ? [[name, value]] : []))),
      blobs: stack.emulator.clientOptions(),
      deployContext: 'dev',
      onOutput: (line) => lines.push(line),
    })
    return { url, lines, [Symbol.asyncDispose]: () => host.stop() }
  }

  const readiness = async (url: string) => {
    const response = await send(`${url}/health/ready`)
    return [response.status, await response.json()]
  }

  testOnBlobs(
    'is ready when the store has proved that only one writer wins; a second check needs no store operation [O-03]',
    async () => {
      await using host = await deploy({})
      const before = stack.emulator.operations().length
      const answers = await Promise.all(Array.from({ length: 20 }, () => readiness(host.url)))
      expect(answers).toEqual(Array.from({ length: 20 }, () => [200, { status: 'ready' }]))
      expect(stack.emulator.operations().length - before).toBe(6)
    },
  )

  testOnBlobs('is alive but not ready without its store, and says why [O-03 B8-18]', async () => {
    await using host = await deploy({})
    stack.emulator.addFault({ action: 'status', status: 500 })
    const response = await send(`${host.url}/health/ready`)
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'store_unavailable' },
    ])
    expect([response.headers.get('retry-after'), response.headers.get('cache-control')]).toEqual(['10', 'no-store'])
    expect(await jsonAt(`${host.url}/health`)).toEqual({ status: 'ok', oauth: true })
    await vi.waitFor(() => expect(host.lines.join('\n')).toContain('"not_ready"'), patience)
  })

  test('is not ready while it is misconfigured, and the answer shows neither settings nor values [O-10]', async () => {
    await using host = await deploy({ MCP_OAUTH_SECRET: 'hunter2hunter2' })
    expect(await readiness(host.url)).toEqual([503, { status: 'not ready', reason: 'configuration' }])
    expect(await jsonAt(`${host.url}/health`)).toEqual({ status: 'ok', oauth: false })
  })
})

describe('the documents about the server', () => {
  test('say whether a sign-in is required, as /mcp does [F-000-23]', async () => {
    for (const [{ url, mcpUrl }, required] of [
      [stack, true],
      [open, false],
    ] as const) {
      const authentication = {
        type: 'oauth2',
        required,
        authorization_servers: [url],
        protected_resource_metadata: `${url}/.well-known/oauth-protected-resource/mcp`,
        scopes_supported: ['docs:read', 'docs:feedback'],
      }
      const card = await jsonAt(`${url}/mcp/server-card`)
      expect(card).toMatchObject({
        $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
        name: 'localhost/mcp',
        version: identity.version,
        remotes: [{ type: 'streamable-http', url: mcpUrl }],
        _meta: { 'localhost/authentication': authentication },
      })
      const earlier = await jsonAt(`${url}/.well-known/mcp/server-card.json`)
      expect(earlier).toMatchObject({
        serverInfo: identity,
        transport: { type: 'streamable-http', url: mcpUrl },
        capabilities: { tools: true, resources: false, prompts: false },
        authentication,
      })
      expect(await jsonAt(url)).toMatchObject({ ...identity, authentication })
    }
  })

  test.each([
    ['/mcp/server-card', 'application/mcp-server-card+json'],
    ['/.well-known/mcp/server-card.json', 'application/json'],
    ['/', 'application/json'],
  ])('anyone may read %s and cache it for an hour', async (path, type) => {
    const { headers } = await send(stack.url + path, { headers: { accept: '*/*' } })
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toBe('public, max-age=3600')
  })

  test('name exactly the capabilities of the server [B8-18]', async () => {
    const message = json(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      }),
    )
    const answer = await (await send(open.mcpUrl, message)).text()
    const { result } = JSON.parse(answer.replace(/^[^{]*/, ''))
    const { serverInfo, capabilities } = await jsonAt(`${open.url}/.well-known/mcp/server-card.json`)
    const promised = Object.keys(capabilities).filter((name) => capabilities[name])
    expect(promised).toEqual(Object.keys(result.capabilities))
    expect(result.serverInfo).toMatchObject({ name: serverInfo.name, version: serverInfo.version })
  })

  test('the links of the front page work', async () => {
    const { links } = await jsonAt(stack.url)
    for (const link of Object.values<string>(links)) expect((await send(link)).status).toBe(200)
  })
})

describe('a visitor', () => {
  test('learns from the front page what to enter in the client [F-001-09]', async () => {
    const response = await send(open.url, { headers: browser })
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('vary')).toBe('Accept')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    const page = await response.text()
    expect(page).toContain(`<code>${open.mcpUrl}</code>`)
    expect(page).toContain('Example &lt;Handbook&gt;')
    expect(page).toContain(`href="${documentation}"`)
  })

  test('reads in the Markdown document everything that the page of the documentation site says', async () => {
    const response = await send(open.url, { headers: { accept: 'text/markdown, text/html;q=0.5' } })
    expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    const text = await response.text()
    expect(text).toContain(`\`${open.mcpUrl}\``)
    expect(text).toContain('You may ask without signing in.')
    expect(text).toContain('90 minutes')
    expect(text).toContain('## Set up your client')
    expect(text).toContain('`ask_redpanda_question`')
    expect(text).toContain('retry-after: ')
  })

  test('with a browser at the address of the MCP server is redirected to the documentation, or to the front page', async () => {
    for (const [{ mcpUrl }, location] of [
      [stack, stack.url],
      [open, documentation],
    ] as const) {
      for (const headers of [browser, { accept: 'text/markdown' }]) {
        const response = await send(mcpUrl, { headers })
        expect([response.status, response.headers.get('location')]).toEqual([302, location])
        expect(response.headers.get('cache-control')).toBe('no-store')
      }
    }
  })

  test('is not confused with a client: the probe of a client gets the challenge [S-11]', async () => {
    for (const accept of ['*/*', 'text/event-stream', 'application/json, text/event-stream']) {
      expect((await send(stack.mcpUrl, { headers: { accept } })).status).toBe(401)
    }
  })
})

test('that is a crawler is asked to stay out of sign-ins', async () => {
  for (const { url } of both()) expect(await (await send(`${url}/robots.txt`)).text()).toContain('Disallow: /oauth/')
})
