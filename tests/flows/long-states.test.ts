import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBrowser } from '../../dev/browser/jar.ts'
import { openConsentPage, personSignsIn } from '../../dev/browser/person.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { longestState, longStates } from '../../dev/worlds/long-states.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { codeOf, locationOf, newAddress, type OAuthClient, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterAll(() => stack.stop())

test.each(longStates)('%s: a state of 4,096 characters goes to the provider and back [A-11]', async (_name, state) => {
  const request = client.authorizationRequest({ state })
  const browser = createWatchedBrowser()
  const answer = await personSignsIn({ authorizationUrl: request.url, email: newAddress(), browser })
  expect(answer.searchParams.getAll('state')).toEqual([state])
  const { accessToken } = tokensOf(await client.redeem(request, codeOf(answer)))
  expect(accessToken).not.toBe('')
  // A reload of the callback shows the outcome for a while. The transaction itself is gone.
  const first = ofTransactions(browser).find(({ name }) => name.split('.').length === 3)
  const [header = ''] = (first?.value ?? '').split('.')
  expect(JSON.parse(atob(header)).typ).toBe('outcome')
})

test('a state with one more character is refused, and the error names state', async () => {
  const { url } = client.authorizationRequest({ state: 'x'.repeat(longestState + 1) })
  const { searchParams } = locationOf(await createBrowser().fetch(url))
  expect([searchParams.get('error'), searchParams.get('error_description')]).toEqual([
    'invalid_request',
    'state is longer than 4096 characters',
  ])
})

test('a browser accepts each cookie of a long state, all open sign-ins stay under 7,500 bytes, and the newest finishes [A-11]', async () => {
  const [, [, state] = ['', '']] = longStates
  const browser = createWatchedBrowser()
  const request = client.authorizationRequest({ state })
  let upstream = new URL(stack.url)
  for (let tab = 0; tab < 3; tab += 1) {
    const page = await openConsentPage(browser, request.url)
    const approved = await page.press('approve')
    expect(approved.headers.getSetCookie().filter((cookie) => !/Max-Age=0/i.test(cookie)).length).toBeGreaterThan(1)
    upstream = locationOf(approved)
    const held = ofTransactions(browser)
    for (const { name, value } of held) expect(name.length + value.length).toBeLessThan(3800)
    expect(held.reduce((sum, { name, value }) => sum + name.length + value.length + 3, 0)).toBeLessThan(7500)
  }
  const callback = await signInHeadless({ url: upstream, email: newAddress(), fetch: browser.fetch })
  expect(locationOf(await browser.fetch(callback)).searchParams.get('state')).toBe(state)
})

const ofTransactions = (browser: ReturnType<typeof createWatchedBrowser>) =>
  browser.cookies.list().filter(({ name }) => name.startsWith('tx.'))
