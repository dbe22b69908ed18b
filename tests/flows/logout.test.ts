import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { accountFor } from '../../dev/oidc/account.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { signOutHeadless } from '../../dev/oidc/sign-out.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { startTestIssuer, type TestIssuer } from '../../dev/worlds/issuer.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { open, signInToAccount } from '../support/account.ts'
import { deploy } from '../support/deploy.ts'
import {
  codeOf,
  locationOf,
  newAddress,
  type OAuthClient,
  obtainTokens,
  registerClient,
  tokensOf,
  userAtCallback,
} from '../support/oauth-client.ts'
import { form, json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const token = randomBytes(32).toString('base64url')
keepSecret(token)
let stack: Stack
let okta: TestIssuer
let client: OAuthClient
beforeAll(async () => {
  okta = await startTestIssuer()
  const revokers = [
    { name: 'soc', token_sha256: sha256(token), domains: ['example.com'] },
    { name: 'okta', issuer: okta.issuer, domains: ['example.com'] },
  ]
  stack = await startStack({ hosts: 2, settings: { MCP_OAUTH_REVOKERS: JSON.stringify(revokers) } })
  client = await registerClient(stack.url)
})
afterAll(() => Promise.all([stack?.stop(), okta?.stop()]))

/** The page of the account as a browser sees it: the person's own, or the one that asks to sign in. */
const isSignedIn = async (browser: Browser) => !(await open(browser, `${stack.url}/account`)).html.includes('/login?')
/** The person of an address at the local provider, as a subject identifier. */
const subjectOf = async (accessToken: string) => {
  const { sub } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
  return { format: 'opaque', id: String(sub) }
}
const revoke = (sub_id: object, credential = token) => {
  const request = json(JSON.stringify({ sub_id }))
  const headers = { ...request.headers, authorization: `Bearer ${credential}` }
  return send(`${stack.url}/oauth/global-token-revocation`, { ...request, headers })
}
const byAddress = (email: string) => revoke({ format: 'email', email })

/** Asks one of the two instances for the list of tools. */
async function askAt(host: number, accessToken: string) {
  const headers = {
    host: new URL(stack.url).host,
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  return send(`http://127.0.0.1:${stack.hosts()[host]?.port}/mcp`, { method: 'POST', headers, body })
}

describe('a person signs out at the OpenID Provider', () => {
  test('their browser is signed out here, another browser of theirs is not, and their client stays connected [N4]', async () => {
    const email = newAddress()
    const { accessToken, refreshToken } = await obtainTokens(client, email)
    const [here, elsewhere] = await Promise.all([
      signInToAccount(stack.url, { email }),
      signInToAccount(stack.url, { email }),
    ])
    expect([await isSignedIn(here.browser), await isSignedIn(elsewhere.browser)]).toEqual([true, true])

    await signOutHeadless(stack.provider.issuer, here.browser.fetch)
    expect([await isSignedIn(here.browser), await isSignedIn(elsewhere.browser)]).toEqual([false, true])
    expect((await askAt(0, accessToken)).status).toBe(200)
    tokensOf(await client.refresh(refreshToken))
    // Signing in again begins a session that the sign-out does not concern.
    await vi.waitFor(
      async () => {
        await signInToAccount(stack.url, { browser: here.browser, email })
        expect(await isSignedIn(here.browser)).toBe(true)
      },
      { timeout: 30_000, interval: 1000 },
    )
  })

  test('a sign-in to the account pages that was under way gives a session that is signed out [N2]', async () => {
    const browser = createWatchedBrowser()
    const login = locationOf(await browser.fetch(`${stack.url}/login?return=/account`))
    const callback = await signInHeadless({ url: login, email: newAddress(), fetch: browser.fetch })
    await signOutHeadless(stack.provider.issuer, browser.fetch)
    // The provider has no code for a person who signed out, or this server does not let the session count.
    await browser.fetch(callback)
    expect(await isSignedIn(browser)).toBe(false)
  })

  test('a forged call does nothing', async () => {
    const { browser } = await signInToAccount(stack.url)
    const answer = await send(`${stack.url}/oauth/backchannel-logout`, form('logout_token=a.b.c'))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(await isSignedIn(browser)).toBe(true)
  })
})

test('MCP_OAUTH_LOGOUT_ENDS_GRANTS: the sign-out also disconnects every client of the person [N4]', async () => {
  const email = newAddress()
  const { accessToken, refreshToken } = await obtainTokens(client, email)
  const { browser } = await signInToAccount(stack.url, { email })
  const port = await freePorts()
  const { UPSTREAM_CLIENT_ID = '', UPSTREAM_ISSUER = '' } = stack.environment
  const { url } = await deploy(
    stack,
    {
      ...{ UPSTREAM_CLIENT_ID, UPSTREAM_ISSUER, MCP_OAUTH_ISSUER: stack.url, MCP_OAUTH_OWN_HOST: 'false' },
      ...{ MCP_ACCOUNT_ORIGIN: `http://localhost:${port}`, MCP_OAUTH_LOGOUT_ENDS_GRANTS: 'true' },
    },
    port,
  )
  stack.provider.faults.logoutTo = `${url}/oauth/backchannel-logout`
  onTestFinished(() => void delete stack.provider.faults.logoutTo)
  await signOutHeadless(stack.provider.issuer, browser.fetch)
  expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
  expect((await askAt(0, accessToken)).status).toBe(401)
})

describe('Global Token Revocation, for the services of MCP_OAUTH_REVOKERS', () => {
  const byOkta = async (sub_id: object) => {
    const now = Math.floor(Date.now() / 1000)
    const aud = `${stack.url}/oauth/global-token-revocation`
    const claims = {
      iss: okta.issuer,
      aud,
      nbf: now - 300,
      iat: now,
      exp: now + 300,
      jti: randomBytes(12).toString('hex'),
    }
    return revoke(sub_id, await okta.sign(claims, { typ: 'global-token-revocation+jwt' }))
  }

  test.each([
    ['a bearer token, by our id', async (_email: string, accessToken: string) => revoke(await subjectOf(accessToken))],
    ['a bearer token, by address', (email: string) => byAddress(email)],
    ['a JWT of Okta, by address', (email: string) => byOkta({ format: 'email', email })],
    [
      'a JWT of Okta, by issuer and subject',
      (email: string) => byOkta({ format: 'iss_sub', iss: stack.provider.issuer, sub: localSubject(email) }),
    ],
  ])(
    'with %s: 204; an instance that has not seen the grant refuses at once, and nothing can be refreshed [N2]',
    async (_, end) => {
      const email = newAddress()
      const { accessToken, refreshToken } = await obtainTokens(client, email)
      const { browser } = await signInToAccount(stack.url, { email })
      await vi.waitFor(async () => expect(await recordedPeople(email)).toBe(1), { timeout: 20_000, interval: 100 })
      const answer = await end(email, accessToken)
      expect([answer.status, await answer.text()]).toEqual([204, ''])
      const refused = await askAt(1, accessToken)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringMatching(/^Bearer resource_metadata="[^"]+", error="invalid_token"/),
      ])
      expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
      expect(await isSignedIn(browser)).toBe(false)
    },
  )

  test('by address also ends the session of a person who has only opened the account pages [N4]', async () => {
    const [{ browser, email }, other] = await Promise.all([signInToAccount(stack.url), signInToAccount(stack.url)])
    expect((await byAddress(email)).status).toBe(204)
    expect([await isSignedIn(browser), await isSignedIn(other.browser)]).toEqual([false, true])
  })

  test('of a person whom nobody knows: 204', async () => {
    expect((await byAddress(newAddress())).status).toBe(204)
  })

  test('the metadata names the endpoint, since it is configured', async () => {
    const metadata = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json()
    expect(metadata.global_token_revocation_endpoint).toBe(`${stack.url}/oauth/global-token-revocation`)
  })
})

/** The `sub` that the local provider gives an address. */
const localSubject = (email: string) => accountFor(email, '')?.sub ?? ''
/** How many people the service has recorded with an address. */
async function recordedPeople(email: string): Promise<number> {
  const { signal } = new AbortController()
  const { keys } = await stack
    .store()
    .list(`users/u_${sha256(`${stack.provider.issuer}\n${localSubject(email)}`)}`, signal)
  return keys.length
}

/** Each point of a first sign-in at which the person may be ended. Nobody has recorded them yet. */
const points = ['approved', 'signed-in', 'code', 'redeemed'] as const

test('a person whose address is ended in the middle of a first sign-in gets nothing, at each point of it [N2]', async () => {
  await Promise.all(
    points.map(async (point) => {
      const email = newAddress()
      const end = async () => void (await byAddress(email))
      const user = await userAtCallback(client, { email, ...(point === 'approved' && { approved: end }) })
      if (point === 'signed-in') await end()
      const code = codeOf(locationOf(await user.load()))
      if (point === 'code') await end()
      const redeem = client.redeem(user.request, code)
      if (point === 'redeemed') await Promise.all([redeem, end()])
      const { body } = await redeem
      if (point !== 'redeemed') return expect([point, body.error]).toEqual([point, 'invalid_grant'])
      // Where the code came first, the grant ends behind it.
      const { refresh_token: kept, error } = body
      const refreshed = async () => (kept === undefined ? error : (await client.refresh(kept)).body.error)
      await vi.waitFor(async () => expect(await refreshed()).toBe('invalid_grant'), { timeout: 20_000, interval: 200 })
    }),
  )
})
