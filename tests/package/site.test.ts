import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { zipFunctions } from '@netlify/zip-it-and-ship-it'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { createClientMemory } from '../../dev/demo/client.ts'
import { startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { startWorld, type World } from '../../dev/start/world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../dev/temporary-folder.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { functionTexts } from '../../lib/create/create.ts'
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
