import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newPkce } from '../../lib/oauth/testing/harness.ts'
import { keepSecret } from '../support/secrets.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { launchBrowser } from './chromium.ts'

const pictures = '.local/pictures'
let stack: Stack
let browser: Browser
let listener: Server
let redirectUri: string

beforeAll(async () => {
  await mkdir(pictures, { recursive: true })
  ;[stack, browser] = await Promise.all([startStack(), launchBrowser()])
  // The client: a program on this computer that waits for its code.
  listener = createServer((_request, response) => response.end('signed in'))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  redirectUri = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`
})

afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  listener?.closeAllConnections()
  listener?.close()
})

async function register(metadata: object): Promise<string> {
  const response = await fetch(`${stack.url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
  const { client_id } = await response.json()
  return client_id
}

async function authorizationUrl(
  more: Record<string, string> = {},
): Promise<{ url: string; verifier: string; clientId: string }> {
  const { verifier, challenge } = newPkce()
  const clientId = await register({ client_name: 'Browser test', redirect_uris: [more.redirect_uri ?? redirectUri] })
  const parameters = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'a/b+c=',
    ...more,
  }
  return { url: `${stack.url}/oauth/authorize?${new URLSearchParams(parameters)}`, verifier, clientId }
}

/** One person's browser; whatever a page complains of fails the test. */
async function withPerson(use: (tab: Tab, context: BrowserContext) => Promise<void>, options = {}): Promise<void> {
  const context = await browser.newContext(options)
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' && /content security policy/i.test(message.text())) complaints.push(message.text())
  })
  context.on('request', (request) => keepSecret(URL.parse(request.url())?.searchParams.get('code')))
  try {
    await use(await context.newPage(), context)
    expect(complaints).toEqual([])
  } finally {
    for (const { value } of await context.cookies()) keepSecret(value)
    await context.close()
  }
}

async function enterEmail(tab: Tab, email: string): Promise<void> {
  await tab.getByLabel('E-mail address').fill(email)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

describe.each([
  ['with JavaScript', {}],
  ['without JavaScript', { javaScriptEnabled: false }],
])('in Chromium, %s', (_name, options) => {
  test('a person signs in from the consent page to the client’s own listener', () =>
    withPerson(async (tab) => {
      const { url, verifier, clientId } = await authorizationUrl()
      await tab.goto(url)
      await tab.screenshot({ path: `${pictures}/stack-consent.png`, fullPage: true })
      await tab.getByRole('button', { name: /^Continue with/ }).click()
      await enterEmail(tab, 'ada@example.com')
      await tab.waitForURL(`${redirectUri}?**`)
      const answer = new URL(tab.url()).searchParams
      expect([answer.get('state'), answer.get('iss')]).toEqual(['a/b+c=', stack.url])
      const response = await fetch(`${stack.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: clientId,
          code: answer.get('code') ?? '',
          code_verifier: verifier,
        }),
      })
      expect(response.status).toBe(200)
    }, options))
})

test('Cancel goes back to the client with access_denied', () =>
  withPerson(async (tab) => {
    await tab.goto((await authorizationUrl()).url)
    await tab.getByRole('button', { name: 'Cancel' }).click()
    await tab.waitForURL(`${redirectUri}?**`)
    expect(new URL(tab.url()).searchParams.get('error')).toBe('access_denied')
  }))

test('an app’s own scheme gets a page with a button [A-20]', () =>
  withPerson(async (tab) => {
    const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
    await tab.goto((await authorizationUrl({ redirect_uri: cursor })).url)
    await tab.getByRole('button', { name: /^Continue with/ }).click()
    await enterEmail(tab, 'ada@example.com')
    const link = tab.getByRole('link', { name: /^Return to/ })
    expect(await link.getAttribute('href')).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/)
    await tab.screenshot({ path: `${pictures}/stack-return.png` })
  }))

test('approved in one browser, the sign-in cannot be finished in another [F-02 A9]', () =>
  withPerson(async (tab) => {
    const start = await approvalLocation(tab)
    await withPerson(async (victim) => {
      await victim.goto(start)
      await enterEmail(victim, 'victim@example.com')
      expect(await victim.getByRole('heading', { level: 1 }).textContent()).toContain('somewhere else')
      await victim.screenshot({ path: `${pictures}/stack-error-other-browser.png` })
    })
  }))

/** The address the provider was first called at: an attacker reads it off their own browser. */
async function approvalLocation(tab: Tab): Promise<string> {
  await tab.goto((await authorizationUrl()).url)
  const [request] = await Promise.all([
    tab.waitForRequest((candidate) => candidate.url().startsWith(stack.provider.issuer)),
    tab.getByRole('button', { name: /^Continue with/ }).click(),
  ])
  return request.url()
}

test('an unknown client gets a page that says what to do, and no redirect', () =>
  withPerson(async (tab) => {
    const url = new URL((await authorizationUrl()).url)
    url.searchParams.set('client_id', 'forgotten')
    expect((await tab.goto(url.href))?.status()).toBe(400)
    expect(await tab.locator('main').textContent()).toContain('remove this connector and add it again')
    await tab.screenshot({ path: `${pictures}/stack-error-unknown-client.png` })
  }))

test('the second sign-in in a browser takes one click: the provider remembers [F-11]', () =>
  withPerson(async (tab) => {
    for (const round of [1, 2]) {
      await tab.goto((await authorizationUrl()).url)
      await tab.getByRole('button', { name: /^Continue with/ }).click()
      if (round === 1) await enterEmail(tab, 'ada@example.com')
      await tab.waitForURL(`${redirectUri}?**`)
      expect(new URL(tab.url()).searchParams.get('code')).toBeTruthy()
    }
  }))
