import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
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
  userAtCallback,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Milliseconds for background work. A test waits that long only if it fails. */
const patience = 60_000

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterEach(() => stack.emulator.clearFaults())
afterAll(async () => {
  await stack.stop()
})

/** Kills the host: nothing in flight finishes, and nothing in memory survives. */
async function crash(): Promise<void> {
  await stack.hosts()[0]?.kill()
  await stack.restartHost(0)
}

async function expectWorking(accessToken: string): Promise<void> {
  expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
}

describe('the function host is killed', () => {
  test('after every step of a sign-in: the sign-in continues as if nothing had happened', async () => {
    const browser = createWatchedBrowser()
    const request = client.authorizationRequest()
    const page = await openConsentPage(browser, request.url)
    await crash()
    const upstream = locationOf(await page.press('approve'))
    await crash()
    const callback = await signInHeadless({ url: upstream, email: newAddress(), fetch: browser.fetch })
    const code = codeOf(locationOf(await browser.fetch(callback)))
    await crash()
    const { accessToken, refreshToken } = tokensOf(await client.redeem(request, code))
    await crash()
    await expectWorking(accessToken)
    const refreshed = tokensOf(await client.refresh(refreshToken))
    await crash()
    await expectWorking(refreshed.accessToken)
    tokensOf(await client.refresh(refreshed.refreshToken))
  })

  test.each(['before', 'after'] as const)(
    'in the middle of a refresh, %s the store has written: the same refresh token works again',
    async (when) => {
      const { refreshToken } = await obtainTokens(client)
      await crashDuring({ when, request: () => client.refresh(refreshToken) })
      const { accessToken, refreshToken: successor } = tokensOf(await client.refresh(refreshToken))
      await expectWorking(accessToken)
      tokensOf(await client.refresh(successor))
    },
  )

  test('in the middle of a code exchange, before the store has written: the same code works', async () => {
    const { request, code } = await obtainCode(client)
    await crashDuring({ when: 'before', request: () => client.redeem(request, code) })
    const { accessToken } = tokensOf(await client.redeem(request, code))
    await expectWorking(accessToken)
  })

  test('in the middle of a code exchange, after the store has written: the code is spent and starts no session', async () => {
    const { request, code } = await obtainCode(client)
    await crashDuring({ when: 'after', request: () => client.redeem(request, code) })
    expect((await client.redeem(request, code)).body.error).toBe('invalid_grant')
  })

  test('before it has recorded the sign-in: the user is recorded at the next sign-in', async () => {
    stack.emulator.addFault({ action: 'hang', key: '^users/' })
    const email = newAddress()
    const { accessToken } = await obtainTokens(client, email)
    await crash()
    stack.emulator.clearFaults()
    await expectWorking(accessToken)
    await obtainTokens(client, email)
    await vi.waitFor(() => {
      expect(stack.crm.received().map(({ body }) => body)).toContainEqual(expect.objectContaining({ email }))
    }, patience)
  })
})

/** Sends the request, holds its write to the grant, and kills the host while it waits. */
async function crashDuring({ when, request }: { when: 'before' | 'after'; request: () => Promise<unknown> }) {
  const before = stack.emulator.operations().at(-1)?.sequence ?? 0
  stack.emulator.addFault({ action: 'hang', method: 'PUT', key: '^grants/', when })
  const lost = expect(request()).rejects.toThrow()
  await vi.waitFor(() => {
    const held = stack.emulator
      .operations(before)
      .filter(({ key, status }) => key.startsWith('grants/') && status === 0)
    expect(held).not.toEqual([])
  }, patience)
  await crash()
  await lost
  stack.emulator.clearFaults()
}

test('the whole system is stopped and started again: users stay signed in [R-13]', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restart-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const email = newAddress()

  const first = await startStack({ directory })
  const browser = createWatchedBrowser()
  const before = await (async () => {
    try {
      const client = await registerClient(first.url)
      const { load, redeem } = await userAtCallback(client, { browser, email })
      return { client, ...(await redeem(await load())) }
    } finally {
      await first.stop()
    }
  })()

  const second = await startStack({ directory, port: first.port })
  onTestFinished(second.stop)
  expect((await callMcp(second.mcpUrl, before.accessToken)).status).toBe(200)
  const { accessToken } = tokensOf(await before.client.refresh(before.refreshToken))
  expect((await callMcp(second.mcpUrl, accessToken)).status).toBe(200)

  // The OpenID Provider still knows the browser too, and shows no form.
  const request = before.client.authorizationRequest()
  const page = await openConsentPage(browser, request.url)
  const upstream = locationOf(await page.press('approve'))
  let url = upstream
  for (let step = 0; step < 5 && url.origin === upstream.origin; step++) url = locationOf(await browser.fetch(url))
  codeOf(locationOf(await browser.fetch(url)))
})
