import { expect, test } from 'vitest'
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
  token,
} from '../../dev/worlds/authorization-server.ts'
import { createBearerVerifier } from '../resource-server/bearer.ts'

const { signal: seconds } = new AbortController()

async function stored(server: Harness): Promise<string> {
  const { keys } = await server.store.list('', seconds)
  return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await server.store.get(key, seconds)])))
}

function post(server: Harness, form: Record<string, string>, path = '/oauth/token', headers = {}): Promise<Response> {
  return server.fetch(path, { method: 'POST', body: new URLSearchParams(form), headers })
}

const untrusted = 'https://app.example/callback'

/** A sealed value. A cookie of a sign-in also has the `state` of that sign-in. */
interface Kind {
  readonly value: string
  readonly state?: string
}

/**
 * Every kind of value that this server seals or signs, for one client, one user and one browser. Only its kind tells one from
 * another. The code has not been redeemed.
 */
async function everyKind(server: Harness) {
  const clientId = await register(server, { redirect_uris: [redirectUri, untrusted] })
  const browser = new TestBrowser(server)
  const pkce = newPkce()
  const code = async () => (await signIn(browser, clientId, pkce)).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code_verifier: pkce.verifier }
  const { body } = await token(server, { ...form, code: await code() })
  const show = async (more = {}) => (await browser.open(authorizePath(clientId, pkce, more))).text()
  const approve = async (page: string): Promise<Kind> => {
    const { searchParams } = new URL((await browser.press(page, 'approve')).headers.get('location') ?? '')
    return cookieOf(searchParams.get('state') ?? '')
  }
  const cookieOf = (state: string): Kind => ({ state, value: browser.cookies.get(`__Host-tx.${state}`) ?? '' })

  const page = await show()
  const transaction = await approve(page)
  const { state = '' } = await approve(await show({ redirect_uri: untrusted }))
  await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  const kinds: Record<string, Kind> = {
    client_id: { value: clientId },
    form: { value: sealedRequest(page) },
    transaction,
    confirmation: cookieOf(state),
    code: { value: await code() },
    refresh: { value: body.refresh_token ?? '' },
    access: { value: body.access_token ?? '' },
  }
  return { kinds, form, pkce, browserCookie: `__Host-browser=${browser.cookies.get('__Host-browser')}` }
}

const introspectionToken = 'introspection-token-of-a-resource-server'

test('each kind of sealed value is refused everywhere except at its own endpoint, and changes nothing [T-28 A13 A5 A30 T-26 T-27]', async () => {
  const server = createHarness({ introspectionTokens: [introspectionToken] })
  const { kinds, form, pkce, browserCookie } = await everyKind(server)
  const noState = kinds.transaction?.state ?? ''
  const cookie = ({ value, state = noState }: Kind) => `${browserCookie}; __Host-tx.${state}=${value}`
  const submit = (action: string, fields: Record<string, string>, kind: Kind) =>
    server.fetch(action, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: server.issuer, 'sec-fetch-site': 'same-origin', cookie: cookie(kind) },
    })
  const places: Record<string, (kind: Kind) => Promise<Response>> = {
    client_id: ({ value }) => server.fetch(authorizePath(value, pkce)),
    form: (kind) => submit('/oauth/approve', { request: kind.value, action: 'approve' }, kind),
    transaction: (kind) =>
      server.fetch(`/mcp/callback?state=${kind.state ?? noState}&code=x`, { headers: { cookie: cookie(kind) } }),
    confirmation: (kind) => submit('/oauth/confirm', { state: kind.state ?? noState, action: 'confirm' }, kind),
    code: ({ value }) => post(server, { ...form, code: value }),
    refresh: ({ value }) => post(server, { ...form, grant_type: 'refresh_token', refresh_token: value }),
  }
  const jwks = await (await server.fetch('/.well-known/jwks.json')).json()
  const bearer = createBearerVerifier({
    issuer: server.issuer,
    resource: `${server.issuer}/mcp`,
    publicKeys: async () => jwks,
    now: () => server.clock,
  })
  const opensMcp = async ({ value }: Kind) => {
    const headers = { authorization: `Bearer ${value}` }
    return (await bearer.verify(new Request(`${server.issuer}/mcp`, { headers }), seconds)).kind === 'valid'
  }

  const { client_id } = form
  const revoke = ({ value }: Kind) => post(server, { client_id, token: value }, '/oauth/revoke')
  const isActive = async ({ value }: Kind) => {
    const authorization = { authorization: `Bearer ${introspectionToken}` }
    return (await (await post(server, { token: value }, '/oauth/introspect', authorization)).json()).active
  }

  const before = await stored(server)
  for (const [name, kind] of Object.entries(kinds)) {
    expect(kind.value, name).not.toBe('')
    expect(await opensMcp(kind), `${name} at /mcp`).toBe(name === 'access')
    expect(await isActive(kind), `${name} at the introspection endpoint`).toBe(name === 'access')
    if (name !== 'access' && name !== 'refresh') expect((await revoke(kind)).status, `${name} revoked`).toBe(200)
    for (const [place, use] of Object.entries(places)) {
      if (name === place) continue
      const { status, headers } = await use(kind)
      // The confirmation page stands at the callback. A reload shows it again and does nothing else.
      const asksAgain = name === 'confirmation' && place === 'transaction'
      expect(asksAgain ? [200] : [400, 401, 403], `${name} as ${place}`).toContain(status)
      expect(headers.get('location'), `${name} as ${place}`).toBeNull()
    }
  }
  expect(await stored(server)).toBe(before)
  const atHome = Object.entries(places).map(([place, use]) => use(kinds[place] ?? { value: '' }))
  expect((await Promise.all(atHome)).map(({ status }) => status)).toEqual([200, 303, 303, 303, 200, 200])
  const access = kinds.access ?? { value: '' }
  expect([(await revoke(access)).status, await isActive(access)]).toEqual([200, false])
})
