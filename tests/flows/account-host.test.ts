import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { open, signInToAccount } from '../support/account.ts'
import { builtArtifact } from '../support/artifact.ts'
import { callMcp, locationOf, newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The account pages have a domain of their own. `localhost` is the documentation site’s. */
let stack: Stack
let origin: string
beforeAll(async () => {
  const port = await freePorts()
  origin = `http://127.0.0.1:${port}`
  stack = await startStack({ port, settings: { MCP_ACCOUNT_ORIGIN: origin, MCP_OAUTH_PROXY_HOSTS: 'proxy.example' } })
})
afterAll(() => stack?.stop())

const navigation = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }
const paths = ['/account', '/account/delete', '/session', '/login', '/admin', '/admin/people']

/** The status of each path at a host, with the cookies of a browser that has a session. */
async function statuses(url: string, host: string, wanted = paths) {
  const { browser } = await session
  const cookie = browser.cookies.header(new URL(origin), { method: 'GET', initiator: null }) ?? ''
  const answers = await Promise.all(
    wanted.map((path) => send(url + path, { headers: { ...navigation, host, cookie } })),
  )
  return answers.map(({ status }) => status)
}
let session: ReturnType<typeof signInToAccount>
beforeAll(async () => {
  session = signInToAccount(origin)
  await session
})

test('MCP_ACCOUNT_ORIGIN: a person signs in there, with a callback of its own, and sees what is connected at the issuer [N13]', async () => {
  const email = newAddress()
  await obtainTokens(await registerClient(stack.url, 'Editor'), email)
  const browser = createWatchedBrowser()
  const login = locationOf(await browser.fetch(`${origin}/login`))
  expect(login.searchParams.get('redirect_uri')).toBe(`${origin}/mcp/callback`)
  const { page } = await signInToAccount(origin, { email })
  expect(page.url.href).toBe(`${origin}/account`)
  expect(page.html).toContain('Editor')
})

test('MCP_ACCOUNT_ORIGIN: the pages answer there only, and nothing else does [N13]', async () => {
  expect(await statuses(stack.url, new URL(origin).host)).toEqual([200, 200, 200, 303, 403, 403])
  const none = paths.map(() => 404)
  // A session cookie of the other host would not help either.
  expect(await statuses(stack.url, new URL(stack.url).host)).toEqual(none)
  expect(await statuses(stack.url, 'proxy.example')).toEqual(none)
  const others = ['/', '/health', '/mcp', '/oauth/token', '/oauth/authorize', '/.well-known/oauth-authorization-server']
  expect(await statuses(stack.url, new URL(origin).host, others)).toEqual(others.map(() => 404))
  expect((await fetch(`${stack.url}/health`)).status).toBe(200)
})

test('MCP_ACCOUNT_ORIGIN: neither callback finishes the sign-in of the other', async () => {
  const browser = createWatchedBrowser()
  const login = locationOf(await browser.fetch(`${origin}/login`))
  const state = login.searchParams.get('state') ?? ''
  const cookie = browser.cookies.header(new URL(origin), { method: 'GET', initiator: null }) ?? ''
  const answer = await send(`${stack.url}/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`, {
    headers: { ...navigation, cookie },
  })
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
})

test('every link leads there: consent page, front page, whoami [N13]', async () => {
  const client = await registerClient(stack.url)
  const consent = await open(createWatchedBrowser(), client.authorizationRequest().url)
  const front = await (await fetch(stack.url, { headers: { accept: 'text/markdown' } })).text()
  const { accessToken } = await obtainTokens(client)
  const whoami = await callMcp(stack.mcpUrl, accessToken, 'tools/call', { name: 'whoami', arguments: {} })
  for (const text of [consent.html, front, await whoami.text()]) {
    expect(text).toContain(`${origin}/account`)
    expect(text).not.toContain(`${stack.url}/account`)
  }
})

/** Another deploy of the same site with other settings. */
async function deploy(changes: Readonly<Record<string, string | undefined>>, context = 'dev') {
  const port = await freePorts()
  const url = `http://localhost:${port}`
  const { MCP_ACCOUNT_ORIGIN: _, ...rest } = stack.environment
  const env = Object.fromEntries(
    Object.entries({ ...rest, URL: url, MCP_OAUTH_ISSUER: url, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  )
  const lines: string[] = []
  const host = await startHost({
    artifact: builtArtifact(),
    port,
    env,
    blobs: stack.emulator.clientOptions(),
    deployContext: context,
    onOutput: (line) => lines.push(line),
  })
  onTestFinished(() => host.stop())
  return { url, host: new URL(url).host, lines }
}

test('without MCP_OAUTH_OWN_HOST, the issuer’s host may serve other pages, so no account page is there [N13]', async () => {
  const { url, host } = await deploy({ MCP_OAUTH_OWN_HOST: undefined })
  expect(await statuses(url, host)).toEqual(paths.map(() => 404))
  const front = await (await fetch(url, { headers: { accept: 'text/markdown' } })).text()
  expect(front).not.toContain('/account')
})

test('with MCP_OAUTH_OWN_HOST=true they are there, and still not at a proxy’s host [N13]', async () => {
  const { url, host } = await deploy({ MCP_OAUTH_OWN_HOST: 'true' })
  expect(await statuses(url, host)).toEqual([200, 200, 200, 303, 200, 200])
  expect(await statuses(url, 'proxy.example')).toEqual(paths.map(() => 404))
})
