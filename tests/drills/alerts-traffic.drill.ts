import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { serviceAccountToken } from '../../dev/private-pages/server.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { answerIn, callTool, failureIn } from '../support/mcp.ts'
import {
  newAddress,
  type OAuthClient,
  obtainCode,
  obtainTokens,
  registerClient,
  tokensOf,
} from '../support/oauth-client.ts'
import { json, send } from '../support/send.ts'
import { alertComparison, ofRun, refreshAt, startWatched } from './alert.ts'
import { watchLog } from './drill.ts'

/**
 * What clients, the provider and callers do raises an alert. The operator does what docs/runbook.md says, the signal of the alert
 * ends, and users stay signed in.
 *
 * Alerts: CodesAreNotRedeemed, ManyRefreshesRepeated, VaultRenewalsFail, ServiceAccountStepsIn, LimitsDoNotApply, RegistrationsAreLimited,
 * BugInTheService.
 */

const tool = 'ask_redpanda_question'
/** The tool refuses an empty question by itself, after the call was counted. */
const emptyQuestion = { question: ' ' }
const searching = { scope: 'docs:read docs:private' }

const hashOf = ({ clientId }: OAuthClient) => createHash('sha256').update(clientId).digest('base64url')

const searchAt = (url: string, { accessToken }: { readonly accessToken: string }) =>
  callTool(`${url}/mcp`, 'search_private_pages', { query: 'incident read' }, accessToken)

test('a client does not redeem its codes [CodesAreNotRedeemed]: the log names it, and its corrected release redeems', async () => {
  const { stack, collector, client } = await startWatched({ hosts: 2 })
  const alert = alertComparison(collector, 'CodesAreNotRedeemed')
  const log = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client)
  const faulty = await registerClient(stack.url, 'A faulty release')
  for (let i = 0; i < 3; i++) {
    const { request, code } = await obtainCode(faulty)
    expect((await faulty.redeem({ ...request, codeVerifier: 'x'.repeat(43) }, code)).body.error).toBe('invalid_grant')
  }
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('request_refused', { path: '/oauth/token', error: 'invalid_grant' })
  expect(log.of('code_issued').filter((line) => line.client === hashOf(faulty))).toHaveLength(3)
  expect(log.of('code_redeemed').filter((line) => line.client === hashOf(faulty))).toEqual([])

  const steps = (step: string) => () => collector.total('mcp_oauth.sign_in.steps', { 'mcp_oauth.step': step })
  // What was under way has been told.
  await expect.poll(steps('code_issued'), ofRun).toBe(4)
  await expect.poll(steps('code_redeemed'), ofRun).toBe(1)
  collector.reset()
  for (let i = 0; i < 2; i++) await obtainTokens(faulty)
  await expect.poll(steps('code_issued'), ofRun).toBe(2)
  await expect.poll(steps('code_redeemed'), ofRun).toBe(2)
  await expect.poll(alert.fires, ofRun).toBe(false)
  tokensOf(await client.refresh(refreshToken))
})

test('answers to refreshes do not reach the clients [ManyRefreshesRepeated]: each repeats and stays signed in, and the alert ends with fast answers', async () => {
  const { stack, collector, client } = await startWatched({ hosts: 2 })
  const alert = alertComparison(collector, 'ManyRefreshesRepeated')
  const log = watchLog(stack.logs)
  const first = await Promise.all([obtainTokens(client), obtainTokens(client), obtainTokens(client)])
  const next: string[] = []
  for (const { refreshToken } of first) {
    // This answer is lost.
    tokensOf(await client.refresh(refreshToken))
    next.push(tokensOf(await client.refresh(refreshToken)).refreshToken)
  }
  await expect.poll(() => collector.total('mcp_oauth.refreshes'), ofRun).toBe(6)
  expect(alert.fires()).toBe(true)
  await log.has('refresh_repeated')

  collector.reset()
  for (const refreshToken of next) tokensOf(await client.refresh(refreshToken))
  await expect.poll(() => collector.total('mcp_oauth.refreshes', { 'mcp_oauth.outcome': 'rotated' }), ofRun).toBe(3)
  expect(alert.fires()).toBe(false)
  expect(log.of('refresh_reused')).toEqual([])
})

test('the provider refuses our client [VaultRenewalsFail]: the log has its reason, and people search again once it accepts the client', async () => {
  const { stack, collector, client } = await startWatched({ hosts: 2, settings: { MCP_VAULT_KEYS: newSecret() } })
  const alert = alertComparison(collector, 'VaultRenewalsFail')
  const log = watchLog(stack.logs)
  const people = await Promise.all([0, 1].map(() => obtainTokens(client, newAddress(), searching)))
  for (const person of people) expect(answerIn(await searchAt(stack.url, person))).toMatchObject({ account: 'user' })
  stack.privatePages?.refuseKnownTokens()
  stack.provider.faults.token = { kind: 'error', status: 401, error: 'invalid_client' }
  for (let i = 0; i < 3; i++) {
    for (const person of people) {
      expect(failureIn(await searchAt(stack.url, person))).toMatchObject({ error: 'provider_unavailable' })
    }
  }
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('vault_asked', { outcome: 'failed', reason: expect.stringContaining('invalid_client') })

  delete stack.provider.faults.token
  collector.reset()
  for (const person of people) expect(answerIn(await searchAt(stack.url, person))).toMatchObject({ account: 'user' })
  await expect
    .poll(() => collector.total('mcp_oauth.vault.renewals', { 'mcp_oauth.outcome': 'renewed' }), ofRun)
    .toBe(2)
  expect(alert.fires()).toBe(false)
  for (const { refreshToken } of people) tokensOf(await client.refresh(refreshToken))
})

test('people have no token of their own [ServiceAccountStepsIn]: the log says why, and each remedy gives them back their own account', async () => {
  const key = newSecret()
  const { stack, collector, client } = await startWatched({ hosts: 2, settings: { MCP_VAULT_KEYS: key } })
  const alert = alertComparison(collector, 'ServiceAccountStepsIn')
  const given = (outcome: string) => () =>
    collector.total('mcp_oauth.upstream_tokens', { 'mcp_oauth.outcome': outcome })
  const person = await obtainTokens(client, newAddress(), searching)
  const stepsIn = { MCP_PRIVATE_PAGES_SERVICE_TOKEN: serviceAccountToken }

  const newKey = newSecret()
  const lost = await deploySameIssuer(stack, { ...stepsIn, MCP_VAULT_KEYS: newKey })
  const log = watchLog(lost.lines)
  expect(answerIn(await searchAt(lost.url, person))).toMatchObject({ account: 'service' })
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('upstream_service_account', { reason: 'the vault cannot open the token' })
  await log.has('vault_unreadable', { reason: 'no_such_key' })
  // The service account is taken away: the person is asked to sign in.
  const without = await deploySameIssuer(stack, { MCP_VAULT_KEYS: newKey })
  collector.reset()
  expect(failureIn(await searchAt(without.url, person))).toMatchObject({ error: 'not_connected' })
  await expect.poll(given('not_connected'), ofRun).toBe(1)
  expect(alert.fires()).toBe(false)
  // The key is put back.
  const restored = await deploySameIssuer(stack, { ...stepsIn, MCP_VAULT_KEYS: `${newKey},${key}` })
  collector.reset()
  expect(answerIn(await searchAt(restored.url, person))).toMatchObject({ account: 'user' })
  await expect.poll(given('given'), ofRun).toBe(1)
  expect(alert.fires()).toBe(false)

  const signIns = watchLog(stack.logs)
  stack.provider.faults.tokenResponse = { refresh_token: '' }
  const email = newAddress()
  const other = await obtainTokens(client, email, searching)
  await signIns.has('vault_no_token')
  collector.reset()
  expect(answerIn(await searchAt(restored.url, other))).toMatchObject({ account: 'service' })
  await expect.poll(alert.fires, ofRun).toBe(true)
  // The provider gives refresh tokens again: it takes effect at the next sign-in.
  delete stack.provider.faults.tokenResponse
  const again = await obtainTokens(client, email, searching)
  collector.reset()
  expect(answerIn(await searchAt(restored.url, again))).toMatchObject({ account: 'user' })
  await expect.poll(given('given'), ofRun).toBe(1)
  expect(alert.fires()).toBe(false)
  for (const { refreshToken } of [person, other, again]) tokensOf(await client.refresh(refreshToken))
})

test('the store does not count [LimitsDoNotApply]: calls pass, and are counted again once it answers', async () => {
  const { stack, collector, client } = await startWatched({ hosts: 2 })
  const alert = alertComparison(collector, 'LimitsDoNotApply')
  const log = watchLog(stack.logs)
  const { accessToken, refreshToken } = await obtainTokens(client)
  const call = () => callTool(stack.mcpUrl, tool, emptyQuestion, accessToken)
  stack.emulator.addFault({ action: 'hang', key: '^limits/' })
  const answers = await Promise.all(Array.from({ length: 25 }, call))
  expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('limit_unavailable', { limit: 'mcp-users' })

  stack.emulator.clearFaults()
  // What was under way has been told.
  await expect.poll(() => collector.total('mcp_oauth.events', { 'mcp_oauth.event': 'mcp_call' }), ofRun).toBe(25)
  collector.reset()
  for (let i = 0; i < 25; i++) expect((await call()).status).toBe(200)
  await expect.poll(() => collector.total('mcp_oauth.events', { 'mcp_oauth.event': 'mcp_call' }), ofRun).toBe(25)
  expect(alert.fires()).toBe(false)
  tokensOf(await client.refresh(refreshToken))
})

test('a flood of registrations [RegistrationsAreLimited]: who is connected notices nothing, and a token for registrations ends it', async () => {
  // One instance fills the last place itself.
  const { stack, collector, client } = await startWatched({
    settings: { MCP_OAUTH_REGISTER_TOTAL_LIMIT: '3', MCP_OAUTH_LIMIT_EXEMPT: '' },
  })
  const alert = alertComparison(collector, 'RegistrationsAreLimited')
  const log = watchLog(stack.logs)
  const { refreshToken } = await obtainTokens(client)
  const register = (at: string) =>
    send(
      `${at}/oauth/register`,
      json(JSON.stringify({ client_name: 'Flood', redirect_uris: ['http://127.0.0.1:7/callback'] })),
    )
  await expect.poll(async () => (await register(stack.url)).status, ofRun).toBe(429)
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('limit_reached', { limit: 'all-registrations' })
  const next = tokensOf(await client.refresh(refreshToken))

  const token = newSecret()
  keepSecret(token)
  const deployed = await deploySameIssuer(stack, { MCP_OAUTH_REGISTRATION_TOKEN: token })
  collector.reset()
  expect((await register(deployed.url)).status).toBe(401)
  await obtainTokens(client)
  tokensOf(await client.refresh(next.refreshToken))
  expect(alert.fires()).toBe(false)
})

/** A deploy with a bug: its tools fail at every text with this word. */
const planted = 'planted'
const withBug = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `const real = String.prototype.trim
    String.prototype.trim = function () {
      if (String(this).includes('${planted}')) throw new RangeError('a bug of this deploy')
      return real.call(this)
    }`,
  )}`,
}

test('a deploy has a bug in a tool [BugInTheService]: the log names it, users stay signed in, and the last deploy has none', async () => {
  const { stack, collector, client } = await startWatched({ hosts: 2, settings: { MCP_VAULT_KEYS: newSecret() } })
  const alert = alertComparison(collector, 'BugInTheService')
  const { accessToken, refreshToken } = await obtainTokens(client, newAddress(), searching)
  const ask = ({ url }: { readonly url: string }) =>
    callTool(`${url}/mcp`, 'search_private_pages', { query: planted }, accessToken)
  const deployed = await deploySameIssuer(stack, withBug)
  const log = watchLog(deployed.lines)
  expect(failureIn(await ask(deployed))).toMatchObject({ error: 'internal_error' })
  await expect.poll(alert.fires, ofRun).toBe(true)
  await log.has('tool_failed', { tool: 'search_private_pages', error: 'RangeError' })
  const next = tokensOf(await refreshAt(deployed, client, refreshToken))

  collector.reset()
  expect(answerIn(await ask(stack))).toMatchObject({ account: 'user' })
  await expect.poll(() => collector.total('mcp_oauth.events', { 'mcp_oauth.event': 'mcp_call' }), ofRun).toBe(1)
  expect(alert.fires()).toBe(false)
  tokensOf(await client.refresh(next.refreshToken))
})
