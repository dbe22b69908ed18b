import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildInChild } from '../../dev/build/build-in-child.ts'
import { type Bundle, includedFiles, sumOf } from '../../dev/build/bundle.ts'
import { type ManifestFunction, readManifest } from '../../dev/build/manifest.ts'
import { repository } from '../../dev/repository.ts'
import { builtArtifact } from '../support/artifact.ts'
import { routes } from '../support/routes.ts'

/** The routes of Netlify, one line each. A pattern or a method shows, because no line of the table has one. */
function routed(functions: readonly ManifestFunction[]): string[] {
  return functions
    .flatMap(({ name, routes, excludedRoutes, schedule }) => [
      ...(schedule ? [`${name}: scheduled`] : []),
      ...(schedule || routes.length > 0 ? [] : [`${name}: /.netlify/functions/${name}`]),
      ...routes.map((route) => `${name}: ${[...route.methods, route.literal ?? `pattern ${route.pattern}`].join(' ')}`),
      ...excludedRoutes.map((route) => `${name}: not ${route.pattern}`),
    ])
    .sort()
}

const lineOf = (path: string | null) =>
  path !== null && /\*$|:/.test(path) ? `pattern ${path}` : (path ?? 'scheduled')
const expected = routes.map((route) => `${route.function}: ${lineOf(route.path)}`).sort()

test('Netlify routes exactly the paths of the table: literals, every method, nothing else [A32 O-08 D-25]', async () => {
  expect(routed(await readManifest(builtArtifact().manifestPath))).toEqual(expected)
})

/** The platform's rate limit of each function, or undefined. */
function limits(functions: readonly ManifestFunction[]) {
  const entries = functions.map(({ name, trafficRules }) => {
    const { action } = trafficRules ?? {}
    return [name, action && { type: action.type, ...action.config.rateLimitConfig, by: action.config.aggregate.keys }]
  })
  return Object.fromEntries(entries)
}

test('the platform limits sign-in and /mcp: two rules, the most that Netlify’s free plan allows [O-11]', async () => {
  // High, because an MCP vendor's users share its egress addresses. 180 seconds is the platform's longest window.
  const shield = {
    type: 'rate_limit',
    windowLimit: 1200,
    windowSize: 60,
    algorithm: 'sliding_window',
    by: [{ type: 'ip' }, { type: 'domain' }],
  }
  const rules = limits(await readManifest(builtArtifact().manifestPath))
  expect(Object.values(rules).filter((rule) => rule !== undefined)).toHaveLength(2)
  expect(rules).toEqual({
    oauth: shield,
    mcp: shield,
    about: undefined,
    account: undefined,
    maintenance: undefined,
    usage: undefined,
  })
})

test('a static file of the site takes precedence over the public documents of the service, and over no other route', async () => {
  const functions = await readManifest(builtArtifact().manifestPath)
  const preferred = functions.flatMap(({ routes }) =>
    routes.flatMap((route) => (route.prefer_static ? [route.literal ?? route.pattern] : [])),
  )
  expect(preferred.sort()).toEqual(routes.flatMap((route) => (route.function === 'about' ? [route.path] : [])).sort())
})

test('every function runs on Node 24', async () => {
  const functions = await readManifest(builtArtifact().manifestPath)
  expect(new Set(functions.map(({ runtimeVersion }) => runtimeVersion))).toEqual(new Set(['nodejs24.x']))
})

// Netlify reads `config` without running it. It silently drops what it cannot read, and deploys.
test('a dropped, narrowed or widened route differs from the one in the table [A32]', async () => {
  const configs = {
    literal: `export const config = { path: '/oauth/token' }`,
    satisfies: `export const config = { path: '/oauth/token' } satisfies object`,
    computed: `const at = (name) => '/oauth/' + name\nexport const config = { path: at(process.title) }`,
    called: `const make = (path) => ({ path: path + process.title })\nexport const config = make('/oauth/token')`,
    method: `export const config = { path: '/oauth/token', method: 'POST' }`,
    pattern: `export const config = { path: '/oauth/*' }`,
    unlimited: `const size = process.title.length
      export const config = { path: '/oauth/token', rateLimit: { windowLimit: 9, windowSize: size, aggregateBy: 'ip' } }`,
    exclusion: `export const config = { path: '/oauth/token', excludedPath: '/oauth/token/x' }`,
  }
  const folder = await mkdtemp(join(tmpdir(), 'manifest-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const functionsDirectory = join(folder, 'source')
  await mkdir(functionsDirectory)
  for (const [name, config] of Object.entries(configs)) {
    await writeFile(join(functionsDirectory, `${name}.ts`), `export default () => new Response()\n${config}\n`)
  }
  const { manifestPath } = await buildInChild({ outDir: join(folder, 'out'), functionsDirectory })
  const functions = await readManifest(manifestPath)
  const correct = functions.filter(
    ({ name }) => `${routed(functions.filter((f) => f.name === name))}` === `${name}: /oauth/token`,
  )
  // Netlify would drop a config with `satisfies`, but the bundler runs first and removes it.
  expect(correct.map(({ name }) => name).sort()).toEqual(['literal', 'satisfies', 'unlimited'])
  expect(limits(functions).unlimited).toBeUndefined()
  expect(functions).toHaveLength(Object.keys(configs).length)
})

test('the OAuth function stays small, without zod and without the MCP SDK', () => {
  const { functions } = builtArtifact()
  const atStart = (bundle: Bundle) => sumOf(bundle.files.filter((file) => file.atStart))
  const sizes = functions.map((bundle) => `${bundle.name} ${atStart(bundle)} of ${bundle.bytes} bytes`)
  console.log(`Loaded at once: ${sizes.join(', ')}`)
  const oauth = functions.find(({ name }) => name === 'oauth')
  if (!oauth) throw new Error('there is no OAuth function')
  const inputs = oauth.files.flatMap((file) => Object.keys(file.inputs))
  expect(inputs.length).toBeGreaterThan(50)
  expect(inputs.filter((file) => /node_modules\/(zod|@modelcontextprotocol)\//.test(file))).toEqual([])
  expect(atStart(oauth)).toBeLessThanOrEqual(200 * 1024)
  // The lists of mail domains are 190 KB of it, PostgreSQL, the move between stores and telemetry 100 KB, and listed providers, companies,
  // machines, keys of clients and the vault 70 KB. They are read after the answer, or where the settings or the request ask for them. The
  // bytes that a sign-in loads are held in loaded-files.test.ts.
  expect(oauth.bytes).toBeLessThanOrEqual(640 * 1024)
})

test('the tools for admins and their reports are in a chunk, which is loaded when an admin asks for them [N8]', () => {
  const mcp = builtArtifact().functions.find(({ name }) => name === 'mcp')
  const filesWith = (source: string) => mcp?.files.filter((file) => source in file.inputs) ?? []
  for (const source of ['lib/mcp/tools/admin/usage.ts', 'lib/people/reports/companies.ts']) {
    expect([source, filesWith(source).map(({ atStart }) => atStart)]).toEqual([source, [false]])
  }
})

test('the lists of mail domains are in a chunk, which is loaded when a work address is required [F-000-21]', () => {
  const files = builtArtifact().functions.flatMap((bundle) => bundle.files)
  const holding = files.filter(({ inputs }) => Object.keys(inputs).includes('lib/people/disposable-mail-domains.json'))
  expect(holding.length).toBeGreaterThan(0)
  expect(holding.filter(({ atStart }) => atStart)).toEqual([])
})

test('each file that esbuild made is a file of the artifact, in the place where the other files import it', async () => {
  const { directory, functions } = builtArtifact()
  for (const { name, files } of functions) {
    const packed = await readdir(join(directory, name), { recursive: true })
    const own = packed.filter((path) => path.endsWith('.mjs') && !path.startsWith('___netlify-'))
    expect(own.sort()).toEqual(files.map(({ path }) => path).sort())
  }
})

test('netlify.toml packs the chunks of each function, and leaves the bundles as they are', async () => {
  const settings = await readFile(join(repository, 'netlify.toml'), 'utf8')
  expect(settings).toContain('[functions]\n  directory = "dist/functions"\n  node_bundler = "none"\n')
  const sections = builtArtifact().functions.map(
    ({ name }) => `[functions.${name}]\n  included_files = ["${includedFiles('dist/functions', name)}"]\n`,
  )
  expect(settings.match(/^\[functions\..*\n.*\n/gm)).toEqual(sections)
})

test('an artifact holds everything it needs: no packages beside it', async () => {
  const { directory } = builtArtifact()
  expect(directory.startsWith(repository)).toBe(false)
  expect(await readdir(directory, { recursive: true })).not.toContainEqual(expect.stringContaining('node_modules'))
})

test('no function contains what operators read about the settings', () => {
  const inputs = builtArtifact().functions.flatMap(({ files }) => files.flatMap((file) => Object.keys(file.inputs)))
  expect(inputs).toContain('lib/settings/table.ts')
  expect(inputs.filter((file) => file.startsWith('lib/settings/descriptions/'))).toEqual([])
})
