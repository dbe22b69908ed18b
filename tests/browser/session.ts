import type { Locator, Page as Tab } from 'playwright-core'
import { newPkce } from '../../dev/worlds/authorization-server.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import type { Client } from './clients.ts'

export interface Session {
  /** The URL to which the client sends the user. */
  readonly url: string
  /** The `state` of the request. */
  readonly state: string
  /** Redeems the code of an answer. Returns the status of the token endpoint. */
  redeem(answer: URLSearchParams): Promise<number>
}

/** Registers a client, and prepares its authorization request. */
export async function startSession(
  issuer: string,
  { redirectUri }: Pick<Client, 'redirectUri'>,
  changes: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const { verifier, challenge } = newPkce()
  const response = await fetch(`${issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Browser test', redirect_uris: [redirectUri] }),
  })
  const { client_id } = await response.json()
  const parameters = {
    client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // VS Code sends such a state. The server must return it byte for byte.
    state: `a/b+c=${crypto.randomUUID()}`,
    ...changes,
  }
  return {
    url: `${issuer}/oauth/authorize?${new URLSearchParams(parameters)}`,
    state: parameters.state,
    async redeem(answer) {
      const answered = await fetch(`${issuer}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id,
          code: answer.get('code') ?? '',
          code_verifier: verifier,
        }),
      })
      for (const [, token] of (await answered.text()).matchAll(/_token":"([^"]+)"/g)) keepSecret(token)
      return answered.status
    },
  }
}

/** The buttons of our pages. */
export const approveButton = (tab: Tab) => tab.getByRole('button', { name: /^Continue with/ })
export const confirmButton = (tab: Tab) => tab.getByRole('button', { name: 'Continue', exact: true })
export const cancelButton = (tab: Tab) => tab.getByRole('button', { name: 'Cancel' })
export const openAppButton = (tab: Tab) => tab.getByRole('button', { name: /^Open the app for \S+ links$/ })
export const returnLink = (tab: Tab) => tab.getByRole('link', { name: /^(?:Open the app for|Go back to)/ })
export const headline = (tab: Tab) => tab.getByRole('heading', { level: 1 }).innerText()

/**
 * Presses a button of our pages as a user does: the pointer waits over it until it reacts. On a slow machine, Playwright
 * would otherwise begin a press before that, and then wait for the page, which waits for the end of the press. Its own `hover`
 * tries again while the button does not react, and each time may move the page under the pointer, so that the wait begins anew.
 */
export async function press(button: Locator): Promise<void> {
  await button.scrollIntoViewIfNeeded()
  const box = await button.boundingBox()
  if (!box) throw new Error('the button is not visible')
  await button.page().mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await pointerSettles(button.page())
  await button.click()
}

/** Waits until every button of the page accepts a click. */
export async function pointerSettles(tab: Tab): Promise<void> {
  await tab.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)))
}

/** Signs in at the OpenID Provider, which asks only for an email address. */
export async function enterEmail(tab: Tab, email = 'ada@example.com'): Promise<void> {
  await tab.getByLabel('Email address').fill(email)
  await tab.getByRole('button', { name: 'Sign in' }).click()
}

/**
 * Returns the answer that the browser takes to the client at the end of a sign-in. For an app, `pressLast` must
 * press the button that opens it.
 */
export async function answerTo(
  client: Client,
  tab: Tab,
  pressLast = async (): Promise<void> => press(openAppButton(tab).or(returnLink(tab))),
): Promise<URLSearchParams> {
  if (!client.redirectUri.startsWith('http')) return answerToApp(client, tab, pressLast)
  await tab.waitForURL(`${client.redirectUri}?**`)
  return new URL(tab.url()).searchParams
}

/** No program takes the answer, so the test reads the address that the browser is about to open. */
async function answerToApp(
  { redirectUri }: Client,
  tab: Tab,
  pressLast: () => Promise<void>,
): Promise<URLSearchParams> {
  await openAppButton(tab).or(returnLink(tab)).waitFor()
  const devtools = await tab.context().newCDPSession(tab)
  await devtools.send('Page.enable')
  await devtools.send('Network.enable')
  const opened = new Promise<string>((resolve) => {
    devtools.on('Page.frameRequestedNavigation', ({ url }) => {
      if (!url.startsWith('http')) resolve(url)
    })
    devtools.on('Network.requestWillBeSent', ({ request: { url } }) => {
      if (!url.startsWith('http')) resolve(url)
    })
  })
  await pressLast()
  const url = await opened
  if (!url.startsWith(`${redirectUri}?`)) throw new Error(`The button leads to ${url}`)
  return new URL(url).searchParams
}
