import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeKeyOf } from '../../lib/oauth/keys/signing-keys.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import type { Store } from '../../lib/store/store.ts'
import { type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { becomes, expectComeBack, readAtEveryHost, restartEveryHost, watchLog } from './drill.ts'

/**
 * The record of the signing key is lost, or damaged. An operator does what docs/operations.md says: a new deploy, and nothing else.
 *
 * Alerts: SigningKeyDoesNotOpen.
 */

const { signal } = new AbortController()
let stack: Stack
let store: Store
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2 })
  store = createBlobsStore({ name: 'mcp-oauth-broker', client: stack.emulator.clientOptions() })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

const published = async (): Promise<string[]> => {
  const { keys } = await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()
  return keys.map(({ kid }: { kid: string }) => kid)
}

test('the record is deleted: after a deploy, clients refresh, a new key signs, and no user has to sign in again', async () => {
  const log = watchLog(stack.logs)
  const users = await Promise.all([obtainTokens(client), obtainTokens(client)])
  for (const { accessToken } of users) expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
  await store.remove(storeKeyOf(stack.url), signal)
  // Running instances have a copy.
  for (const { accessToken } of users) expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
  await restartEveryHost(stack)
  expect(await published()).toEqual([])

  const [next, other] = await Promise.all(users.map(({ refreshToken }) => client.refresh(refreshToken)))
  const { accessToken } = tokensOf(next ?? expect.fail())
  const { kid = '' } = decodeProtectedHeader(accessToken)
  // Both hosts were asked at once, and one key was made.
  expect(decodeProtectedHeader(tokensOf(other ?? expect.fail()).accessToken).kid).toBe(kid)
  await log.has('signing_key_created', { kid })
  expect(log.of('signing_key_created')).toHaveLength(2)
  expect(await published()).toEqual([kid])
  expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
  expect(await readAtEveryHost(stack, users[0]?.accessToken ?? '')).toEqual([401, 401])
  await log.has('mcp_token_refused', { reason: 'unknown kid' })
  await becomes(stack, 'ready')
})

test('the record is damaged [SigningKeyDoesNotOpen]: no key is made, and all goes on when the record is back', async () => {
  const log = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client)
  const before = await store.get(storeKeyOf(stack.url), signal)
  await store.put(storeKeyOf(stack.url), { keys: 'damaged' }, signal)
  await restartEveryHost(stack)
  expectComeBack(await client.refresh(refreshToken))
  await log.has('request_failed', { path: '/oauth/token', error: expect.stringContaining('UnreadableSigningKey') })
  expect(log.of('signing_key_created')).toEqual([])
  await store.put(storeKeyOf(stack.url), before?.value ?? {}, signal)
  const { accessToken } = tokensOf(await client.refresh(refreshToken))
  expect(await readAtEveryHost(stack, accessToken)).toEqual([200, 200])
})
