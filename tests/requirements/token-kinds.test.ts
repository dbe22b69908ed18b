import { expect, test } from 'vitest'
import { createBearerVerifier } from '../../lib/mcp/bearer.ts'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  register,
  sealedRequest,
  signIn,
  TestBrowser,
  token,
} from '../../lib/oauth/testing/harness.ts'

const seconds = AbortSignal.timeout(60_000)

async function stored(server: Harness): Promise<string> {
  const { keys } = await server.store.list('', seconds)
  return JSON.stringify(await Promise.all(keys.map(async (key) => [key, await server.store.get(key, seconds)])))
}

function post(server: Harness, form: Record<string, string>): Promise<Response> {
  return server.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams(form) })
}

/** Everything we ever seal or sign, each as its rightful holder has it. */
async function everyKind(server: Harness) {
  const clientId = await register(server)
  const codeFor = async (pkce = newPkce()) =>
    (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
  const own = newPkce()
  const form = { grant_type: 'authorization_code', client_id: clientId, code_verifier: own.verifier }
  const { body } = await token(server, { ...form, code: await codeFor(own) })
  const foreign = await register(server, { redirect_uris: ['https://app.example/cb'] })
  const browser = new TestBrowser(server)
  const page = await (await browser.open(authorizePath(clientId, newPkce()))).text()
  await browser.press(page, 'approve')
  const transaction = [...browser.cookies].find(([name]) => name.startsWith('__Host-tx.'))
  const waiting = new TestBrowser(server)
  const asked = await waiting.open(authorizePath(foreign, newPkce(), { redirect_uri: 'https://app.example/cb' }))
  const upstream = new URL((await waiting.press(await asked.text(), 'approve')).headers.get('location') ?? '')
  await waiting.open(
    `/mcp/callback?${new URLSearchParams({ state: upstream.searchParams.get('state') ?? '', code: 'x' })}`,
  )
  const confirmation = [...waiting.cookies].find(([name]) => name.startsWith('__Host-tx.'))
  const pkce = newPkce()
  const code = await codeFor(pkce)
  return {
    pkce,
    clientId,
    kinds: {
      client_id: clientId,
      form: sealedRequest(page),
      transaction: transaction?.[1] ?? '',
      confirmation: confirmation?.[1] ?? '',
      code,
      refresh: body.refresh_token ?? '',
      access: body.access_token ?? '',
    },
  }
}

test('each kind of sealed value is refused everywhere but at its own place, and changes nothing [T-28 A13 A5 A30]', async () => {
  const server = createHarness()
  const { kinds, clientId, pkce } = await everyKind(server)
  const state = `0mhabcdef.${'A'.repeat(22)}`
  const form = (action: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    server.fetch(action, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: server.issuer, 'sec-fetch-site': 'same-origin', ...headers },
    })
  const redeem = { grant_type: 'authorization_code', client_id: clientId, code_verifier: pkce.verifier }
  const places: Record<string, (value: string) => Promise<Response>> = {
    client_id: (value) => server.fetch(authorizePath(value, newPkce())),
    form: (value) => form('/oauth/approve', { request: value, action: 'approve' }),
    transaction: (value) =>
      server.fetch(`/mcp/callback?state=${state}&code=x`, { headers: { cookie: `__Host-tx.${state}=${value}` } }),
    confirmation: (value) =>
      form('/oauth/confirm', { state, action: 'confirm' }, { cookie: `__Host-tx.${state}=${value}` }),
    code: (value) => post(server, { ...redeem, code: value }),
    refresh: (value) => post(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token: value }),
  }
  const jwks = await (await server.fetch('/.well-known/jwks.json')).json()
  const bearer = createBearerVerifier({
    issuer: server.issuer,
    resource: `${server.issuer}/mcp`,
    publicKeys: async () => jwks,
    now: () => server.clock,
  })
  const kindOf = async (value: string) => {
    const headers = { authorization: `Bearer ${value}` }
    return (await bearer.verify(new Request(`${server.issuer}/mcp`, { headers }), seconds)).kind
  }

  const before = await stored(server)
  for (const [place, use] of Object.entries(places)) {
    for (const [kind, value] of Object.entries(kinds)) {
      expect(value, kind).not.toBe('')
      if (kind === place) continue
      const response = await use(value)
      expect([400, 401, 403], `${kind} as ${place}`).toContain(response.status)
      expect(response.headers.get('location'), `${kind} as ${place}`).toBeNull()
    }
  }
  for (const [kind, value] of Object.entries(kinds)) {
    if (kind !== 'access') expect(await kindOf(value), `${kind} as bearer`).not.toBe('valid')
  }
  expect(await stored(server)).toBe(before)
  expect(await kindOf(kinds.access)).toBe('valid')
  expect((await places.code?.(kinds.code))?.status).toBe(200)
  expect((await places.refresh?.(kinds.refresh))?.status).toBe(200)
})
