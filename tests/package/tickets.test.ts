import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { type ClientMemory, createClientMemory } from '../../dev/demo/client.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../../dev/oidc/provider.ts'
import { startPglite } from '../../dev/postgres/pglite.ts'
import { type RunningProcess, startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { installPackage, wordsOfOneSite } from './installed.ts'

const folder = temporaryFolder()
/** Milliseconds. */
const longest = 300_000

beforeAll(async () => {
  await cp(join(repository, 'examples/tickets'), folder.path, { recursive: true })
  await installPackage(folder.path)
})
afterAll(() => folder.remove())

test('the example compiles against the types of the package', async () => {
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  const types = join(repository, 'node_modules/@types')
  const compiling = startProcess('node', [tsc, '-p', '.', '--typeRoots', types], {
    cwd: folder.path,
    env: process.env,
    longest,
  })
  expect([await compiling.ended, compiling.output()]).toEqual([0, ''])
})

test('the package says nothing of documentation sites, and has no code of Netlify', async () => {
  expect(await wordsOfOneSite(join(folder.path, 'node_modules/mcp-oauth-broker'))).toEqual([])
})

interface Running {
  readonly origin: string
  readonly provider: OpenIdProvider
  readonly server: RunningProcess
}

/** A published client of one user. */
interface Connected {
  readonly client: Client
  readonly memory: ClientMemory
  readonly transport: () => StreamableHTTPClientTransport
  /** The user goes through the pages. Returns the scope of the new token. */
  readonly signIn: () => Promise<string>
}

async function connect({ origin }: Running): Promise<Connected> {
  const memory = createClientMemory()
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const transport = () => new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), { authProvider: memory })
  const browser = createWatchedBrowser()
  return {
    client,
    memory,
    transport,
    async signIn() {
      const authorizationUrl = memory.authorizationUrl()
      if (authorizationUrl === undefined) throw new Error('the client has not sent the user to a page')
      const answer = await personSignsIn({ authorizationUrl, email: 'agent@helpdesk.example', browser })
      await transport().finishAuth(answer.searchParams)
      const tokens = memory.currentTokens()
      keepSecret(tokens?.access_token, tokens?.refresh_token)
      return String(decodeJwt(tokens?.access_token ?? '').scope)
    },
  }
}

describe.each([
  ['memory', async () => ({ url: undefined, stop: async () => {} })],
  ['PostgreSQL', () => startPglite({ directory: undefined })],
] as const)('another MCP server, with its grants in %s', (_store, startDatabase) => {
  let database: { readonly url: string | undefined; stop(): Promise<void> }
  let running: Running
  let user: Connected
  let env: Record<string, string>

  const start = async () => {
    const server = startProcess('node', ['server.ts'], { cwd: folder.path, env: { ...process.env, ...env }, longest })
    await server.line(/"listening"/)
    return server
  }

  beforeAll(async () => {
    database = await startDatabase()
    const port = await freePorts()
    const origin = localUrl(port)
    const provider = await startOpenIdProvider({ port: port + 1, redirectUris: [`${origin}/oauth/callback`] })
    env = {
      ORIGIN: origin,
      PORT: String(port),
      SECRET: newSecret(),
      INTROSPECTION_SECRET: newSecret(),
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: provider.clientId,
      ...(database.url !== undefined && { DATABASE_URL: database.url }),
    }
    keepSecret(env.SECRET, env.INTROSPECTION_SECRET)
    running = { origin, provider, server: await start() }
    user = await connect(running)
  })
  afterAll(async () => {
    await user?.client.close()
    await running?.server.stop()
    await running?.provider.stop()
    await database?.stop()
  })

  test('a published client signs in through the consent page, lists ten tools and calls one', async () => {
    await expect(user.client.connect(user.transport())).rejects.toThrow(UnauthorizedError)
    expect(await user.signIn()).toBe('tickets:read')
    await user.client.connect(user.transport())
    expect((await user.client.listTools()).tools).toHaveLength(10)
    const { content, isError } = await user.client.callTool({ name: 'list_tickets', arguments: {} })
    expect([isError, JSON.stringify(content)]).toEqual([undefined, expect.stringContaining('printer')])
  })

  test('it steps up when it wants to write, and is not asked again for what it has', async () => {
    const create = () => user.client.callTool({ name: 'create_ticket', arguments: { title: 'No coffee' } })
    await expect(create()).rejects.toThrow(UnauthorizedError)
    expect((await user.signIn()).split(' ')).toEqual(['tickets:read', 'tickets:write'])
    expect(JSON.stringify((await create()).content)).toContain('No coffee')
  })

  test('it refreshes without its user', async () => {
    const before = user.memory.currentTokens()?.access_token
    expect(await auth(user.memory, { serverUrl: `${running.origin}/mcp` })).toBe('AUTHORIZED')
    const tokens = user.memory.currentTokens()
    keepSecret(tokens?.access_token, tokens?.refresh_token)
    expect(tokens?.access_token).not.toBe(before)
    expect((await user.client.callTool({ name: 'my_tickets', arguments: {} })).isError).toBeUndefined()
  })

  test.runIf(_store === 'PostgreSQL')('its grant survives a restart', async () => {
    await running.server.stop()
    running = { ...running, server: await start() }
    expect((await user.client.callTool({ name: 'my_tickets', arguments: {} })).isError).toBeUndefined()
  })

  test('after its revocation it is refused at once', async () => {
    const tokens = user.memory.currentTokens()
    const { client_id = '' } = user.memory.registration() ?? {}
    const body = new URLSearchParams({ token: tokens?.refresh_token ?? '', client_id })
    expect((await fetch(`${running.origin}/oauth/revoke`, { method: 'POST', body })).status).toBe(200)
    const call = user.client.callTool({ name: 'my_tickets', arguments: {} })
    await expect(call).rejects.toMatchObject({ code: 'invalid_grant' })
    const { access_token: accessToken = '' } = tokens ?? {}
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
    const refused = await fetch(`${running.origin}/mcp`, { method: 'POST', headers, body: '{}' })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  test('no secret and no email address is in its log', async () => {
    const output = running.server.output()
    const { INTROSPECTION_SECRET = '', SECRET = '' } = env
    for (const secret of [SECRET, INTROSPECTION_SECRET, 'agent@helpdesk.example']) expect(output).not.toContain(secret)
    expect(await readFile(join(folder.path, 'package.json'), 'utf8')).not.toContain(SECRET)
  })
})
