import { hash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { startHost } from '../../dev/host/start.ts'
import { builtArtifact } from '../support/artifact.ts'
import { deploy } from '../support/deploy.ts'
import { callTool } from '../support/mcp.ts'
import { obtainCodeByMock, registerClient, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Deploys other than the published one: their hosts, and the services that they notify. */

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())
beforeEach(() => stack.forms.reset())

/** Starts the functions as a preview runs them; the site is called `local`. */
async function startPreview(settings: Readonly<Record<string, string>> = {}, deployContext = 'deploy-preview') {
  const host = await startHost({
    artifact: builtArtifact(),
    port: 0,
    env: { ...stack.environment, MCP_OAUTH_ISSUER: 'https://docs.example.com', ...settings },
    blobs: stack.emulator.clientOptions(),
    deployContext,
    onOutput: () => {},
  })
  onTestFinished(() => host.stop())
  return (name: string, path: string) => send(host.url + path, { headers: { host: name } })
}

/** Starts a preview. Returns what asks for its issuer at a host. */
async function preview(...options: Parameters<typeof startPreview>) {
  const ask = await startPreview(...options)
  return async (name: string) => {
    const response = await ask(name, '/.well-known/oauth-authorization-server')
    return response.status === 200 ? (await response.json()).issuer : response.status
  }
}

test.each(['deploy-preview', 'branch-deploy', 'staging'])(
  'a %s answers only with its own issuer, however Netlify spells the branch [O-16]',
  async (context) => {
    const issuerAt = await preview({}, context)
    for (const label of ['deploy-preview-7', 'feature-foo', 'fix--x', 'feature-', 'a_b', '0123456789abcdef01234567']) {
      const host = `${label}--local.netlify.app`
      expect(await issuerAt(host)).toBe(`https://${host}`)
    }
    for (const host of ['docs.example.com', 'local.netlify.app', 'x--other.netlify.app', 'a.b--local.netlify.app']) {
      expect(await issuerAt(host)).toBe(404)
    }
  },
)

test('MCP_OAUTH_PREVIEW_DOMAINS: previews answer there too, each with its own issuer, and the issuer’s host is never a preview [O-16]', async () => {
  const issuerAt = await preview({ MCP_OAUTH_PREVIEW_DOMAINS: 'https://Previews.example.com/, example.com' })
  for (const host of ['deploy-preview-7.previews.example.com', 'staging.example.com', 'x--local.netlify.app']) {
    expect(await issuerAt(host)).toBe(`https://${host}`)
  }
  for (const host of ['docs.example.com', 'a.b.example.com', 'previews.example.org', 'example.com']) {
    expect(await issuerAt(host)).toBe(404)
  }
  expect(await (await preview())('staging.example.com')).toBe(404)
})

test('feedback of the mock’s user is not sent, and the answer says so; with MCP_NOTIFY_WITH_MOCK it is sent, marked as from a preview', async () => {
  const feedback = 'Nothing is said about compaction.'
  const sendFeedback = async (settings: Readonly<Record<string, string>>) => {
    const { url } = await deploy(stack, settings)
    const client = await registerClient(url)
    const { request, code } = await obtainCodeByMock(client, { scope: 'docs:read docs:feedback' })
    const { accessToken } = tokensOf(await client.redeem(request, code))
    const { body } = await callTool(`${url}/mcp`, 'submit_documentation_feedback', { feedback }, accessToken)
    return { url, answer: body.result?.structuredContent }
  }
  const silent = await sendFeedback({})
  expect(silent.answer).toMatchObject({ status: 'withheld', message: expect.stringContaining('not sent') })
  expect(stack.forms.submissions()).toEqual([])
  const telling = await sendFeedback({ MCP_NOTIFY_WITH_MOCK: 'true' })
  expect(telling.answer).toMatchObject({ status: 'submitted' })
  expect(stack.forms.submissions()).toMatchObject([
    { body: { feedback: `[From a preview, ${telling.url}] ${feedback}`, 'user-email': 'reader@example.com' } },
  ])
})

test('forgets the people whose job is due when a page of its account is opened, since nothing is scheduled there [N3]', async () => {
  const host = 'deploy-preview-7--local.netlify.app'
  const name = `mcp-oauth-broker-${hash('sha256', host, 'base64url').slice(0, 16)}`
  const store = stack.store(name)
  const { signal } = new AbortController()
  const sub = `u_${'A'.repeat(43)}`
  const due = Math.floor(Date.now() / 1000) - 60
  await store.put(`users/${sub}`, { domain: 'example.com' }, signal)
  await store.put(`forget/${due}/${sub}`, { step: 'do', fence: (due - 600) * 1000, reason: 'person_forgotten' }, signal)
  const ask = await startPreview()
  await ask(host, '/account')
  await vi.waitFor(async () => expect(await store.get(`users/${sub}`, signal)).toBeNull(), { timeout: 20_000 })
})
