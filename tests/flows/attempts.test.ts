import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../../dev/browser/jar.ts'
import { openConsentPage, pressConfirm } from '../../dev/browser/person.ts'
import { signInHeadless } from '../../dev/oidc/sign-in.ts'
import { repository } from '../../dev/repository.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { sample } from '../../dev/worlds/times.ts'
import { dayOf } from '../../lib/base/days.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { createAttempts } from '../../lib/people/attempts/attempts.ts'
import { type AttemptStory, textOf } from '../../lib/people/attempts/story.ts'
import { createAuditLog } from '../../lib/people/audit/audit-log.ts'
import { auditEntries } from '../../lib/people/audit/query.ts'
import { verifyAudit } from '../../lib/people/audit/verify.ts'
import type { Store } from '../../lib/store/store.ts'
import { authorizationRequest } from '../clients/driver/authorization.ts'
import { discover } from '../clients/driver/discovery.ts'
import type { ClientProfile } from '../clients/driver/profile.ts'
import { makeKnown } from '../clients/driver/registration.ts'
import { readProfiles } from '../clients/driver/run.ts'
import { createTokenClient } from '../clients/driver/tokens.ts'
import { type ProfileWorld, startProfileWorld } from '../clients/driver/world.ts'
import {
  callMcp,
  codeOf,
  locationOf,
  newAddress,
  obtainTokens,
  registerClient,
  tokensOf,
  userAtCallback,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

const profiles = await readProfiles()
const signal = AbortSignal.timeout(120_000)
/** No program listens there. */
const silent = 'https://localhost:1'

let world: ProfileWorld
let stack: Stack
let store: Store

beforeAll(async () => {
  world = await startProfileWorld()
  const { MCP_OAUTH_CIMD_LOCAL_ORIGINS: origin } = world.settings
  const kept = { MCP_KEEP_ATTEMPTS_DAYS: '3', MCP_KEEP_AUDIT_DAYS: '30' }
  stack = await startStack({
    settings: { ...world.settings, ...kept, MCP_OAUTH_CIMD_LOCAL_ORIGINS: `${origin},${silent}` },
  })
  store = stack.store()
})
afterAll(async () => {
  await stack?.stop()
  await world?.stop()
})

/** Reads a story as an admin would an hour later, when nothing is under way any more. */
async function storyOf(code: string, lastStep: string): Promise<AttemptStory> {
  const now = () => Date.now() + 3_600_000
  const attempts = createAttempts({ store, now, patience: { consent: 600, signIn: 600, confirmation: 300, code: 60 } })
  const read = async () => {
    const story = await attempts.readAttempt(code, signal)
    expect(story?.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toContain(lastStep)
    return story
  }
  const story = await vi.waitFor(read, { timeout: 5000 })
  if (!story) throw new Error('there is no story')
  return story
}

/** The code on a page, as a user reads it to support. */
function codeOn(html: string): string {
  const [, code] = /Code of this sign-in: <code[^>]*>(\d{6}-\w{4}-\w{4})<\/code>/.exec(html) ?? []
  if (code === undefined) throw new Error(`no code on the page ${/<h1[^>]*>(.*?)<\/h1>/.exec(html)?.[1]}`)
  return code
}

/** Opens a page in the browser as `openConsentPage` does, and returns the code that it shows. */
const codeAt = async (browser: Browser, url: URL) => codeOn(await (await browser.fetch(url)).text())

/** Opens the sign-in page and returns its code, which the next step carries on. */
async function open(url: URL) {
  const browser = createWatchedBrowser()
  let code = ''
  const reading: Browser = {
    cookies: browser.cookies,
    fetch: async (address, init) => {
      const response = await browser.fetch(address, init)
      if (code === '') code = codeOn(await response.clone().text())
      return response
    },
  }
  const page = await openConsentPage(reading, url)
  return { browser, page, code }
}

/** The words of a page, in one line. */
const words = (page: string) => readFileSync(join(repository, page.split('#')[0] ?? ''), 'utf8').replaceAll(/\s+/g, ' ')

async function walk(profile: ClientProfile) {
  const around = world.around(stack)
  const [way] = profile.ways
  const found = await discover(profile, around)
  const known = await makeKnown(profile, way, found, around)
  const request = authorizationRequest(profile, found, known)
  const { browser, page, code } = await open(request.url)
  const stories = { consent: await storyOf(code, 'consent ok') } as Record<string, AttemptStory>

  const url = locationOf(await page.press('approve'))
  stories.approved = await storyOf(code, 'approved ok')

  const callback = await signInHeadless({ url, email: newAddress(), fetch: browser.fetch })
  let answer = await browser.fetch(callback)
  if (answer.status === 200) {
    const html = await answer.text()
    expect(codeOn(html)).toBe(code)
    stories.confirmation = await storyOf(code, 'confirmation ok')
    answer = await pressConfirm(browser, html, callback)
  }
  stories.code = await storyOf(code, 'code ok')

  const tokens = await createTokenClient(profile, found, known, around).redeem(request, codeOf(locationOf(answer)))
  stories.token = await storyOf(code, 'token ok')

  expect((await callMcp(stack.mcpUrl, tokens.access)).status).toBe(200)
  stories.call = await storyOf(code, 'first-call ok')
  return { code, stories, way }
}

describe('where a client stops is told with the remedy of its page', () => {
  // A long run has every client.
  test.each(sample(profiles, 3))('$name', async (profile) => {
    const { stories, way } = await walk(profile)
    const problems = Object.entries(stories).map(([step, { state, problem }]) => [step, problem ?? state])
    expect(Object.fromEntries(problems)).toEqual({
      ...{ consent: 'left-consent', approved: 'left-provider', code: 'code-not-redeemed', token: 'no-call' },
      ...(stories.confirmation && { confirmation: 'left-confirmation' }),
      call: 'connected',
    })
    for (const story of Object.values(stories)) {
      const { client, remedy } = story
      if (way.by === 'document') expect(client.verifiedHost).toMatch(/^localhost/)
      else expect(client.registeredAt).toEqual(expect.any(Number))
      expect(client.page).toMatch(/^docs\/clients\/[\w.-]+\.md(#[\w-]+)?$/)
      // What a remedy quotes is on the page that it names.
      for (const [, quoted = ''] of (remedy?.page === 'docs/clients/README.md' ? '' : (remedy?.text ?? '')).matchAll(
        /\*([^*]+)\*/g,
      )) {
        expect(words(client.page)).toContain(quoted)
      }
    }
    expect(textOf(stories.token as AttemptStory)).toContain('has not sent a request to `/mcp` since')
  })

  test.each([
    ['Claude Code', 'token', 'claude mcp list', 'docs/clients/claude-code.md'],
    ['Cursor', 'code', 'Open the app for cursor:// links', 'docs/clients/cursor.md'],
    ['mcp-remote', 'token', '.mcp-auth', 'docs/clients/mcp-remote.md'],
    ['VS Code', 'token', 'Remove Dynamic Authentication Providers', 'docs/clients/vscode.md'],
    ['opencode', 'code', 'ssh -L 19876', 'docs/clients/opencode.md'],
    ['Codex', 'token', 'codex mcp login docs', 'docs/clients/codex.md'],
  ])('%s, after %s: %s', async (name, step, remedy, page) => {
    const profile = profiles.find((each) => each.name === name)
    if (!profile) throw new Error(`no profile ${name}`)
    const { stories } = await walk(profile)
    expect(stories[step]?.remedy?.text).toContain(remedy)
    expect(stories[step]?.remedy?.page).toBe(page)
  })
})

describe('each way to fail a sign-in', () => {
  const client = () => registerClient(stack.url, 'Cursor')

  test('the user cancels', async () => {
    const { page, code } = await open((await client()).authorizationRequest().url)
    await page.press('cancel')
    expect(await storyOf(code, 'consent refused')).toMatchObject({ state: 'stopped', problem: 'canceled' })
  })

  test('the user cancels at the OpenID Provider', async () => {
    const user = await userAtCallback(await client(), { cancel: true })
    const code = await loggedAttempt('upstream_failed', user.load)
    expect(await storyOf(code, 'provider refused')).toMatchObject({ state: 'stopped', problem: 'provider-refused' })
  })

  test('another browser comes back, and its page has a code of its own', async () => {
    const user = await userAtCallback(await client())
    const code = await codeAt(createWatchedBrowser(), user.callback)
    const story = await storyOf(code, 'callback refused')
    expect(story).toMatchObject({ state: 'stopped', problem: 'other-browser' })
    expect(story.conclusion).toContain('another browser')
  })

  test.each([
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/' }, 'invalid-redirect-uri'],
    ['an unknown client', { client_id: 'unknown' }, 'unknown-client'],
    ['no client', { client_id: '' }, 'invalid-request'],
  ])('%s', async (_what, changes, problem) => {
    const code = await codeAt(createWatchedBrowser(), (await client()).authorizationRequest(changes).url)
    expect(await storyOf(code, 'request refused')).toMatchObject({ state: 'stopped', problem })
  })

  test.each([
    ['a document whose site does not answer', silent, 'document failed', 'client-unavailable'],
    ['a document that is not there', undefined, 'request refused', 'unknown-client'],
  ])('%s', async (_what, origin = world.settings.MCP_OAUTH_CIMD_LOCAL_ORIGINS, step, problem) => {
    const { url } = (await client()).authorizationRequest({ client_id: `${origin}/absent/client.json` })
    const code = await codeAt(createWatchedBrowser(), url)
    expect(await storyOf(code, step)).toMatchObject({ state: 'stopped', problem })
  })

  test('no PKCE: the error that goes to the client has no code, in its text or its URL', async () => {
    const { url } = (await client()).authorizationRequest({ code_challenge: '' })
    let location = ''
    const code = await loggedAttempt('authorization_refused', async () => {
      location = locationOf(await fetch(url, { redirect: 'manual' })).href
    })
    expect(location).toContain('error=invalid_request')
    expect(location).not.toContain(code)
    expect(await storyOf(code, 'request refused')).toMatchObject({ problem: 'invalid-request' })
  })

  test('a wrong verifier, and later an old refresh token', async () => {
    const cursor = await client()
    const one = await open(cursor.authorizationRequest().url)
    const request = cursor.authorizationRequest()
    const two = await open(request.url)
    const url = locationOf(await two.page.press('approve'))
    const callback = await signInHeadless({ url, email: newAddress(), fetch: two.browser.fetch })
    const code = codeOf(locationOf(await two.browser.fetch(callback)))

    const wrong = await cursor.redeem({ ...request, codeVerifier: 'x'.repeat(43) }, code)
    expect(JSON.stringify(wrong.body)).not.toContain(two.code)
    expect(await storyOf(two.code, 'token refused')).toMatchObject({ state: 'stopped', problem: 'token-refused' })

    const { accessToken, refreshToken } = tokensOf(await cursor.redeem(request, code))
    await callMcp(stack.mcpUrl, accessToken)
    expect((await storyOf(two.code, 'first-call ok')).state).toBe('connected')

    const next = tokensOf(await cursor.refresh(refreshToken)).refreshToken
    tokensOf(await cursor.refresh(next))
    expect((await cursor.refresh(refreshToken)).body.error).toBe('invalid_grant')
    const ended = await storyOf(two.code, 'refresh refused')
    expect(ended).toMatchObject({ state: 'ended', problem: 'refresh-reused' })

    // The other attempt of the same client is another story.
    expect((await storyOf(one.code, 'consent ok')).problem).toBe('left-consent')

    const entries = await vi.waitFor(async () => {
      const found = await auditEntries(store, { from: Date.now() - 60_000, to: Date.now() + 1000 }, signal)
      const own = found.entries.filter(({ attempt }) => attempt === two.code).map(({ action }) => action)
      expect(own).toContain('replay')
      return own
    })
    expect([...entries].sort()).toEqual(['grant', 'refusal', 'replay', 'sign-in'])
  })

  test('a client that ends the connection', async () => {
    const cursor = await client()
    const { refreshToken } = await obtainTokens(cursor)
    await cursor.revoke(refreshToken)
    const revoked = await vi.waitFor(async () => {
      const found = await auditEntries(
        store,
        { from: Date.now() - 60_000, to: Date.now() + 1000, action: 'revocation' },
        signal,
      )
      expect(found.entries.length).toBeGreaterThan(0)
      return found.entries
    })
    expect((await storyOf(revoked[0]?.attempt ?? '', 'revocation ok')).state).toBe('ended')
  })
})

/** Does something that logs this event. Returns the code of the attempt in that line, which may come after the answer. */
async function loggedAttempt(event: string, work: () => Promise<unknown>): Promise<string> {
  const lines = () => stack.logs.filter((each) => each.includes(`"event":"${event}"`))
  const before = lines().length
  await work()
  return vi.waitFor(() => {
    const line = lines()[before] ?? ''
    const [, attempt] = /"attempt":"([\w-]+)"/.exec(line) ?? []
    if (attempt === undefined) throw new Error(`no attempt in: ${line}`)
    return attempt
  })
}

test('every log line of a sign-in has its code, and no URL, token or claim about the user has it where it should not be', async () => {
  const cursor = await registerClient(stack.url, 'Cursor')
  const request = cursor.authorizationRequest()
  const { browser, page, code } = await open(request.url)
  const approved = locationOf(await page.press('approve'))
  const callback = await signInHeadless({ url: approved, email: newAddress(), fetch: browser.fetch })
  const back = locationOf(await browser.fetch(callback))
  const { accessToken, refreshToken } = tokensOf(await cursor.redeem(request, codeOf(back)))
  for (const each of [request.url, approved, callback, back]) expect(decodeURIComponent(each.href)).not.toContain(code)
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
  expect(claims.attempt).toBe(code)
  const next = tokensOf(await cursor.refresh(refreshToken)).accessToken
  expect(JSON.parse(Buffer.from(next.split('.')[1] ?? '', 'base64url').toString()).attempt).toBe(code)
  await callMcp(stack.mcpUrl, next)
  await storyOf(code, 'first-call ok')
  const events = stack.logs.filter((line) => line.includes(code)).map((line) => /"event":"(\w+)"/.exec(line)?.[1])
  for (const event of ['authorization_asked', 'consent_granted', 'code_issued', 'code_redeemed', 'refresh_rotated']) {
    expect(events).toContain(event)
  }
})

test('the scheduled function keeps sign-ins as long as MCP_KEEP_ATTEMPTS_DAYS says and the audit log as long as MCP_KEEP_AUDIT_DAYS says, and digests each day', async () => {
  const began = Date.now()
  const ago = (days: number) => began - days * 86_400_000
  const attempt = (days: number) => `attempts/${dayOf(ago(days))}/old/1.token.ok`
  for (const days of [1, 5]) await store.put(attempt(days), {}, signal)
  const clock = { now: 0 }
  const audit = createAuditLog({ store, log: recorded(), now: () => clock.now })
  for (const days of [32, 3, 2]) {
    clock.now = ago(days)
    await audit.record({ action: 'admin-test', detail: `${days}` }, signal)
  }
  for (let run = 0; run < 2; run++) {
    const answer = await fetch(`${stack.url}/.netlify/functions/maintenance`, { method: 'POST' })
    expect(answer.status).toBe(200)
  }
  const { keys } = await store.list('', signal)
  expect(keys).toContain(attempt(1))
  expect(keys).not.toContain(attempt(5))
  expect(keys.some((key) => key.startsWith(`audit/${dayOf(ago(32))}/`))).toBe(false)
  expect(keys.some((key) => key.startsWith(`audit/${dayOf(ago(3))}/`))).toBe(true)

  const issuerHash = sha256(stack.url)
  const options = { store, issuerHash, keptDays: 30, now: Date.now }
  const { problems, last } = await verifyAudit(options, signal)
  expect(problems).toEqual([])
  await vi.waitFor(() => {
    const printed = stack.logs.findLast((line) => line.includes('"event":"audit_digest"')) ?? ''
    expect(printed).toContain(`"digest":"${last?.digest}"`)
  })
  expect((await verifyAudit({ ...options, expect: last?.digest }, signal)).problems).toEqual([])
  expect((await verifyAudit({ ...options, expect: 'another' }, signal)).problems).toEqual([{ fault: 'not-expected' }])
})
