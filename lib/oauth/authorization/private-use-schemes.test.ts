import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  newPkce,
  register,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'

const warp = 'warp://mcp/oauth2callback'

async function begin(redirect_uri: string) {
  const server = createHarness()
  const clientId = await register(server, { redirect_uris: [redirect_uri] })
  const browser = new TestBrowser(server)
  const pkce = newPkce()
  const asked = await browser.open(authorizePath(clientId, pkce, { redirect_uri }))
  return { server, clientId, browser, pkce, page: await asked.text() }
}

/** The user has approved and comes back from the OpenID Provider. */
async function signedIn(redirect_uri: string) {
  const begun = await begin(redirect_uri)
  const { server, browser, page } = begun
  const provider = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
  const state = provider.searchParams.get('state') ?? ''
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'upstream-code' })}`)
  const press = (action: string, headers = {}, by = browser) =>
    by.open('/oauth/confirm', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.issuer, ...headers },
      body: new URLSearchParams({ state, action }),
    })
  return { ...begun, back, press }
}

const codesOf = ({ log }: ReturnType<typeof createHarness>) => log.filter(({ event }) => event === 'code_issued').length

describe.each([
  [warp, 'warp'],
  ['vscode://saoudrizwan.claude-dev/mcp-auth/callback/9f86d081884c', 'vscode'],
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor'],
  ['com.example.app:/callback', 'com.example.app'],
])('an app at %s', (uri, scheme) => {
  test('can register, and both pages name its scheme and the whole address [A-06 A-20 C-03 N15]', async () => {
    const { page, back } = await signedIn(uri)
    for (const html of [page, await back.text()]) {
      const text = html.replace(/<style>[\s\S]*<\/style>/, '').replace(/<wbr>/g, '')
      expect(text).toContain(`the app for ${scheme}:// links`)
      expect(text).toContain(`<code>${uri}</code>`)
    }
  })

  test('gets its code only after the user’s click, and no code exists before [A-20 N15]', async () => {
    const { server, clientId, pkce, back, press } = await signedIn(uri)
    expect([back.status, back.headers.get('location'), codesOf(server)]).toEqual([200, null, 0])
    const asked = await back.text()
    expect(asked).toContain('reader@example.com')
    expect(asked).toMatch(new RegExp(`value="confirm">Open the app for ${scheme}:// links<`))
    expect(asked).not.toContain(`href="${scheme}:`)

    const opened = await press('confirm')
    const location = opened.headers.get('location') ?? ''
    expect([opened.status, location.split('?')[0]]).toEqual([303, uri])
    const answer = new URLSearchParams(location.split('?')[1])
    expect([answer.get('state'), answer.get('iss')]).toEqual(['client state', server.issuer])
    const redeemed = await token(server, {
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: uri,
      code: answer.get('code') ?? '',
      code_verifier: pkce.verifier,
    })
    expect(redeemed.status).toBe(200)
  })

  test('gets no error before the consent of the user: no page opens the app [A-17 N15]', async () => {
    const { server, clientId, browser } = await begin(uri)
    for (const wrong of [{ response_type: 'token' }, { code_challenge_method: 'plain' }, { prompt: 'none' }]) {
      const refused = await browser.open(authorizePath(clientId, newPkce(), { redirect_uri: uri, ...wrong }))
      expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
      const html = await refused.text()
      expect(html).not.toContain(`${scheme}:/`)
      expect(html).toContain('go back to your app')
    }
    expect(codesOf(server)).toBe(0)
  })

  test('gets access_denied by a click, after the user canceled on a page [C-11]', async () => {
    const { browser, page } = await begin(uri)
    const onConsent = await browser.press(page, 'cancel')
    const { press } = await signedIn(uri)
    for (const denied of [onConsent, await press('cancel')]) {
      expect([denied.status, denied.headers.get('location')]).toEqual([200, null])
      expect((await denied.text()).replaceAll('&amp;', '&')).toContain(`href="${uri}?error=access_denied`)
    }
  })
})

describe('an attacker', () => {
  test('gets no code through another site’s form, in another browser, or after five minutes [A-17 A27]', async () => {
    const { server, press } = await signedIn(warp)
    expect((await press('confirm', { origin: 'https://evil.example' })).status).toBe(403)
    expect((await press('confirm', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await press('confirm', {}, new TestBrowser(server))).status).toBe(403)
    server.clock += 300_000
    expect((await press('confirm')).status).toBe(403)
    expect(codesOf(server)).toBe(0)
  })

  test.each([
    ['another app', 'warppreview://mcp/oauth2callback'],
    ['another path', 'warp://mcp/oauth2callback/x'],
    ['a query', 'warp://mcp/oauth2callback?next=x'],
    ['another spelling', 'warp://mcp/./oauth2callback'],
    ['a web page in disguise', 'googlechromes://evil.example/oauth2callback'],
  ])('cannot redirect the code to %s: %s [A-05 A-06]', async (_what, redirect_uri) => {
    const { server, clientId } = await begin(warp)
    const refused = await server.fetch(authorizePath(clientId, newPkce(), { redirect_uri }))
    expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
    expect(await refused.text()).toContain('redirect_uri is not registered')
  })

  test.each([
    'ms-settings://network/cb',
    'search-ms://evil.example/cb',
    'intent://evil.example/cb',
    'web+mcp://evil.example/cb',
    'x-apple.systempreferences:/cb',
    'vscode://file/etc/passwd',
    'googlechromes://evil.example/cb',
  ])('cannot register a scheme with another meaning: %s [A-06 A3 N15]', async (uri) => {
    expect(await register(createHarness(), { redirect_uris: [uri] })).toBeUndefined()
  })
})
