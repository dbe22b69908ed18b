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
import { defined } from '../../base/defined.ts'
import { ProviderError } from '../providers/provider.ts'

/**
 * A shared browser: a user approves and leaves before the sign-in is over. The next user of the browser must not be
 * signed in to the first user's client without a click on the consent page, whatever the OpenID Provider says.
 */
async function approved(signInLifetime?: number) {
  const server = createHarness(defined({ signInLifetime }))
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(await register(server), newPkce()))).text()
  const toProvider = await browser.press(page, 'approve')
  const at = server.clock
  return {
    server,
    toProvider,
    /** The provider sends the browser back this many seconds after the approval. */
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

test('the time for the sign-in counts from the approval, however often the sign-in is repeated [F-01]', async () => {
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

test('no sign-in is repeated without a click after ten minutes, however long the operator lets a sign-in take [F-01 F-02 N19]', async () => {
  const { server, toProvider, backAfter } = await approved(3600)
  const stuck = await backAfter(600, toProvider, refusedCode)
  expect([stuck.status, stuck.headers.get('location'), stuck.headers.getSetCookie()]).toEqual([503, null, []])
  expect(server.log.map(({ event }) => event)).not.toContain('sign_in_begun_again')
  // A user who takes a long time at the provider is still signed in.
  expect(goesTo(await backAfter(3599, toProvider, reader), redirectUri)).toBe(true)
})

test('in the first ten minutes a sign-in is repeated without a click, and keeps its whole time [F-01 F-02 N19]', async () => {
  const { toProvider, backAfter } = await approved(3600)
  const again = await backAfter(599, toProvider, refusedCode)
  expect(goesTo(again, providers)).toBe(true)
  expect(goesTo(await backAfter(3599, again, reader), redirectUri)).toBe(true)
})
