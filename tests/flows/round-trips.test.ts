import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { afterTheAnswer } from '../../dev/blobs/beside-the-answer.ts'
import { openConsentPage } from '../../dev/browser/person.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import {
  callMcp,
  codeOf,
  locationOf,
  newAddress,
  type OAuthClient,
  obtainCode,
  obtainTokens,
  registerClient,
  tokensOf,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { operationsOnThePath } from '../support/store-path.ts'

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
  // The signing key exists, and every reader has read it.
  const { accessToken } = await obtainSession()
  await callMcp(stack.mcpUrl, accessToken)
  await fetch(`${stack.url}/.well-known/jwks.json`)
})
afterAll(async () => {
  await stack.stop()
})

/** Waits until every sign-in so far is recorded. The connection is written last. */
async function recorded(people: number): Promise<void> {
  await vi.waitFor(() => {
    const connections = stack.emulator.operations().filter(({ method, key, status }) => {
      return method === 'PUT' && status === 200 && key.startsWith('connections/')
    })
    expect(connections).toHaveLength(people)
  })
}

let people = 0

/** A new user signs in. Settles when the background work has ended too. */
async function obtainSession() {
  const tokens = await obtainTokens(client)
  await recorded(++people)
  return tokens
}

/** The store operations on the path of the answers while `work` ran, one line each. */
async function operationsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = stack.emulator.operations().at(-1)?.sequence ?? 0
  await work()
  return operationsOnThePath(stack, before).map(({ method, key, status }) => `${method} ${key.split('/')[0]} ${status}`)
}

test.each([
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/jwks.json',
])('reading %s costs no store operation', async (path) => {
  const get = async () => expect((await fetch(stack.url + path)).status).toBe(200)
  expect(await operationsOf(get)).toEqual([])
})

test('a registration costs no store operation [R-12 B8-19]', async () => {
  expect(await operationsOf(() => registerClient(stack.url))).toEqual([])
})

test('authorization request, approval and callback cost no store operation [F-02]', async () => {
  const request = client.authorizationRequest()
  const browser = createWatchedBrowser()
  const operations = await operationsOf(async () => {
    const page = await openConsentPage(browser, request.url)
    const upstream = locationOf(await page.press('approve'))
    const callback = await signInHeadless({ url: upstream, email: newAddress(), fetch: browser.fetch })
    codeOf(locationOf(await browser.fetch(callback)))
  })
  expect(operations).toEqual([])
})

test('a refresh costs one store operation: the write that decides it', async () => {
  const { refreshToken } = await obtainSession()
  const operations = await operationsOf(async () => tokensOf(await client.refresh(refreshToken)))
  expect(operations).toEqual(['PUT grants 200'])
})

test('the first call of a grant in a minute costs one read of its status; verifying the token costs none', async () => {
  const { accessToken, refreshToken } = await obtainSession()
  const list = async (token: string) => expect((await callMcp(stack.mcpUrl, token)).status).toBe(200)
  expect(await operationsOf(() => list(accessToken))).toEqual(['GET grants 200'])
  expect(await operationsOf(() => list(accessToken))).toEqual([])
  const next = tokensOf(await client.refresh(refreshToken)).accessToken
  expect(await operationsOf(() => list(next))).toEqual([])
})

test('a revocation costs two store operations: reading the grant, and ending it', async () => {
  const { refreshToken } = await obtainSession()
  const revoke = async () => expect((await client.revoke(refreshToken)).status).toBe(200)
  expect(await operationsOf(revoke)).toEqual(['GET grants 200', 'PUT grants 200'])
  expect(await operationsOf(revoke)).toEqual(['GET grants 200'])
})

test('a refused replay of a code or of a refresh token costs at most three store operations', async () => {
  const { request, code } = await obtainCode(client)
  const first = tokensOf(await client.redeem(request, code)).refreshToken
  await recorded(++people)
  const invalid = (answer: { body: { error?: string | undefined } }) => expect(answer.body.error).toBe('invalid_grant')

  const replayedCode = await operationsOf(async () => invalid(await client.redeem(request, code)))
  // The fence is read at the same time as the code is tried.
  expect(replayedCode.filter((operation) => operation !== readOfFence).length).toBeLessThanOrEqual(3)
  invalid(await client.refresh(first))

  const other = await obtainSession()
  const second = tokensOf(await client.refresh(other.refreshToken))
  tokensOf(await client.refresh(second.refreshToken))
  const replayedRefresh = await operationsOf(async () => invalid(await client.refresh(other.refreshToken)))
  expect(replayedRefresh.length).toBeLessThanOrEqual(3)
})

/** No user was ended. */
const readOfFence = 'GET ended 404'

test('a code exchange waits for one write and, at the same time, one read; not for the record of the sign-in [B8-15 N2]', async () => {
  stack.emulator.addFault({ action: 'hang', key: '^(users|connections)/' })
  const { request, code } = await obtainCode(client)
  const operations = await operationsOf(async () => tokensOf(await client.redeem(request, code)))
  const others = operations.filter((operation) => !operation.includes(' users '))
  // The fence is read once more after the answer.
  expect(others.filter((operation) => operation !== readOfFence)).toEqual(['PUT grants 200'])
  expect(others.slice(0, 2)).toContain(readOfFence)
  stack.emulator.clearFaults()
  await recorded(++people)
})

test('a whole sign-in, a call and a refresh wait for no record of their steps', async () => {
  stack.emulator.addFault({ action: 'hang', key: afterTheAnswer.source })
  const { accessToken, refreshToken } = await obtainTokens(client)
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  tokensOf(await client.refresh(refreshToken))
  stack.emulator.clearFaults()
  await recorded(++people)
})
