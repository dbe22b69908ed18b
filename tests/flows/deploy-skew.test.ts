import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Artifact } from '../../dev/build/build.ts'
import { keptReleases, unpackRelease } from '../../dev/build/released.ts'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { open, press, signInToAccount } from '../support/account.ts'
import { type Alternating, startAlternating } from '../support/alternating.ts'
import { builtArtifact } from '../support/artifact.ts'
import { callMcp, newAddress, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** While a deploy is under way and after a rollback, two releases answer for one issuer and one store. */

const [released = ''] = await keptReleases()
/** The hosts, by their place in the list that the requests are spread over. */
const [old, current] = [0, 1]

let stack: Stack
let issuer: string
let spread: Alternating
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  const port = await freePorts()
  issuer = `http://localhost:${port}`
  stack = await startStack({ settings: { MCP_OAUTH_ISSUER: issuer, MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128' } })
  cleanups.push(() => stack.stop())
  const folder = temporaryFolder()
  cleanups.push(() => folder.remove())
  const hosts = await Promise.all([await unpackRelease(released, folder.path), builtArtifact()].map(hostOf))
  for (const host of hosts) cleanups.push(() => host.stop())
  const ports = hosts.map((host) => host.port)
  spread = await startAlternating(port, () => ports)
  cleanups.push(() => spread.stop())
})
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

const hostOf = (artifact: Artifact) =>
  startHost({
    ...{ artifact, port: 0, env: stack.environment },
    ...{ blobs: stack.emulator.clientOptions(), onOutput: () => {} },
  })

/** A new client registers, a new user signs in, and the client asks, refreshes and asks again. Returns its tokens. */
async function journey() {
  const client = await registerClient(issuer)
  const first = await obtainTokens(client)
  expect((await callMcp(`${issuer}/mcp`, first.accessToken)).status).toBe(200)
  const second = tokensOf(await client.refresh(first.refreshToken))
  expect((await callMcp(`${issuer}/mcp`, second.accessToken)).status).toBe(200)
  return { client, first, second }
}

test.each([
  ['deploy', old, current],
  ['rollback', current, old],
])(
  'a %s at any moment of a sign-in: each request before it is answered by one release, and each after it by the other',
  async (_what, before, after) => {
    spread.choose(() => before)
    await journey()
    const requests = spread.count()
    expect(requests).toBeGreaterThan(6)
    for (let moment = 1; moment < requests; moment++) {
      spread.choose((count) => (count < moment ? before : after))
      const { client, second } = await journey()
      expect(spread.count()).toBe(requests)
      // And back again.
      spread.choose(() => before)
      tokensOf(await client.refresh(second.refreshToken))
    }
  },
)

test.each([0, 1])(
  'a sign-in whose requests are answered by the two releases in turn, beginning with the one or the other',
  async (first) => {
    spread.choose((count) => (count + first) % 2)
    await journey()
  },
)

describe('a grant on two releases', () => {
  test('lives through twelve refreshes that the two answer in turn', async () => {
    spread.choose(() => old)
    const { client, second } = await journey()
    let { refreshToken } = second
    for (let n = 0; n < 12; n++) {
      spread.choose(() => n % 2)
      const next = tokensOf(await client.refresh(refreshToken))
      expect((await callMcp(`${issuer}/mcp`, next.accessToken)).status).toBe(200)
      refreshToken = next.refreshToken
    }
  })

  test.each([
    ['the old', old, current],
    ['the current', current, old],
  ])('rotated by %s one: the same token at the other gets the same successor', async (_which, one, other) => {
    spread.choose(() => one)
    const { client, second } = await journey()
    const successor = tokensOf(await client.refresh(second.refreshToken))
    spread.choose(() => other)
    expect(tokensOf(await client.refresh(second.refreshToken)).refreshToken).toBe(successor.refreshToken)
  })

  test.each([
    ['the old', old, current],
    ['the current', current, old],
  ])('whose outdated token reaches %s one ends on both', async (_which, one, other) => {
    spread.choose(() => other)
    const { client, first, second } = await journey()
    const third = tokensOf(await client.refresh(second.refreshToken))
    spread.choose(() => one)
    expect((await client.refresh(first.refreshToken)).body.error).toBe('invalid_grant')
    spread.choose(() => other)
    expect((await client.refresh(third.refreshToken)).body.error).toBe('invalid_grant')
  })

  test.each([
    ['the old', old, current],
    ['the current', current, old],
  ])('that is revoked at %s one is ended at the other', async (_which, one, other) => {
    spread.choose(() => other)
    const { client, second } = await journey()
    spread.choose(() => one)
    expect((await client.revoke(second.refreshToken)).status).toBe(200)
    spread.choose(() => other)
    expect((await client.refresh(second.refreshToken)).body.error).toBe('invalid_grant')
  })
})

test.each([
  ['the old', old, current],
  ['the current', current, old],
])(
  'what a sign-in at %s release records is shown and ended on the account page of the other',
  async (_which, one, other) => {
    spread.choose(() => one)
    const email = newAddress()
    const client = await registerClient(issuer, 'Skew')
    const { refreshToken } = await obtainTokens(client, email)
    const { browser, page } = await signInToAccount(issuer, { email })
    spread.choose(() => other)
    const listed = await vi.waitFor(
      async () => {
        const account = await open(browser, page.url)
        expect(account.html).toContain('Skew')
        return account
      },
      { timeout: 20_000 },
    )
    const ended = await press(browser, listed, 'Disconnect')
    expect(ended.html).not.toContain('Skew')
    spread.choose(() => one)
    expect((await client.refresh(refreshToken)).body.error).toBe('invalid_grant')
  },
)
