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

/** When a sign-in takes one more way through the OpenID Provider by itself, and when it does not. */

const atProvider = 'https://login.example/authorize'
const atClient = redirectUri

/** Somebody has approved, and is at the provider. */
async function start() {
  const server = createHarness()
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(await register(server), newPkce()))).text()
  let address = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  /** The provider sends them back: where to they are sent next, or what the page says. */
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

describe('a provider that was put in place of another one meanwhile', () => {
  test('is not asked about the code of that one: the person goes to the new one, once, and is signed in [F-02]', async () => {
    const { server, comeBack } = await start()
    server.provider = 'another'
    expect([await comeBack(), server.identified]).toEqual([atProvider, 0])
    expect([await comeBack(), server.identified]).toEqual([atClient, 1])
  })

  test('and then by a third one: there is a page', async () => {
    const { server, comeBack } = await start()
    server.provider = 'another'
    expect(await comeBack()).toBe(atProvider)
    server.provider = 'a third'
    expect([await comeBack(), server.identified]).toEqual([503, 0])
  })
})

describe('a provider whose code is gone', () => {
  test.each([
    ['it says so itself', rejected, [atProvider, atProvider, 503]],
    ['its answer was lost', lost, [atProvider, 503, 503]],
  ])('%s: so often, and no more, the person goes there again', async (_why, failure, expected) => {
    const { server, comeBack } = await start()
    server.identity = failure
    expect([await comeBack(), await comeBack(), await comeBack()]).toEqual(expected)
    expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
  })

  test.each([
    [599, atProvider],
    [600, 403],
    [900, 403],
  ])('%d s after the approval, the second time: %s, since somebody else may sit there', async (seconds, expected) => {
    const { server, comeBack } = await start()
    server.identity = rejected
    server.clock += 400_000
    expect(await comeBack()).toBe(atProvider)
    server.clock += (seconds - 400) * 1000
    expect(await comeBack()).toBe(expected)
  })

  test('and then one that is good: the person is signed in', async () => {
    const { server, comeBack } = await start()
    server.identity = rejected
    expect(await comeBack()).toBe(atProvider)
    server.identity = reader
    expect(await comeBack()).toBe(atClient)
  })
})
