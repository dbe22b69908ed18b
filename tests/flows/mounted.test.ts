import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { builtArtifact } from '../support/artifact.ts'
import { routes } from '../support/routes.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The functions in a documentation site that has pages of its own. */

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

/** The site, with these files in its publish folder. */
async function mount(files: Readonly<Record<string, string>>): Promise<string> {
  const { environment, emulator } = stack
  const host = await startHost({
    artifact: builtArtifact(),
    port: 0,
    env: environment,
    blobs: emulator.clientOptions(),
    files,
    onOutput: () => {},
  })
  onTestFinished(() => host.stop())
  return host.url
}

const get = async (url: string) => {
  const response = await send(url, { headers: { host: new URL(stack.url).host, accept: 'text/html' } })
  return { status: response.status, text: await response.text() }
}

test('a site keeps its own home page; without one, / shows the front page', async () => {
  const site = await mount({ '/': 'The home page of the documentation' })
  expect(await get(`${site}/`)).toEqual({ status: 200, text: 'The home page of the documentation' })
  expect((await get(`${await mount({})}/`)).text).toContain('for AI clients')
})

test('no file of a site replaces a step of a sign-in, /mcp, or a discovery document', async () => {
  const paths = routes.flatMap(({ path, function: name }) => (path && name !== 'about' ? [path] : []))
  const site = await mount(Object.fromEntries(paths.map((path) => [path, 'a file of the site'])))
  for (const path of paths) expect([path, (await get(site + path)).text]).not.toEqual([path, 'a file of the site'])
  expect((await get(`${site}/health`)).status).toBe(200)
})
