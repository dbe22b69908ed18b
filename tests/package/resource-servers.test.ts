import { cp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSignInServer } from '../../dev/issuers/sign-in-server.ts'
import { type RunningProcess, startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { createSession } from '../clients/session.ts'
import { installPackage } from './installed.ts'

const folder = temporaryFolder()
/** Milliseconds. */
const longest = 300_000
let issuer: Awaited<ReturnType<typeof startSignInServer>>

beforeAll(async () => {
  await cp(join(repository, 'examples/resource-servers'), folder.path, { recursive: true })
  await cp(join(repository, 'docs/kit'), folder.path, { recursive: true })
  await installPackage(folder.path)
  issuer = await startSignInServer()
})
afterAll(async () => {
  await issuer?.stop()
  await folder.remove()
})

async function compile(options: object, include: readonly string[]): Promise<unknown> {
  const { compilerOptions } = JSON.parse(await readFile(join(folder.path, 'tsconfig.json'), 'utf8'))
  const configuration = { compilerOptions: { ...compilerOptions, ...options }, include }
  await writeFile(join(folder.path, 'tsconfig.check.json'), JSON.stringify(configuration))
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  const running = startProcess('node', [tsc, '-p', 'tsconfig.check.json'], {
    cwd: folder.path,
    env: process.env,
    longest,
  })
  return [await running.ended, running.output()]
}

describe('the types of the package', () => {
  test('five frameworks and six examples compile', async () => {
    expect(await compile({}, ['*.ts'])).toEqual([0, ''])
  })

  test.each([
    ['nodenext', { module: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('are themselves correct under %s, also with exactOptionalPropertyTypes', async (_name, options) => {
    const entries = ['', '/express', '/fastify', '/hono', '/node']
    const uses = entries.map((entry, index) => `import * as e${index} from 'mcp-oauth-broker/resource-server${entry}'`)
    await writeFile(join(folder.path, 'all-entries.ts'), `${uses.join('\n')}\nconsole.log(e0, e1, e2, e3, e4)\n`)
    const strict = { ...options, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
    expect(await compile(strict, ['all-entries.ts', 'okta.ts'])).toEqual([0, ''])
  })
})

test('the resource server loads no package but Node', async () => {
  const loaded = new Set<string>()
  const packages = new Set<string>()
  const visit = async (path: string): Promise<void> => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const [, specifier = ''] of (await readFile(path, 'utf8')).matchAll(/(?:from|import)\s*\(?"([^"]+)"/g)) {
      if (specifier.startsWith('.')) await visit(join(dirname(path), specifier))
      else packages.add(specifier)
    }
  }
  for (const entry of ['index', 'express', 'fastify', 'hono', 'node']) {
    await visit(join(folder.path, `node_modules/mcp-oauth-broker/resource-server/kit/${entry}.js`))
  }
  expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([])
})

/** The framework, and how its server answers. */
const servers = [
  ['express', { sessions: true, legacy: true }],
  ['fastify', { sessions: false, legacy: false }],
  ['hono', { sessions: false, legacy: false }],
  ['node', { sessions: false, legacy: true }],
  ['web', { sessions: false, legacy: false }],
] as const

describe.each(servers)('an MCP server with %s', (framework, { sessions, legacy }) => {
  let server: RunningProcess
  let url: URL

  async function start(path: string): Promise<void> {
    const port = await freePorts()
    url = new URL(`http://localhost:${port}${path}`)
    const env = { ...process.env, ISSUER: issuer.issuer, PORT: String(port), PATH_OF_MCP: path }
    server = startProcess('node', [`${framework}.ts`], { cwd: folder.path, env, longest })
    await server.line(/listening/)
  }
  beforeAll(() => start('/mcp'))
  afterAll(() => server?.stop())

  const token = (scope: string, changes = {}) =>
    issuer.accessToken({ scope, aud: url.href, client_id: 'test', ...changes })
  const post = (body: unknown, authorization?: string, more: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...(authorization !== undefined && { authorization }),
        ...more,
      },
      body: JSON.stringify(body),
    })
  const initialize = {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  }
  const call = (name: string, id = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } })
  const textsOf = (result: unknown) => JSON.stringify((result as { readonly content: unknown }).content)

  /** A client that has signed in. */
  async function signIn(
    transportFor: (session: ReturnType<typeof newSession>) => StreamableHTTPClientTransport | SSEClientTransport,
  ) {
    const session = newSession()
    const client = new Client({ name: 'sdk', version: '1.0.0' })
    const first = transportFor(session)
    await expect(client.connect(first as never)).rejects.toThrow(UnauthorizedError)
    await allow(session, first)
    await client.close()
    await client.connect(transportFor(session) as never)
    return { client, session }
  }
  const newSession = () => createSession<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>(undefined)
  /** The user allows what the client asks for. */
  async function allow(session: ReturnType<typeof newSession>, transport: { finishAuth(code: string): Promise<void> }) {
    const answer = await fetch(session.authorizationUrl ?? '', { redirect: 'manual' })
    await transport.finishAuth(new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '')
  }

  test('a published client gets the challenge, signs in, and calls a tool [F-003-01]', async () => {
    const { client } = await signIn(
      (session) => new StreamableHTTPClientTransport(url, { authProvider: session.provider }),
    )
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['read_notes', 'write_note'])
    expect(textsOf(await client.callTool({ name: 'read_notes', arguments: {} }))).toContain('the notes of ada')
    await client.close()
  })

  test('the client steps up when a tool needs more', async () => {
    const { client, session } = await signIn(
      (session) => new StreamableHTTPClientTransport(url, { authProvider: session.provider }),
    )
    const write = () => client.callTool({ name: 'write_note', arguments: {} })
    await expect(write()).rejects.toThrow()
    expect(session.authorizationUrl?.searchParams.get('scope')).toBe('notes:read notes:write')
    const transport = new StreamableHTTPClientTransport(url, { authProvider: session.provider })
    await allow(session, transport)
    expect(textsOf(await write())).toContain('written')
    await client.close()
  })

  test('refuses every request without a good token, and none of them reaches the MCP server', async () => {
    expect((await post(call('read_notes'))).status).toBe(401)
    expect((await post(call('read_notes'), 'Bearer junk')).status).toBe(401)
    const foreign = token('notes:read', { aud: 'http://localhost:1/mcp' })
    const answer = await post(call('read_notes'), `Bearer ${foreign}`)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain(
      `resource_metadata="${url.origin}/.well-known/oauth-protected-resource/mcp", error="invalid_token"`,
    )
    const inQuery = await fetch(`${url}?access_token=${token('notes:read')}`, { method: 'POST', body: '{}' })
    expect(inQuery.status).toBe(401)
    for (const method of ['GET', 'DELETE', 'HEAD', 'PUT']) expect((await fetch(url, { method })).status).toBe(401)
  })

  test('a tool that needs another scope: 403 with a result that says the same, in a batch too', async () => {
    const bearer = `Bearer ${token('notes:read')}`
    for (const body of [call('write_note'), [call('read_notes'), call('write_note', 2)]]) {
      const answer = await post(body, bearer)
      expect(answer.status).toBe(403)
      expect(answer.headers.get('www-authenticate')).toContain('scope="notes:read notes:write"')
      expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', id: 1, result: { isError: true } })
    }
  })

  test('answers a batch, and CORS for a client in a browser [F-003-12]', async () => {
    const bearer = `Bearer ${token('notes:read notes:write')}`
    const opened = await post(initialize, bearer)
    expect(opened.status).toBe(200)
    expect(opened.headers.get('access-control-allow-origin')).toBe('*')
    expect(opened.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    await opened.text()
    const id = opened.headers.get('mcp-session-id')
    expect(id !== null).toBe(sessions)
    const more = { 'mcp-protocol-version': '2025-03-26', ...(id !== null && { 'mcp-session-id': id }) }
    const answer = await post([call('read_notes', 7), call('write_note', 8)], bearer, more)
    const text = await answer.text()
    expect([answer.status, text]).toEqual([200, expect.stringMatching(/the notes of ada[\s\S]*written/)])
    if (id === null) return
    // Another user with a good token must not use the session.
    const other = `Bearer ${token('notes:read', { sub: 'eve' })}`
    expect((await post(call('read_notes'), other, more)).status).toBe(404)
  })

  test('answers a preflight without a token, and the metadata at both addresses', async () => {
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://claude.ai' } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    for (const path of ['', '/mcp']) {
      const answer = await fetch(`${url.origin}/.well-known/oauth-protected-resource${path}`)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
      expect(await answer.json()).toMatchObject({ resource: url.href, authorization_servers: [issuer.issuer] })
    }
  })

  test('says what happened without a token', () => {
    expect(server.output()).toContain('"kind":"refused"')
    expect(server.output()).not.toMatch(/eyJ|Bearer/)
  })

  test.runIf(legacy)('the transport of 2024: a published client signs in and calls a tool [F-003-12]', async () => {
    await server.stop()
    await start('/sse')
    const { client, session } = await signIn(
      (session) => new SSEClientTransport(url, { authProvider: session.provider }),
    )
    expect(textsOf(await client.callTool({ name: 'read_notes', arguments: {} }))).toContain('the notes of ada')
    await client.close()
    expect(session.authorizationUrl?.searchParams.get('resource')).toBe(url.href)
    const message = await fetch(`${url.origin}/messages?sessionId=x`, { method: 'POST', body: '{}' })
    expect(message.status).toBe(401)
  })
})
