import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deploy, deploySameIssuer } from '../support/deploy.ts'
import {
  callMcp,
  type OAuthClient,
  obtainCode,
  obtainTokens,
  registerClient,
  tokensOf,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { watchLog } from './drill.ts'

/** One instance has a wrong clock, by five minutes. It shares the store and its callers with an instance whose clock is right. */

const shifted = new URL('shifted-clock.ts', import.meta.url).href
const seconds = 300

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

const startWrong = (ahead: number) =>
  deploySameIssuer(stack, { NODE_OPTIONS: `--import=${shifted}`, CLOCK_AHEAD: String(ahead) })

/** The same client, as it is served by the other instance. */
async function refreshAt({ url }: Pick<Deploy, 'url'>, refreshToken: string) {
  const form = { grant_type: 'refresh_token', client_id: client.clientId, refresh_token: refreshToken }
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

describe.each([
  ['ahead', seconds],
  ['behind', -seconds],
])('a clock that is five minutes %s', (_how, ahead) => {
  test('a client that is served by both instances in turn stays signed in', async () => {
    const wrong = await startWrong(ahead)
    let { refreshToken } = await obtainTokens(client)
    for (let round = 0; round < 6; round++) {
      const at = round % 2 === 0 ? wrong : stack
      const next = tokensOf(await refreshAt(at, refreshToken))
      // A token works where it was issued. Elsewhere it may have to be refreshed once more.
      expect((await callMcp(`${at.url}/mcp`, next.accessToken)).status).toBe(200)
      refreshToken = next.refreshToken
    }
    tokensOf(await client.refresh(refreshToken))
  })

  test('the operator sees it: log lines have the wrong time', async () => {
    const wrong = await startWrong(ahead)
    const log = watchLog(wrong.lines)
    const { refreshToken } = await obtainTokens(client)
    tokensOf(await refreshAt(wrong, refreshToken))
    await log.has('refresh_rotated')
    const [line] = log.of('refresh_rotated')
    const off = (Date.parse(String(line?.time)) - Date.now()) / 1000
    expect(Math.abs(off - ahead)).toBeLessThan(60)
  })
})

test('ahead: its access tokens are refused elsewhere as not issued yet, and a refresh there heals the client', async () => {
  const wrong = await startWrong(seconds)
  const log = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client)
  const early = tokensOf(await refreshAt(wrong, refreshToken))
  expect((await callMcp(stack.mcpUrl, early.accessToken)).status).toBe(401)
  await log.has('mcp_token_refused', { reason: 'claim iat' })
  const good = tokensOf(await client.refresh(early.refreshToken))
  expect((await callMcp(stack.mcpUrl, good.accessToken)).status).toBe(200)
})

test('ahead: a code is too old there. Nothing is used up, and the code still works at the instance with the right clock', async () => {
  const wrong = await startWrong(seconds)
  const { request, code } = await obtainCode(client)
  const form = {
    grant_type: 'authorization_code',
    ...{ client_id: client.clientId, redirect_uri: client.redirectUri, code, code_verifier: request.codeVerifier },
  }
  const answer = await fetch(`${wrong.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_grant' }])
  tokensOf(await client.redeem(request, code))
})

test('behind: a token lives no longer than the setting says, as its own times tell', async () => {
  const wrong = await startWrong(-seconds)
  const { refreshToken } = await obtainTokens(client)
  const { accessToken } = tokensOf(await refreshAt(wrong, refreshToken))
  const { exp = 0, iat = 0 } = decodeJwt(accessToken)
  expect(exp - iat).toBe(3600)
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
})
