import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parseStoredKeys, type StoredKey, storeKeyOf } from '../../lib/oauth/keys/signing-keys.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import type { Store } from '../../lib/store/store.ts'
import { deploy } from '../support/deploy.ts'
import { callMcp, type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'

const hour = 3600
const day = 24 * hour
const { signal } = new AbortController()
/** Milliseconds to wait for a printed line. Only a missing line takes that long. */
const patience = 60_000

let stack: Stack
let store: Store
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2 })
  store = stack.store()
  client = await registerClient(stack.url)
})
afterAll(() => stack.stop())

const storedKeys = async (): Promise<readonly StoredKey[]> => {
  const found = await store.get(storeKeyOf(stack.url), signal)
  return found ? parseStoredKeys(found.value).keys : []
}
const storedKids = async () => (await storedKeys()).map(({ kid }) => kid)

/** Ages the stored keys by these seconds, and starts new instances without a copy. */
async function age(seconds: number): Promise<void> {
  const keys = (await storedKeys()).map((key) => ({ ...key, createdAt: key.createdAt - seconds }))
  await store.put(storeKeyOf(stack.url), { keys }, signal)
  for (const index of stack.hosts().keys()) {
    await stack.hosts()[index]?.kill()
    await stack.restartHost(index)
  }
}

const maintain = (url = stack.url) => fetch(`${url}/.netlify/functions/maintenance`, { method: 'POST' })
const kidOf = (accessToken: string) => decodeProtectedHeader(accessToken).kid
const published = async (): Promise<string[]> => {
  const { keys } = await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()
  return keys.map(({ kid }: { kid: string }) => kid)
}

/** Another deploy of the same site, with other settings. */
const redeploy = (settings: Readonly<Record<string, string>>) =>
  deploy(stack, { MCP_OAUTH_ISSUER: stack.url, ...settings })

test('the signing key rotates by itself, and all sessions keep working [O-09]', async () => {
  const { accessToken, refreshToken } = await obtainTokens(client)
  const [first] = await storedKids()
  expect(kidOf(accessToken)).toBe(first)

  await age(90 * day)
  const runs = await Promise.all(Array.from({ length: 20 }, () => maintain()))
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set([200]))
  const [, second, ...more] = await storedKids()
  expect([await storedKids(), more]).toEqual([[first, second], []])

  await age(0)
  expect(await published()).toEqual([first, second])
  const during = tokensOf(await client.refresh(refreshToken))
  expect(kidOf(during.accessToken)).toBe(first)

  await age(hour)
  const after = tokensOf(await client.refresh(during.refreshToken))
  expect(kidOf(after.accessToken)).toBe(second)
  for (const token of [accessToken, during.accessToken, after.accessToken]) {
    expect((await callMcp(stack.mcpUrl, token)).status).toBe(200)
  }

  await age(day + hour)
  await maintain()
  await age(0)
  expect(await published()).toEqual([second])
  expect((await callMcp(stack.mcpUrl, after.accessToken)).status).toBe(200)
  const logged = (event: string) => stack.logs.filter((line) => line.includes(`"${event}"`))
  await vi.waitFor(() => {
    expect(logged('signing_key_created')).toMatchObject([
      expect.stringContaining(`"${first}"`),
      expect.stringContaining(`"${second}"`),
    ])
    expect(logged('signing_key_retired')).toMatchObject([expect.stringContaining(`"${first}"`)])
  }, patience)
})

testOnBlobs('an interrupted run, and a store whose answer is lost: the next run completes the work', async () => {
  const [first] = await storedKids()
  await age(90 * day)
  stack.emulator.addFault({ action: 'status', status: 500, method: 'PUT', key: '^signing-keys/' })
  expect((await maintain()).status).toBe(200)
  await vi.waitFor(() => expect(stack.logs.join('\n')).toContain('"signing_key_rotation_failed"'), patience)
  stack.emulator.clearFaults()
  expect(await storedKids()).toEqual([first])
  stack.emulator.addFault({ action: 'drop', when: 'after', method: 'PUT', key: '^signing-keys/', count: 1 })
  await Promise.all([maintain(), maintain(), maintain()])
  expect(await storedKids()).toHaveLength(2)
})

test('after a change of the secret the stored keys open under the new one alone [O-09]', async () => {
  const secret = newSecret()
  const previous = String(stack.environment.MCP_OAUTH_SECRET)
  const both = await redeploy({ MCP_OAUTH_SECRET: secret, MCP_OAUTH_PREVIOUS_SECRETS: previous })
  const before = await storedKids()
  await maintain(both.url)
  expect(await storedKids()).toEqual(before)
  await vi.waitFor(() => expect(both.lines.join('\n')).toContain('"signing_key_resealed"'), patience)
  const alone = await redeploy({ MCP_OAUTH_SECRET: secret })
  await maintain(alone.url)
  await vi.waitFor(() => expect(alone.lines.join('\n')).toContain('"swept"'), patience)
  expect(alone.lines.join('\n')).not.toContain('signing_key')

  // The old deploy does not know the new secret. It logs that and leaves the keys alone.
  const sealed = await storedKeys()
  await maintain()
  expect(await storedKeys()).toEqual(sealed)
  await vi.waitFor(() => expect(stack.logs.join('\n')).toContain('"signing_key_unreadable"'), patience)
  const back = await redeploy({ MCP_OAUTH_PREVIOUS_SECRETS: secret })
  await maintain(back.url)
  expect(await storedKids()).toEqual(before)
})

test.each([
  ['a setting is wrong, which the log says', { CRM_WEBHOOK_URL: 'ftp://crm.example.com' }, '"misconfigured"'],
  ['the operator has a key of their own', createPinnedKey().settings, '"swept"'],
])('the stored keys stay unchanged, and the sweep continues, when %s', async (_when, settings, line) => {
  await age(90 * day)
  const before = await storedKeys()
  const { url, lines } = await redeploy({ ...settings })
  expect(await (await maintain(url)).json()).toEqual({ removed: 0, finished: true })
  expect(await storedKeys()).toEqual(before)
  await vi.waitFor(() => expect(lines.join('\n')).toContain(line), patience)
  expect(lines.join('\n')).not.toContain('signing_key')
})
