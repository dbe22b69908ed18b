import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { zipFunctions } from '@netlify/zip-it-and-ship-it'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { createClientMemory } from '../../dev/demo/client.ts'
import { type Kapa, kapaToolName, startKapa } from '../../dev/kapa/server.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../../dev/oidc/provider.ts'
import { type LocalDatabase, startPglite } from '../../dev/postgres/pglite.ts'
import { type RunningProcess, startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { kapaApiKey } from '../../dev/start/local-env.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { startWorld, type World } from '../../dev/start/world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../dev/temporary-folder.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { functionTexts } from '../../lib/create/create.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { installPackage, npm, tarball } from './installed.ts'

const longest = 300_000
const folder: TemporaryFolder = temporaryFolder()
const site = join(folder.path, 'site')

/** Runs the program of the package, as `npx` would. */
async function program(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const running = startProcess('npx', ['--yes', `--package=${await tarball()}`, 'mcp-oauth-broker', ...args], {
    cwd: folder.path,
    env: process.env,
    longest,
  })
  return { code: await running.ended, output: running.output() }
}

/** A published client signs a user in through all pages, and calls a tool. */
async function signInAndAsk(mcpUrl: string): Promise<void> {
  const memory = createClientMemory()
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const transport = () => new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider: memory })
  const keep = () => keepSecret(memory.currentTokens()?.access_token, memory.currentTokens()?.refresh_token)
  try {
    await expect(client.connect(transport())).rejects.toThrow(UnauthorizedError)
    const answer = await personSignsIn({
      authorizationUrl: memory.authorizationUrl() ?? '',
      email: 'reader@example.com',
      browser: createWatchedBrowser(),
    })
    await transport().finishAuth(answer.searchParams)
    keep()
    await client.connect(transport())
    const { tools } = await client.listTools()
    const ask = tools.find(({ inputSchema }) => inputSchema.required?.includes('question'))
    const question = { question: 'What are the next steps?' }
    const { isError } = await client.callTool({ name: ask?.name ?? '', arguments: question })
    expect(isError).not.toBe(true)
    expect(await auth(memory, { serverUrl: mcpUrl })).toBe('AUTHORIZED')
    keep()
    expect((await client.callTool({ name: ask?.name ?? '', arguments: question })).isError).not.toBe(true)
  } finally {
    await client.close()
  }
}

beforeAll(async () => {
  const { code, output } = await program('create', 'site', '--yes', '--brand', 'Analytical Engines')
  expect([code, output]).toEqual([0, expect.stringContaining('npm test')])
  keepSecret(/^MCP_OAUTH_SECRET=(\S+)$/m.exec(await readFile(join(site, '.env'), 'utf8'))?.[1])
  await installPackage(site)
})
afterAll(() => folder.remove())

describe('a new site', () => {
  test('is made only in a new folder, and says what is wrong with a flag', async () => {
    expect(await program('create', 'site', '--yes')).toEqual({
      code: 1,
      output: expect.stringContaining('site is not empty'),
    })
    const { code, output } = await program('create', 'other', '--yes', '--provider', 'facebook')
    expect([code, output]).toEqual([1, expect.stringContaining('--provider must be one of')])
  })

  test('passes its own tests', async () => {
    const output = await npm(['test'], site)
    expect(output).toMatch(/# pass 3|pass 3/)
    expect(output).toMatch(/fail 0/)
  })

  test('compiles', async () => {
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const args = [tsc, '-p', '.', '--types', 'node', '--typeRoots', join(repository, 'node_modules/@types')]
    const compiling = startProcess('node', args, { cwd: site, env: process.env, longest })
    expect([await compiling.ended, compiling.output()]).toEqual([0, ''])
  })

  test('signs a published client in with npm start', async () => {
    const port = await freePorts()
    const running = startProcess('npx', ['mcp-oauth-broker', 'dev', '--port', String(port)], {
      cwd: site,
      env: process.env,
      longest,
    })
    try {
      const [, mcpUrl = ''] = await running.line(/Add (\S+) to an MCP client/)
      await signInAndAsk(mcpUrl)
    } finally {
      await running.stop()
    }
  })
})

test.each([
  [['--provider', 'google', '--answers', 'kapa', '--answers-url', 'https://example.mcp.kapa.ai']],
  [
    [
      '--provider',
      'github',
      '--answers',
      'mcp',
      '--answers-url',
      'https://answers.example/mcp',
      '--answers-tool',
      'ask',
    ],
  ],
  [['--provider', 'entra', '--tenant', 'any', '--store', 'postgres']],
  [['--deploy', 'container', '--url', 'https://docs-mcp.example.com', '--color', '#222222']],
])('a site with %s passes its own tests', async (flags) => {
  const name = `site-${flags.join('-').replace(/\W+/g, '-').slice(0, 40)}`
  expect((await program('create', name, '--yes', ...flags)).code).toBe(0)
  const own = join(folder.path, name)
  keepSecret(/^MCP_OAUTH_SECRET=(\S+)$/m.exec(await readFile(join(own, '.env'), 'utf8'))?.[1])
  await symlink(join(site, 'node_modules'), join(own, 'node_modules'))
  expect(await npm(['test'], own)).toMatch(/fail 0/)
})

describe('a site in a container, on PostgreSQL', () => {
  let database: LocalDatabase
  let provider: OpenIdProvider
  let kapa: Kapa
  let running: RunningProcess
  let url: string

  beforeAll(async () => {
    const port = await freePorts()
    url = localUrl(port)
    database = await startPglite({ directory: undefined })
    provider = await startOpenIdProvider({ port: port + 1, redirectUris: [`${url}/mcp/callback`] })
    kapa = await startKapa({ port: port + 2, apiKey: kapaApiKey, documents: [join(repository, 'README.md')] })
    const env = {
      ...process.env,
      DATABASE_URL: database.url,
      STORE_BACKEND: 'postgres',
      PORT: String(port),
      MCP_OAUTH_ISSUER: url,
      MCP_OAUTH_SECRET: newSecret(),
      UPSTREAM_ISSUER: provider.issuer,
      UPSTREAM_CLIENT_ID: provider.clientId,
      KAPA_MCP_SERVER_URL: kapa.url,
      KAPA_API_KEY: kapaApiKey,
      KAPA_TOOL_NAME: kapaToolName,
      REQUIRE_AUTH: 'true',
      SHUTDOWN_DELAY: '0',
    }
    keepSecret(env.MCP_OAUTH_SECRET)
    const migrating = startProcess('npx', ['mcp-oauth-broker', 'migrate'], { cwd: site, env, longest })
    expect([await migrating.ended, migrating.output()]).toEqual([0, expect.stringContaining('0001_records.sql')])
    const server = join(site, 'node_modules/mcp-oauth-broker/container/server.mjs')
    running = startProcess('node', [server], { cwd: site, env, longest })
    await running.line(/"serving"/)
  })
  afterAll(async () => {
    await running?.stop()
    await kapa?.stop()
    await provider?.stop()
    await database?.stop()
  })

  test('signs a published client in', () => signInAndAsk(`${url}/mcp`))
})

describe('the same site, built by Netlify', () => {
  const built = temporaryFolder()
  let world: World

  beforeAll(async () => {
    const manifestPath = join(built.path, 'manifest.json')
    await zipFunctions(join(site, 'netlify/functions'), built.path, {
      archiveFormat: 'none',
      basePath: site,
      manifest: manifestPath,
      // As in netlify.toml of the site.
      config: { '*': { nodeBundler: 'esbuild', externalNodeModules: ['mcp-oauth-broker'] } },
    })
    world = await startWorld({ artifact: { directory: built.path, manifestPath, functions: [] } })
  })
  afterAll(async () => {
    await world?.stop()
    await built.remove()
  })

  test('signs a published client in', () => signInAndAsk(world.mcpUrl))

  test('has the routes and schedules of this repository', async () => {
    const { functions } = JSON.parse(await readFile(join(built.path, 'manifest.json'), 'utf8'))
    const found = functions.map(({ name, routes = [], schedule }: Built) => [
      name,
      schedule === undefined ? routes.map(({ pattern }) => pattern) : [schedule],
    ])
    const texts = await functionTexts()
    const wanted = Object.entries(texts).map(([name, text]) => {
      const config = text.slice(text.indexOf('export const config'), text.indexOf('rateLimit'))
      return [name, [...config.matchAll(/'((?:\/|\*\/10|17 )[^']*)'/g)].map(([, literal]) => literal)]
    })
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted))
  })
})

interface Built {
  readonly name: string
  readonly routes?: readonly { readonly pattern: string }[]
  readonly schedule?: string
}
