import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  redirectUri,
  register,
  sealedRequest,
  signIn,
  TestBrowser,
  type TokenBody,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Client } from '../clients/client.ts'

const both = 'docs:read docs:feedback'

/** Shows the consent page in this browser, and posts the user's answer with these boxes ticked. */
async function atConsent(server: Harness, scope = both, metadata: object = {}) {
  const clientId = await register(server, metadata)
  const browser = new TestBrowser(server)
  const pkce = newPkce()
  const page = await (await browser.open(authorizePath(clientId, pkce, { scope }))).text()
  const approve = async (...ticked: readonly string[]): Promise<Response> =>
    browser.open('/oauth/approve', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server.issuer },
      body: new URLSearchParams([
        ['request', sealedRequest(page)],
        ['action', 'approve'],
        ...ticked.map((value): [string, string] => ['leave_out', value]),
      ]),
    })
  const tokensAfter = async (approved: Response): Promise<TokenBody> => {
    const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
    return (await token(server, form)).body
  }
  const refresh = async (refresh_token = '', more: Record<string, string> = {}) =>
    (await token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token, ...more })).body
  return { page, approve, tokensAfter, refresh }
}

const saysOf = (body: TokenBody) => {
  const { scope, scope_left_out } = decodeJwt(body.access_token ?? '')
  return { scope, scope_left_out, answered: body.scope }
}
const everything = { scope: both, scope_left_out: undefined, answered: both }
const readOnly = { scope: 'docs:read', scope_left_out: 'docs:feedback', answered: 'docs:read' }

describe('a scope that the user leaves out on the consent page', () => {
  test('is not granted, and the code, refresh tokens and access tokens say so for the life of the grant [C-14]', async () => {
    const server = createHarness()
    const { approve, tokensAfter, refresh } = await atConsent(server)
    const first = await tokensAfter(await approve('docs:feedback'))
    expect(saysOf(first)).toEqual(readOnly)
    const second = await refresh(first.refresh_token)
    expect(saysOf(second)).toEqual(readOnly)
    server.clock += 3_600_000
    const racers = await Promise.all([1, 2, 3].map(() => refresh(second.refresh_token)))
    expect(new Set(racers.map(({ refresh_token }) => refresh_token)).size).toBe(1)
    for (const each of racers) expect(saysOf(each)).toEqual(readOnly)
    const granted = server.log.find(({ event }) => event === 'consent_granted')
    expect(granted?.fields).toMatchObject({ scope: 'docs:read', leftOut: 'docs:feedback' })
  })

  test('is not granted to a client that asks for it again at the token endpoint [C-14 T-20]', async () => {
    const { approve, tokensAfter, refresh } = await atConsent(createHarness())
    const { refresh_token } = await tokensAfter(await approve('docs:feedback'))
    expect(saysOf(await refresh(refresh_token, { scope: both }))).toEqual(readOnly)
  })

  test('is asked for again at the next sign-in, which grants it [C-12 C-15]', async () => {
    const server = createHarness()
    const { approve, tokensAfter } = await atConsent(server)
    await tokensAfter(await approve('docs:feedback'))
    const again = await atConsent(server)
    expect(again.page).toContain('name="leave_out"')
    expect(saysOf(await again.tokensAfter(await again.approve()))).toEqual(everything)
  })

  test.each<[string, readonly string[], string, object]>([
    ['nothing is ticked', [], both, everything],
    ['a scope is named that users cannot leave out', ['docs:read'], both, everything],
    ['more is named than may be left out', ['docs:read', 'docs:feedback'], both, readOnly],
    ['it is named twice', ['docs:feedback', 'docs:feedback'], both, readOnly],
    ['nothing is named', [''], both, everything],
    ['words are named that are not scopes', ['on', 'true', 'docs:feedback docs:read', 'docs:admin'], both, everything],
    ['something longer is named', ['docs:feedback2', 'xdocs:feedback', 'DOCS:FEEDBACK'], both, everything],
    [
      'it was not asked for',
      ['docs:feedback'],
      'docs:read',
      { ...everything, scope: 'docs:read', answered: 'docs:read' },
    ],
    [
      'nothing else was asked for',
      ['docs:feedback'],
      'docs:feedback',
      { ...everything, scope: 'docs:feedback', answered: 'docs:feedback' },
    ],
    ['a hostile word is named', ['"><script>', '\u0000'], both, everything],
  ])('if %s', async (_, ticked, scope, expected) => {
    const { approve, tokensAfter } = await atConsent(createHarness(), scope)
    expect(saysOf(await tokensAfter(await approve(...ticked)))).toEqual(expected)
  })
})

test.each([
  [both, true],
  ['docs:read', false],
  ['docs:feedback', false],
])(
  'the page offers to leave feedback out where something else is asked for as well: %s [C-14]',
  async (scope, offered) => {
    const { page } = await atConsent(createHarness(), scope)
    expect(page.includes('name="leave_out" value="docs:feedback"')).toBe(offered)
    expect(page).not.toMatch(/checkbox"[^>]* checked/)
  },
)

test('the page shows the URL of a document, and no code or token carries it [C-03 C-04]', async () => {
  const id = 'https://clients.example/~mallory/claude.json'
  const document: Client = {
    id,
    hash: sha256(id),
    source: 'metadata-document',
    name: '✓ Official Claude',
    verifiedHost: 'clients.example',
    redirectUris: [redirectUri],
    grantTypes: ['authorization_code'],
    authenticationMethods: ['none'],
  }
  const server = createHarness({ documents: { [id]: document } })
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(id, newPkce()))).text()
  expect(page).toContain(`<code>${id}</code>`)
  expect(page).toContain('<bdi>Claude</bdi>')
  expect(page).toMatch(/an app on this computer at <b>127\.0\.0\.1:7777<\/b>/)
  expect((await browser.press(page, 'approve')).status).toBe(303)
})

test('a form of an older page without the box grants what that page said [C-14]', async () => {
  const server = createHarness()
  const clientId = await register(server)
  const pkce = newPkce()
  const location = await signIn(new TestBrowser(server), clientId, pkce, { scope: both })
  const code = location.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  expect(saysOf((await token(server, form)).body)).toEqual(everything)
})
