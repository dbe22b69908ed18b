import { expect, test } from 'vitest'
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

/**
 * A shared browser: somebody approves, and leaves it before the sign-in is over. Whoever sits there later must not be
 * signed in to the first one's client without a click on the consent page, whatever the OpenID Provider says.
 */
async function approved(signInLifetime?: number) {
  const server = createHarness(signInLifetime === undefined ? {} : { signInLifetime })
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(await register(server), newPkce()))).text()
  const toProvider = await browser.press(page, 'approve')
  const at = server.clock
  return {
    server,
    toProvider,
    /** The provider sends the browser back, so many seconds after the approval. */
    async backAfter(seconds: number, from: Response, identity: typeof server.identity) {
      server.clock = at + seconds * 1000
      server.identity = identity
      const { searchParams } = new URL(from.headers.get('location') ?? '')
      const state = searchParams.get('state') ?? ''
      return browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
    },
  }
}

const refusedCode = new ProviderError('spent', 'the code is no good', { rejected: true })
const providers = 'https://login.example'
const goesTo = (response: Response, url: string) => response.headers.get('location')?.startsWith(url)

test('the time to sign in counts from the approval, however often it has begun again [F-01]', async () => {
  const { server, toProvider, backAfter } = await approved()
  const again = await backAfter(300, toProvider, refusedCode)
  expect(goesTo(again, providers)).toBe(true)
  const oncemore = await backAfter(599, again, refusedCode)
  expect(goesTo(oncemore, providers)).toBe(true)
  const late = await backAfter(600, oncemore, reader)
  expect([late.status, late.headers.get('location')]).toEqual([403, null])
  expect(await late.text()).toContain('This sign-in has expired')
  expect(server.log.map(({ event }) => event)).not.toContain('code_issued')
})

test('nothing begins again by itself after ten minutes, however long the operator lets a sign-in take [F-01 F-02]', async () => {
  const { server, toProvider, backAfter } = await approved(3600)
  const stuck = await backAfter(600, toProvider, refusedCode)
  expect([stuck.status, stuck.headers.get('location'), stuck.headers.getSetCookie()]).toEqual([503, null, []])
  expect(server.log.map(({ event }) => event)).not.toContain('sign_in_begun_again')
  // Who takes their time at the provider signs in all the same.
  expect(goesTo(await backAfter(3599, toProvider, reader), redirectUri)).toBe(true)
})

test('in the first ten minutes it does, and then has the whole of that time [F-01 F-02]', async () => {
  const { toProvider, backAfter } = await approved(3600)
  const again = await backAfter(599, toProvider, refusedCode)
  expect(goesTo(again, providers)).toBe(true)
  expect(goesTo(await backAfter(3599, again, reader), redirectUri)).toBe(true)
})
