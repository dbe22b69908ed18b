import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../lib/base/sha256.ts'
import { deploy } from '../support/deploy.ts'
import {
  callMcp,
  type OAuthClient,
  obtainCode,
  obtainCodeByMock,
  obtainTokens,
  registerClient,
  tokensOf,
} from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { operationsBesideSignIns } from '../support/store-path.ts'

const key = createPinnedKey()
let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2, settings: key.settings })
  client = await registerClient(stack.url)
})
afterEach(() => stack.emulator.clearFaults())
afterAll(async () => {
  await stack.stop()
})

/** For background work on a busy machine. */
const waiting = { timeout: 60_000, interval: 200 }

const question = { name: 'ask_redpanda_question', arguments: { question: 'What is a grant?' } }

/** Sends a request to one of the two hosts. */
function askAt(host: number, accessToken: string): Promise<Response> {
  return send(`http://127.0.0.1:${stack.hosts()[host]?.port}/mcp`, {
    method: 'POST',
    headers: {
      host: new URL(stack.url).host,
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: question }),
  })
}

/** The store operations while `work` ran. */
async function operationsOf(work: () => Promise<unknown>) {
  const before = stack.emulator.operations().at(-1)?.sequence ?? 0
  await work()
  return operationsBesideSignIns(stack, before)
}

const error = async (response: Response) => [response.status, (await response.json()).error]

describe.each(['accessToken', 'refreshToken'] as const)('a client revokes its %s', (kind) => {
  test('200 with an empty body, and nothing of the grant works at an instance that has not seen it [T-26 T-23 S-07 B8-17]', async () => {
    const { accessToken, refreshToken } = await obtainTokens(client)
    expect((await askAt(0, accessToken)).status).toBe(200)
    const asked = stack.kapa.calls().length

    const revoked = await client.revoke(kind === 'accessToken' ? accessToken : refreshToken)
    expect([revoked.status, await revoked.text()]).toEqual([200, ''])
    expect(Object.fromEntries(revoked.headers)).toMatchObject({
      'cache-control': 'no-store',
      'access-control-allow-origin': '*',
    })

    const refused = await askAt(1, accessToken)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(
      /^Bearer resource_metadata="[^"]+", error="invalid_token", /,
    )
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
    expect(stack.kapa.calls()).toHaveLength(asked)
    // The instance that has seen the grant may accept it until the minute is over. A new instance may not.
    await stack.hosts()[0]?.kill()
    await stack.restartHost(0)
    expect((await askAt(0, accessToken)).status).toBe(401)
  })

  test('other grants of the same user and client keep working [T-26 M-18]', async () => {
    const [one, other] = [await obtainTokens(client, 'ada@example.com'), await obtainTokens(client, 'ada@example.com')]
    await client.revoke(one[kind])
    expect((await callMcp(stack.mcpUrl, other.accessToken)).status).toBe(200)
    tokensOf(await client.refresh(other.refreshToken))
  })

  test('another client cannot revoke it: it gets an error, and the session stays valid [T-26 A6]', async () => {
    const { accessToken, refreshToken } = await obtainTokens(client)
    const thief = await registerClient(stack.url, 'Thief')
    expect(await error(await thief.revoke(kind === 'accessToken' ? accessToken : refreshToken))).toEqual([
      400,
      'invalid_grant',
    ])
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
    tokensOf(await client.refresh(refreshToken))
  })

  test('while the store is down: 503 and Retry-After, never 200; later it works [T-26 T-05]', async () => {
    const tokens = await obtainTokens(client)
    for (const method of ['GET', 'PUT'] as const) {
      stack.emulator.addFault({ action: 'status', status: 503, method, key: '^grants/' })
      const response = await client.revoke(tokens[kind])
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(await error(response)).toEqual([503, 'temporarily_unavailable'])
      stack.emulator.clearFaults()
    }
    expect((await client.revoke(tokens[kind])).status).toBe(200)
    expect((await client.refresh(tokens.refreshToken)).body.error).toBe('invalid_grant')
  })
})

describe('revocation', () => {
  test.each([
    ['answers 500', { action: 'status', status: 500 }],
    ['breaks off', { action: 'drop' }],
  ] as const)(
    'for which the store %s after the write: 200, and the grant has ended [T-26 O-05]',
    async (_what, fault) => {
      const { refreshToken, accessToken } = await obtainTokens(client)
      stack.emulator.addFault({ ...fault, when: 'after', method: 'PUT', key: '^grants/', count: 1 })
      expect((await client.revoke(refreshToken)).status).toBe(200)
      stack.emulator.clearFaults()
      expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
      expect((await askAt(0, accessToken)).status).toBe(401)
    },
  )

  test('a refresh token of an earlier generation ends the grant too, whatever the hint says [T-26]', async () => {
    for (const token_type_hint of ['refresh_token', 'access_token', 'something_else', '']) {
      const { refreshToken: first } = await obtainTokens(client)
      const { accessToken, refreshToken: second } = tokensOf(await client.refresh(first))
      expect((await client.revoke(first, { token_type_hint })).status).toBe(200)
      expect((await client.refresh(second)).body.error).toBe('invalid_grant')
      expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(401)
    }
  })

  test('an invalid, expired or ended token is answered 200, and nothing is written [T-26]', async () => {
    const { accessToken, refreshToken } = await obtainTokens(client)
    const { request, code } = await obtainCode(client)
    const now = Math.floor(Date.now() / 1000)
    const ended = await obtainTokens(client)
    await client.revoke(ended.refreshToken)
    const shown = [
      'junk',
      `${refreshToken.slice(0, -4)}AAAA`,
      `${accessToken.slice(0, -4)}AAAA`,
      await key.resign(accessToken, { claims: { iat: now - 7200, exp: now - 3600 } }),
      await key.resign(accessToken, { claims: { aud: 'https://other.example/mcp' } }),
      await key.resign(accessToken, { claims: { grant: 'grants/202711/u_nobody/nothing' } }),
      code,
      client.clientId,
      ended.accessToken,
      ended.refreshToken,
    ]
    const operations = await operationsOf(async () => {
      for (const token of shown) expect((await client.revoke(token)).status).toBe(200)
    })
    expect(operations.filter(({ method }) => method !== 'GET')).toEqual([])
    tokensOf(await client.redeem(request, code))
    tokensOf(await client.refresh(refreshToken))
  })

  test('the client is checked first, then the token [T-26 T-06 T-01]', async () => {
    const { refreshToken } = await obtainTokens(client)
    const endpoint = `${stack.url}/oauth/revoke`
    const post = (form: Record<string, string>) =>
      fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) }).then(error)
    expect(await post({ token: refreshToken })).toEqual([400, 'invalid_request'])
    expect(await post({ client_id: 'nobody', token: refreshToken })).toEqual([401, 'invalid_client'])
    expect(await post({ client_id: client.clientId })).toEqual([400, 'invalid_request'])
    expect(await error(await client.revoke(refreshToken, { client_secret: 'x' }))).toEqual([401, 'invalid_client'])
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect(await error(await fetch(endpoint, json))).toEqual([400, 'invalid_request'])
    tokensOf(await client.refresh(refreshToken))
  })

  test('a blocked client may still revoke its grants [T-26]', async () => {
    const before = await deploy(stack, key.settings)
    const own = await registerClient(before.url)
    const { request, code } = await obtainCodeByMock(own)
    const { accessToken, refreshToken } = tokensOf(await own.redeem(request, code))
    const blocking = await before.follow({ ...key.settings, MCP_OAUTH_BLOCKED_CLIENTS: sha256(own.clientId) })
    expect((await own.refresh(refreshToken)).body.error).toBe('invalid_client')
    expect((await own.revoke(refreshToken)).status).toBe(200)
    const { url } = await blocking.follow(key.settings)
    expect((await own.refresh(refreshToken)).body.error).toBe('invalid_grant')
    expect((await callMcp(`${url}/mcp`, accessToken)).status).toBe(401)
  })

  test('20 parallel revocations with refreshes among them: all are answered, and the grant has ended [T-26]', async () => {
    const { refreshToken } = await obtainTokens(client)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 4 === 0 ? client.refresh(refreshToken) : client.revoke(refreshToken))),
    )
    for (const [i, { status }] of answers.entries()) expect(i % 4 === 0 ? [200, 400] : [200]).toContain(status)
    for (const answer of answers) {
      const successor = 'body' in answer && !(answer instanceof Response) ? answer.body.refresh_token : undefined
      if (successor !== undefined) expect((await client.refresh(successor)).body.error).toBe('invalid_grant')
    }
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
  })
})

describe('/mcp reads the status of the grant from the store', () => {
  const reads = (operations: readonly { readonly method: string; readonly key: string }[]) =>
    operations.filter(({ key }) => key.startsWith('grants/')).map(({ method }) => method)

  test('once for 200 parallel calls, and not again for a minute [S-07]', async () => {
    const { accessToken } = await obtainTokens(client)
    await stack.hosts()[1]?.kill()
    const logged = stack.logs.length
    const list = () => callMcp(stack.mcpUrl, accessToken)
    const operations = await operationsOf(async () => {
      const statuses = (await Promise.all(Array.from({ length: 200 }, list))).map(({ status }) => status)
      expect(new Set([...statuses, (await list()).status])).toEqual(new Set([200]))
    })
    await stack.restartHost(1)
    // On a busy machine a read may take over a second. Then there is one more, and the log says so.
    const unanswered = () => stack.logs.slice(logged).filter((line) => line.includes('"mcp_grant_unchecked"'))
    await expect.poll(() => reads(operations).length - unanswered().length, waiting).toBeLessThanOrEqual(1)
    expect(new Set(reads(operations))).toEqual(new Set(['GET']))
  })

  test.each<['status' | 'drop' | 'hang']>([['status'], ['drop'], ['hang']])(
    'and lets a valid token pass when it gets no answer (%s) [S-07]',
    async (action) => {
      const { accessToken } = await obtainTokens(client)
      await stack.hosts()[1]?.kill()
      await stack.restartHost(1)
      const where = { method: 'GET', key: '^grants/' } as const
      stack.emulator.addFault(action === 'status' ? { ...where, action, status: 503 } : { ...where, action })
      const logged = stack.logs.length
      // The fault lasts until after the answer, so that only the limit of the read can have ended the wait for it. That
      // this limit is a second is shown with a clock of its own in grant-check.test.ts.
      expect((await askAt(1, accessToken)).status).toBe(200)
      await vi.waitFor(() => expect(stack.logs.slice(logged).join('\n')).toContain('"mcp_grant_unchecked"'), waiting)
    },
  )

  test('and forgets an absent grant soon: the next token works at once, the same token after a moment [S-07]', async () => {
    const { accessToken, refreshToken } = await obtainTokens(client)
    const missing = () =>
      stack.emulator.addFault({ action: 'status', status: 404, method: 'GET', key: '^grants/', count: 2 })
    missing()
    expect((await askAt(0, accessToken)).status).toBe(401)
    expect((await askAt(0, tokensOf(await client.refresh(refreshToken)).accessToken)).status).toBe(200)

    const other = await obtainTokens(client)
    missing()
    expect((await askAt(0, other.accessToken)).status).toBe(401)
    await expect.poll(async () => (await askAt(0, other.accessToken)).status, waiting).toBe(200)
    await client.revoke(other.refreshToken)
  })

  describe('and once does not find it:', () => {
    const once = (method: 'GET' | 'PUT', status: number) =>
      stack.emulator.addFault({ action: 'status', status, method, key: '^grants/', count: 1 })

    test('the token is good [S-07]', async () => {
      const { accessToken } = await obtainTokens(client)
      once('GET', 404)
      expect((await askAt(0, accessToken)).status).toBe(200)
    })

    test('a refresh whose write was refused without a winner continues [T-21]', async () => {
      const { refreshToken } = await obtainTokens(client)
      once('PUT', 412)
      once('GET', 404)
      const { refreshToken: next } = tokensOf(await client.refresh(refreshToken))
      tokensOf(await client.refresh(next))
    })

    test('a revocation still ends it [T-26]', async () => {
      const { refreshToken } = await obtainTokens(client)
      once('GET', 404)
      expect((await client.revoke(refreshToken)).status).toBe(200)
      expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
    })

    test('a code that is used again still ends it [T-13]', async () => {
      const { request, code } = await obtainCode(client)
      const { refreshToken } = tokensOf(await client.redeem(request, code))
      once('GET', 404)
      expect((await client.redeem(request, code)).body.error).toBe('invalid_grant')
      expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
    })

    test('a code whose write was refused without a winner is not spent: the client may retry [T-05]', async () => {
      const { request, code } = await obtainCode(client)
      once('PUT', 412)
      const { status, headers } = await client.redeem(request, code)
      expect([status, headers.get('retry-after')]).toEqual([503, expect.any(String)])
      tokensOf(await client.redeem(request, code))
    })
  })

  test.each([400, 401, 403])(
    'and again when it refuses once (%i), as for every other store operation [O-05]',
    async (status) => {
      const once = (method: 'GET' | 'PUT') =>
        stack.emulator.addFault({ action: 'status', status, method, key: '^grants/', count: 1 })
      const { request, code } = await obtainCode(client)
      once('PUT')
      const { accessToken, refreshToken } = tokensOf(await client.redeem(request, code))
      once('GET')
      const logged = stack.logs.length
      expect((await askAt(0, accessToken)).status).toBe(200)
      expect(stack.logs.slice(logged).join('\n')).not.toContain('mcp_grant_unchecked')
      once('PUT')
      const next = tokensOf(await client.refresh(refreshToken))
      once('PUT')
      expect((await client.revoke(next.refreshToken)).status).toBe(200)
      expect((await client.refresh(next.refreshToken)).body.error).toBe('invalid_grant')
    },
  )

  test.each([401, 403])(
    'and a store that keeps refusing (%i) counts as down: 503, never a lost race',
    async (status) => {
      const { request, code } = await obtainCode(client)
      stack.emulator.addFault({ action: 'status', status, method: 'PUT', key: '^grants/' })
      expect((await client.redeem(request, code)).status).toBe(503)
      stack.emulator.clearFaults()
      tokensOf(await client.redeem(request, code))
    },
  )

  test('and refuses a token whose grant has been removed from it [S-07]', async () => {
    const { accessToken } = await obtainTokens(client)
    const token = await key.resign(accessToken, {
      claims: { grant: `grants/202711/${'u_'.padEnd(45, 'x')}/${'x'.repeat(22)}` },
    })
    const refused = await askAt(0, token)
    expect([refused.status, (await refused.json()).error]).toEqual([401, 'invalid_token'])
  })
})
