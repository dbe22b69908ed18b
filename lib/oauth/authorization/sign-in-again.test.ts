import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  reader,
  redirectUri,
  register,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'
import { ProviderError } from '../providers/provider.ts'

/** When a sign-in goes through the OpenID Provider again without a click, and when it does not. */

const atProvider = 'https://login.example/authorize'
const atClient = redirectUri

/** A user has approved and is at the provider. */
async function start() {
  const server = createHarness()
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(await register(server), newPkce()))).text()
  let address = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  /** The provider sends the browser back. Returns the next location, or the text of the page. */
  const comeBack = async () => {
    const state = address.searchParams.get('state') ?? ''
    const answer = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
    const location = answer.headers.get('location')
    if (location === null) return answer.status
    address = new URL(location)
    return address.origin + address.pathname
  }
  return { server, comeBack }
}

const rejected = new ProviderError('spent', 'the code is no good', { code: 'invalid_grant', rejected: true })
const lost = new ProviderError('spent', 'the answer was lost')

describe('a provider that replaced another one during a sign-in', () => {
  test('does not get the code of the earlier one: the user goes to the new one once and is signed in [F-02]', async () => {
    const { server, comeBack } = await start()
    server.provider = 'another'
    expect([await comeBack(), server.identified]).toEqual([atProvider, 0])
    expect([await comeBack(), server.identified]).toEqual([atClient, 1])
  })

  test('is replaced by a third provider: an error page', async () => {
    const { server, comeBack } = await start()
    server.provider = 'another'
    expect(await comeBack()).toBe(atProvider)
    server.provider = 'a third'
    expect([await comeBack(), server.identified]).toEqual([503, 0])
  })
})

describe('a provider whose code is spent', () => {
  test.each([
    ['it says so itself', rejected, [atProvider, atProvider, 503]],
    ['its answer was lost', lost, [atProvider, 503, 503]],
  ])('%s: how often the user goes there again', async (_why, failure, expected) => {
    const { server, comeBack } = await start()
    server.identity = failure
    expect([await comeBack(), await comeBack(), await comeBack()]).toEqual(expected)
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  })

  test.each([
    [599, atProvider],
    [600, 403],
    [900, 403],
  ])('%d s after the approval, the second time: %s, since another user may sit there', async (seconds, expected) => {
    const { server, comeBack } = await start()
    server.identity = rejected
    server.clock += 400_000
    expect(await comeBack()).toBe(atProvider)
    server.clock += (seconds - 400) * 1000
    expect(await comeBack()).toBe(expected)
  })

  test('a spent code and then a good one: the user is signed in', async () => {
    const { server, comeBack } = await start()
    server.identity = rejected
    expect(await comeBack()).toBe(atProvider)
    server.identity = reader
    expect(await comeBack()).toBe(atClient)
  })
})
