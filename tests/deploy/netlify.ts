import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { createDriver, expectStatus, tokensOf } from '../../bench/driver.ts'
import { personSignsIn } from '../../dev/browser/person.ts'
import { bundleFunctions } from '../../dev/build/bundle.ts'
import { readManifest } from '../../dev/build/manifest.ts'
import { startProcess } from '../../dev/processes.ts'
import { repository } from '../../dev/repository.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { startWorld, type World } from '../../dev/start/world.ts'
import { paths } from '../../lib/oauth/capabilities.ts'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import type { Surroundings, Trial } from './trial.ts'

const longest = 240_000
const home = 'The home page of the documentation'
const example = (name: string) => join(repository, 'docs/deploy', name)

/** Mounts the service into documentation sites, and runs them with the real `netlify` command line, offline. */
export const netlify: Trial = {
  name: 'netlify',
  async run(surroundings) {
    const port = await freePorts()
    const url = `http://localhost:${port}`
    surroundings.progress('starting the OpenID Provider and the stand-ins')
    const worldPort = await freePorts()
    const world = await startWorld({
      port: worldPort,
      settings: { MCP_OAUTH_ISSUER: url, MCP_OAUTH_PROXY_HOSTS: `localhost:${worldPort}`, REQUIRE_AUTH: 'true' },
      onOutput: () => {},
    })
    try {
      await ownSite(surroundings)
      await sameSite(surroundings, world, port)
      await otherSite(surroundings, world, port)
    } finally {
      await world.stop()
    }
  },
}

/** This repository as a project of its own: what Netlify's build makes of `netlify.toml`. */
async function ownSite({ folder, tool, check, progress }: Surroundings): Promise<void> {
  const directory = join(folder, 'own-site')
  await mkdir(directory)
  await bundleFunctions({ outDir: join(directory, 'dist/functions') })
  await mkdir(join(directory, 'dist/site'))
  const toml = await readFile(join(repository, 'netlify.toml'), 'utf8')
  // The bundles are there already: packages are not installed once more.
  await writeFile(join(directory, 'netlify.toml'), toml.replace('command = "npm run build"', 'command = "true"'))
  progress('netlify build --offline, a project of its own')
  const built = await build(tool, directory, 'production')
  const warnings = built.split('\n').filter((line) => /warn/i.test(line) && !/setlocale/.test(line))
  check(`a project of its own builds without a warning ${warnings.join('; ')}`, warnings.length === 0)
  await checkFunctions(directory, check)
  const asked = [...toml.matchAll(/^ {2}([A-Z_]+) = /gm)].map(([, name = '']) => name).filter((name) => name !== 'NODE_VERSION') // biome-ignore format: one line
  check(`the deploy button asks for ${asked.length} settings`, asked.includes('MCP_OAUTH_SECRET'))
}

/** An Antora site that has the functions among its own. */
async function sameSite({ folder, tool, check, progress }: Surroundings, world: World, port: number): Promise<void> {
  const directory = join(folder, 'same-site')
  await cp(example('same-site'), directory, { recursive: true })
  await writeAntoraContent(directory)
  await bundleFunctions({ outDir: join(directory, 'netlify/functions') })
  const toml = await readFile(join(directory, 'netlify.toml'), 'utf8')
  const antora = `${process.execPath} ${tool('@antora/cli', 'bin/antora')}`
  await writeFile(join(directory, 'netlify.toml'), toml.replace('npx antora', antora))
  progress('netlify build --offline, functions beside an Antora site')
  await build(tool, directory, 'production')
  check('Antora’s pages are built', existsSync(join(directory, 'build/site/docs/index.html')))
  await checkFunctions(directory, check)

  const settings = { ...world.environment, MCP_OAUTH_ISSUER: `http://localhost:${port}` }
  await writeFile(join(directory, '.env'), Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')) // biome-ignore format: one line
  progress('netlify dev --offline, functions beside an Antora site')
  await withNetlifyDev(tool, directory, port, async (url) => {
    const page = await (await fetch(url)).text()
    check('the home page is Antora’s', page.includes('docs/index.html') || page.includes(home))
    await checkService(url, check)
  })
}

/** A site that passes requests on to the service at another address. */
async function otherSite({ folder, tool, check, progress }: Surroundings, world: World, port: number): Promise<void> {
  const directory = join(folder, 'other-site')
  await cp(example('other-site'), directory, { recursive: true })
  await mkdir(join(directory, 'build/site'), { recursive: true })
  await writeFile(join(directory, 'build/site/index.html'), home)
  const toml = await readFile(join(directory, 'netlify.toml'), 'utf8')
  const target = `http://localhost:${world.port}`
  await writeFile(join(directory, 'netlify.toml'), toml.replaceAll('https://docs-mcp.netlify.app', target))
  progress('netlify dev --offline, a site with rewrites')
  await withNetlifyDev(tool, directory, port, async (url) => {
    check('the home page is the site’s', (await (await fetch(url)).text()).includes(home))
    await checkService(url, check)
  })
}

/** A user signs in with a client, asks, and the client refreshes. */
async function checkService(url: string, check: Surroundings['check']): Promise<void> {
  const metadata = await fetch(url + paths.authorizationServerMetadata)
  const { issuer } = v.parse(v.object({ issuer: v.string() }), await metadata.json())
  check('the metadata names the address of the site', issuer === url)
  const challenge = await fetch(`${url}/mcp`, { method: 'POST' })
  const authenticate = challenge.headers.get('www-authenticate') ?? ''
  check('/mcp asks clients to sign in', challenge.status === 401 && authenticate.includes(`${url}/.well-known/oauth-protected-resource/mcp`)) // biome-ignore format: one line
  const resource = await fetch(url + mcpPaths.protectedResourceMetadataOfMcp)
  check('the resource is the one of the site', (await resource.text()).includes(`"resource":"${url}/mcp"`))
  const driver = createDriver({ url, secret: '', pid: 0 }, 1)
  try {
    const clientId = await driver.register()
    const authorizationUrl = driver.authorizationUrl(clientId)
    const answer = await personSignsIn({ authorizationUrl, email: 'reader@example.com' })
    const tokens = tokensOf(await driver.redeem(clientId, answer.searchParams.get('code') ?? ''))
    check('a user signs in', answer.searchParams.get('iss') === url)
    expectStatus(await driver.ping(tokens.access), 200)
    check('the token is good at /mcp', true)
    const next = tokensOf(await driver.refresh(clientId, tokens.refresh))
    check('the client refreshes', next.refresh !== tokens.refresh)
  } finally {
    driver.close()
  }
}

type Tool = Surroundings['tool']

const cli = (tool: Tool) => tool('netlify-cli', 'bin/run.js')

/** The environment of the command line: nothing of this machine's accounts, and no reports about its use. */
const environment = (directory: string) => ({
  PATH: process.env.PATH,
  HOME: directory,
  CI: 'true',
  NO_COLOR: '1',
  NETLIFY_TELEMETRY_DISABLED: '1',
})

async function build(tool: Tool, cwd: string, context: string): Promise<string> {
  const args = [cli(tool), 'build', '--offline', '--context', context]
  const running = startProcess(process.execPath, args, { cwd, env: environment(cwd), longest })
  if ((await running.ended) !== 0) throw new Error(`netlify build failed\n${running.output()}`)
  return running.output()
}

async function checkFunctions(directory: string, check: Surroundings['check']): Promise<void> {
  const packed = join(directory, '.netlify/functions')
  const functions = await readManifest(join(packed, 'manifest.json'))
  const names = functions.map(({ name }) => name).sort()
  check('all six functions are packed', names.join() === 'about,account,maintenance,mcp,oauth,usage')
  const limits = functions.filter(({ trafficRules }) => trafficRules).map(({ name }) => name)
  check('the rate limits of oauth and mcp are kept', limits.sort().join() === 'mcp,oauth')
  // The names of files are in clear in an archive.
  const archive = await readFile(join(packed, 'oauth.zip'))
  check('the chunks of a function are packed with it', archive.includes('chunks/'))
}

async function withNetlifyDev(tool: Tool, cwd: string, port: number, work: (url: string) => Promise<void>) {
  const options = ['--offline', '--no-open', '--port', `${port}`]
  const running = startProcess(process.execPath, [cli(tool), 'dev', ...options], {
    cwd,
    // What tells functions that the deploy is local runs in Deno.
    env: { ...environment(cwd), PATH: `${join(tool('deno', '.'), '../.bin')}:${process.env.PATH}` },
    longest,
  })
  try {
    const url = `http://localhost:${port}`
    // The functions are there a moment after the files.
    for (let tries = 0; !(await isUp(url + paths.jwks)) && tries < 300; tries++) await delay(200)
    await work(url)
  } catch (error) {
    throw new Error(`${error}\n${running.output()}`)
  } finally {
    await running.stop()
  }
}

const isUp = (url: string) =>
  fetch(url).then(
    ({ status }) => status === 200,
    () => false,
  )

/** One page, and the smallest user interface, as a repository of Git, which Antora reads. */
async function writeAntoraContent(directory: string): Promise<void> {
  const files = {
    'docs/antora.yml': 'name: docs\ntitle: Docs\nversion: ~\n',
    'docs/modules/ROOT/pages/index.adoc': `= Docs\n\n${home}\n`,
    'ui/layouts/default.hbs': '<!doctype html><title>{{page.title}}</title>{{{page.contents}}}\n',
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true })
    await writeFile(join(directory, path), text)
  }
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=Docs', '-c', 'user.email=docs@example.com', ...args], { cwd: directory }) // biome-ignore format: one line
  git('init', '-q')
  git('add', 'docs')
  git('commit', '-q', '-m', 'docs')
}
