import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signOutHeadless } from '../../dev/oidc/sign-out.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { signInToAccount } from '../support/account.ts'
import { newAddress, type OAuthClient, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/**
 * The provider reports that a person has signed out, or a service ends a person. Every host has just served that person, and remembers the
 * grant. How long does each of them go on?
 *
 * Alerts: PeopleAreNotEnded.
 */

/** Milliseconds from the provider's call to the last host that refuses. */
const promised = 60_000
const token = randomBytes(32).toString('base64url')

let stack: Stack
let client: OAuthClient
beforeAll(async () => {
  keepSecret(token)
  const revokers = JSON.stringify([{ name: 'soc', token_sha256: sha256(token), domains: ['example.com'] }])
  const settings = { MCP_OAUTH_LOGOUT_ENDS_GRANTS: 'true', MCP_OAUTH_REVOKERS: revokers }
  stack = await startStack({ hosts: 4, settings })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

/** Calls a tool list at one host. */
async function askAt(host: number, accessToken: string): Promise<number> {
  const headers = {
    host: new URL(stack.url).host,
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })
  return (await send(`http://127.0.0.1:${stack.hosts()[host]?.port}/mcp`, { method: 'POST', headers, body })).status
}

test.concurrent.each<[string, (email: string) => Promise<() => Promise<void>>]>([
  [
    'back-channel logout',
    async (email) => {
      const { browser } = await signInToAccount(stack.url, { email })
      return () => signOutHeadless(stack.provider.issuer, browser.fetch)
    },
  ],
  [
    'Global Token Revocation',
    async (email) => async () => {
      const request = json(JSON.stringify({ sub_id: { format: 'email', email } }))
      const headers = { ...request.headers, authorization: `Bearer ${token}` }
      const answer = await send(`${stack.url}/oauth/global-token-revocation`, { ...request, headers })
      expect(answer.status).toBe(204)
    },
  ],
])('%s: four hosts that have just served the person all refuse within a minute of the call', async (how, prepare) => {
  const email = newAddress()
  const { accessToken, refreshToken } = await obtainTokens(client, email)
  const end = await prepare(email)
  const hosts = [...stack.hosts().keys()]
  expect(await Promise.all(hosts.map((host) => askAt(host, accessToken)))).toEqual(hosts.map(() => 200))
  const called = Date.now()
  await end()
  const answered = Date.now()
  expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')

  /** Asks a host until it refuses. Returns the milliseconds from the call to the start of the last request that it served. */
  const servedBy = async (host: number): Promise<number> => {
    for (let last = 0; ; ) {
      const began = Date.now()
      const status = await askAt(host, accessToken)
      if (status === 401) return last
      expect(status).toBe(200)
      last = began - called
      // Nothing that begins later than a minute after the call may be served.
      expect(began).toBeLessThan(answered + promised)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const served = await Promise.all(hosts.map(servedBy))
  const seconds = served.map((milliseconds) => (milliseconds / 1000).toFixed(1)).join(', ')
  console.log(
    `${how}: answered after ${answered - called} ms; each host served the person for ${seconds} s after the call`,
  )
  // Otherwise no host remembered the grant, and nothing was measured.
  expect(Math.max(...served)).toBeGreaterThan(1000)
})
