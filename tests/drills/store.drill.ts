import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type OAuthClient,
  obtainCode,
  obtainTokens,
  registerClient,
  tokensOf,
  userAtCallback,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { becomes, expectComeBack, readAtEveryHost, storeUnavailable, untilAnswered, watchLog } from './drill.ts'

/**
 * Netlify Blobs fails. Two hosts share it. No host is restarted, and no operator does anything.
 *
 * Alerts: NotReady, RequestsFail, AnswersAreSlow, StoreFails, StoreIsSlow, RevokedTokensPass, RecordsAreLost.
 */

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2 })
  client = await registerClient(stack.url)
})
afterEach(() => {
  stack.emulator.clearFaults()
  stack.emulator.setLatency(0)
  stack.emulator.setStaleness(0)
  stack.emulator.setEtags('strong')
})
afterAll(() => stack?.stop())

/** A user who has used the service through every host, so that each has read the public keys. */
async function signedInUser() {
  const tokens = await obtainTokens(client)
  expect(await readAtEveryHost(stack, tokens.accessToken)).toEqual([200, 200])
  return tokens
}

describe('the store is down', () => {
  test('users go on reading, the others are told to come back, and both get on by themselves when it is up again', async () => {
    const log = watchLog(stack.logs)
    const { accessToken, refreshToken } = await signedInUser()
    const unknownToHosts = await obtainTokens(client)
    const { request, code } = await obtainCode(client)
    const { load, redeem } = await userAtCallback(client)

    stack.emulator.addFault({ action: 'drop' })
    expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
    // A token that these hosts have not seen passes, and the log says that they could not look up its grant.
    expect(await readAtEveryHost(stack, unknownToHosts.accessToken)).toEqual([200, 200])
    const [refreshed, redeemed] = await Promise.all([client.refresh(refreshToken), client.redeem(request, code)])
    expectComeBack(refreshed)
    expectComeBack(redeemed)
    const atClient = await load()
    expect(atClient.status).toBe(303)

    await log.has('request_failed', { path: '/oauth/token', error: storeUnavailable })
    await becomes(stack, 'store_unavailable')
    await log.has('not_ready', { reason: 'store_unavailable' })
    await log.has('mcp_grant_unchecked')

    stack.emulator.clearFaults()
    // Neither the refresh token nor a code was used up.
    tokensOf(await client.refresh(refreshToken))
    tokensOf(await client.redeem(request, code))
    await redeem(atClient)
    await becomes(stack, 'ready')
    expect(log.of('refresh_reused').concat(log.of('code_reused'), log.of('grant_revoked'))).toEqual([])
  })

  test('a host that starts meanwhile answers 503, and works as soon as the store does', async () => {
    const { accessToken } = await signedInUser()
    stack.emulator.addFault({ action: 'drop' })
    await stack.hosts()[0]?.kill()
    await stack.restartHost(0)
    expect((await readAtEveryHost(stack, accessToken)).toSorted()).toEqual([200, 503])
    stack.emulator.clearFaults()
    expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
  })
})

describe('the store is slow', () => {
  test('a second for each operation: everything works, later', async () => {
    const { refreshToken } = await signedInUser()
    stack.emulator.setLatency(1_000)
    const { refreshToken: next } = tokensOf(await client.refresh(refreshToken))
    await obtainTokens(client)
    stack.emulator.setLatency(0)
    tokensOf(await client.refresh(next))
  })

  test.each([
    ['it answers after three seconds', () => stack.emulator.setLatency(3_000)],
    ['it answers byte by byte', () => stack.emulator.addFault({ action: 'slow' })],
    ['it never answers', () => stack.emulator.addFault({ action: 'hang' })],
  ])('%s: 503 before clients give up, and no user is signed out', async (_how, fail) => {
    const log = watchLog(stack.logs)
    const { accessToken, refreshToken } = await signedInUser()
    fail()
    const began = performance.now()
    expectComeBack(await client.refresh(refreshToken))
    // A request ends after 8 s. Clients give up after 10 s or later; a busy machine gets more.
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
    await log.has('request_failed', { error: storeUnavailable })
    stack.emulator.clearFaults()
    stack.emulator.setLatency(0)
    tokensOf(await untilAnswered(() => client.refresh(refreshToken)))
  })
})

describe('the store is read-only', () => {
  test('reading goes on and sees what was revoked before; what must be written is told to come back', async () => {
    const log = watchLog(stack.logs)
    const { accessToken, refreshToken } = await signedInUser()
    const ended = await obtainTokens(client)
    expect((await client.revoke(ended.refreshToken)).status).toBe(200)
    for (const method of ['PUT', 'DELETE'] as const) stack.emulator.addFault({ action: 'status', status: 403, method })

    expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
    expect(await readAtEveryHost(stack, ended.accessToken)).toEqual([401, 401])
    expectComeBack(await client.refresh(refreshToken))
    expectComeBack(await client.revoke(refreshToken))
    await log.has('request_failed', { error: storeUnavailable })
    await log.has('attempt_step_lost')
    await log.has('audit_entry_lost')
    await becomes(stack, 'store_unavailable')

    stack.emulator.clearFaults()
    tokensOf(await client.refresh(refreshToken))
    await becomes(stack, 'ready')
  })
})

describe('the store lies', () => {
  test('it confirms writes that it did not make: no token is given out for them', async () => {
    const { refreshToken } = await signedInUser()
    const { request, code } = await obtainCode(client)
    stack.emulator.addFault({ action: 'status', status: 200, method: 'PUT' })
    expectComeBack(await client.refresh(refreshToken))
    expectComeBack(await client.redeem(request, code))
    await becomes(stack, 'store_unavailable')
    stack.emulator.clearFaults()
    tokensOf(await client.refresh(refreshToken))
    tokensOf(await client.redeem(request, code))
    await becomes(stack, 'ready')
  })

  test('it makes writes and does not say so: they count once', async () => {
    const { refreshToken } = await signedInUser()
    const { request, code } = await obtainCode(client)
    stack.emulator.addFault({ action: 'status', status: 200, method: 'PUT', when: 'after' })
    const first = tokensOf(await client.refresh(refreshToken))
    const second = tokensOf(await client.redeem(request, code))
    stack.emulator.clearFaults()
    for (const { refreshToken: next } of [first, second]) tokensOf(await client.refresh(next))
    expect((await client.redeem(request, code)).body.error).toBe('invalid_grant')
  })

  test('its caches are an hour old: a revocation and a rotation count at once, at every host', async () => {
    const { accessToken, refreshToken } = await obtainTokens(client)
    stack.emulator.setStaleness(3_600_000)
    const next = tokensOf(await client.refresh(refreshToken))
    expect((await client.revoke(next.refreshToken)).status).toBe(200)
    expect((await client.refresh(next.refreshToken)).body.error).toBe('invalid_grant')
    expect(await readAtEveryHost(stack, accessToken)).toEqual([401, 401])
  })

  test.each(['weak', 'unquoted'] as const)('a gateway rewrites its versions (%s): refreshing goes on', async (mode) => {
    let { refreshToken } = await signedInUser()
    stack.emulator.setEtags(mode)
    for (let round = 0; round < 3; round++) ({ refreshToken } = tokensOf(await client.refresh(refreshToken)))
    await becomes(stack, 'ready')
  })
})
