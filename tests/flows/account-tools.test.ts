import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { startForms } from '../../dev/forms/server.ts'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { deploy, deploySameIssuer } from '../support/deploy.ts'
import { exchangeMcp } from '../support/mcp.ts'
import {
  codeOf,
  newAddress,
  type OAuthClient,
  obtainTokens,
  registerClient,
  tokensOf,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** The account tools and the tools that need no user, through the artifact. */

let stack: Stack
let client: OAuthClient
const email = newAddress()
let accessToken: string

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url, 'Ada’s client')
  accessToken = await signIn(client, 'docs:read docs:feedback')
})
afterAll(() => stack?.stop())
beforeEach(() => stack.forms.reset())

async function signInLeavingOut(client: OAuthClient, scope: string, leaveOut: readonly string[]) {
  const request = client.authorizationRequest({ scope })
  const browser = createWatchedBrowser()
  const answer = await personSignsIn({ authorizationUrl: request.url, email, browser, leaveOut })
  return tokensOf(await client.redeem(request, codeOf(answer)))
}

const signIn = async (client: OAuthClient, scope: string) => (await signInLeavingOut(client, scope, [])).accessToken

async function send(mcpUrl: string, method: string, params: object, token?: string) {
  const { status, headers, message } = await exchangeMcp(mcpUrl, method, params, token)
  return { status, challenge: headers.get('www-authenticate'), result: message.result }
}

const call = (name: string, args: object, token?: string, mcpUrl = stack.mcpUrl) =>
  send(mcpUrl, 'tools/call', { name, arguments: args }, token)
const feedbackTool = 'submit_documentation_feedback'
const feedback = 'Nothing is said about compaction.'

describe('a user who has signed in', () => {
  test('sends feedback, which arrives with the user’s address and is not in the log', async () => {
    const page = new URL('/current/topics/', stack.forms.url).href
    const { result } = await call(feedbackTool, { feedback, category: 'bug', page_url: page }, accessToken)
    expect(result.structuredContent).toMatchObject({ status: 'submitted' })
    expect(stack.forms.submissions()).toMatchObject([
      { body: { 'form-name': 'api-feedback', feedback, 'page-path': '/current/topics/', 'user-email': email } },
    ])
    await expect.poll(() => stack.logs.join('\n')).toContain('"event":"feedback_submitted"')
    expect(stack.logs.join('\n')).not.toContain(feedback)
  })

  test('learns that feedback was not sent when the site redirects it elsewhere (M-09)', async () => {
    stack.forms.faults.form = { kind: 'status', status: 301, location: '/home/' }
    const { result } = await call(feedbackTool, { feedback }, accessToken)
    expect(result.isError).toBe(true)
    expect(JSON.parse(result.content[0].text)).toMatchObject({ error: 'submission_failed', detail: 'HTTP 301' })
    expect(stack.forms.submissions()).toHaveLength(1)
  })

  test('must allow feedback before it is sent [S-05]', async () => {
    const readerOnly = await signIn(client, 'docs:read')
    const { status, challenge } = await call(feedbackTool, { feedback }, readerOnly)
    expect([status, challenge]).toEqual([403, expect.stringContaining('scope="docs:read docs:feedback"')])
    expect(stack.forms.submissions()).toEqual([])
  })

  test('sees the connection of this client, and the number of others until one is ended [C-13 S-26]', async () => {
    const other = await registerClient(stack.url, 'Lost phone')
    const lost = await signIn(other, 'docs:read')
    await obtainTokens(await registerClient(stack.url, 'Client of another user'))
    const seen = async () => (await call('whoami', {}, accessToken)).result.structuredContent
    const before = await seen()
    expect(before).toMatchObject({ connection: { client_name: 'Ada’s client' } })
    for (const name of ['Lost phone', 'Client of another user']) expect(JSON.stringify(before)).not.toContain(name)
    await other.revoke(lost)
    expect(before.other_connections - (await seen()).other_connections).toBe(1)
    expect((await call('whoami', {}, accessToken)).result.structuredContent).toMatchObject({
      email,
      scopes: ['docs:read', 'docs:feedback'],
    })
  })
})

describe('where every user must sign in', () => {
  test('MCP_PUBLIC_TOOLS: only these tools need no token; without the setting only auth_status [S-20]', async () => {
    const open = `${(await deploy(stack, { MCP_PUBLIC_TOOLS: 'ask_redpanda_question' })).url}/mcp`
    const statuses = async (mcpUrl: string) => [
      (await call('auth_status', {}, undefined, mcpUrl)).status,
      (await call('ask_redpanda_question', { question: 'How do I sign in?' }, undefined, mcpUrl)).status,
      (await call('whoami', {}, undefined, mcpUrl)).status,
    ]
    expect(await statuses(stack.mcpUrl)).toEqual([200, 401, 401])
    expect(await statuses(open)).toEqual([401, 200, 401])
    const { result } = await call('auth_status', {})
    expect(result.structuredContent).toMatchObject({ signed_in: false, sign_in_required: true, server: stack.mcpUrl })
    expect((await call('auth_status', {}, accessToken)).result.structuredContent).toMatchObject({ signed_in: true })
  })

  test('MCP_LAZY_AUTH: connecting and listing need no token, and a tool that does says so [S-19 S-20]', async () => {
    const lazy = `${(await deploy(stack, { MCP_LAZY_AUTH: 'true' })).url}/mcp`
    expect((await send(stack.mcpUrl, 'tools/list', {})).status).toBe(401)
    const { status, result } = await send(lazy, 'tools/list', {})
    expect(status).toBe(200)
    expect(result.tools).toContainEqual(
      expect.objectContaining({ name: 'whoami', securitySchemes: [{ type: 'oauth2', scopes: ['docs:read'] }] }),
    )
    const asked = await call('ask_redpanda_question', { question: 'How do I sign in?' }, undefined, lazy)
    expect(asked.status).toBe(401)
    expect(asked.result._meta['mcp/www_authenticate']).toEqual([asked.challenge])
  })
})

const sameIssuer = async (settings: Readonly<Record<string, string>>) =>
  `${(await deploySameIssuer(stack, settings)).url}/mcp`

test('MCP_FEEDBACK_FORM_PATH, MCP_FEEDBACK_FORM_NAME and MCP_FEEDBACK_TOOL_NAME decide where feedback goes', async () => {
  const forms = await startForms({ port: 0 })
  onTestFinished(() => forms.stop())
  const settings = { MCP_FEEDBACK_FORM_NAME: 'docs-feedback', MCP_FEEDBACK_TOOL_NAME: 'send_example_feedback' }
  const changed = await sameIssuer({ ...settings, MCP_FEEDBACK_FORM_PATH: forms.url })
  const { result } = await call('send_example_feedback', { feedback }, accessToken, changed)
  expect(result.structuredContent).toMatchObject({ status: 'submitted' })
  expect(forms.submissions()).toMatchObject([{ body: { 'form-name': 'docs-feedback', feedback } }])
  expect(stack.forms.submissions()).toEqual([])
})

const scopeOf = ({ challenge }: { readonly challenge: string | null }) => /scope="([^"]*)"/.exec(challenge ?? '')?.[1]

test('MCP_ASK_ALL_SCOPES: the consent page asks for feedback too, since many clients cannot ask later; with false it does not [S-05]', async () => {
  const asked = async (mcpUrl: string) => scopeOf(await send(mcpUrl, 'initialize', {}))
  expect(await asked(stack.mcpUrl)).toBe('docs:read docs:feedback')
  expect(await asked(await sameIssuer({ MCP_ASK_ALL_SCOPES: 'true' }))).toBe('docs:read docs:feedback')
  expect(await asked(await sameIssuer({ MCP_ASK_ALL_SCOPES: 'false' }))).toBe('docs:read')
  expect(await asked(await sameIssuer({ MCP_FEEDBACK_FORM_PATH: 'off' }))).toBe('docs:read')
  const readerOnly = await signIn(client, 'docs:read')
  expect((await send(stack.mcpUrl, 'tools/list', {}, readerOnly)).status).toBe(200)
})

describe('a user who has left feedback out', () => {
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const leavingOut = () => signInLeavingOut(client, 'docs:read docs:feedback', ['docs:feedback'])
  const namesOf = async (accessToken: string) =>
    (await send(stack.mcpUrl, 'tools/list', {}, accessToken)).result.tools.map(({ name }: { name: string }) => name)

  test('has no tool for it, now and after a refresh, and no challenge asks for it [C-14 S-05]', async () => {
    const first = await leavingOut()
    const second = tokensOf(await client.refresh(first.refreshToken, { scope: 'docs:read docs:feedback' }))
    for (const { accessToken } of [first, second]) {
      const names = await namesOf(accessToken)
      expect(names).toContain('ask_redpanda_question')
      expect(names).not.toContain(feedbackTool)
      const called = await send(
        stack.mcpUrl,
        'tools/call',
        { name: feedbackTool, arguments: { feedback } },
        accessToken,
      )
      expect([called.status, called.challenge]).toEqual([200, null])
      expect(JSON.stringify(called)).not.toContain('docs:feedback')
      const { result } = await send(stack.mcpUrl, 'initialize', hello, accessToken)
      expect(result.instructions).not.toContain(feedbackTool)
    }
    expect(stack.forms.submissions()).toEqual([])
    await client.revoke(second.refreshToken)
    // On a host that has not cached the status of the grant.
    const refused = await send(await sameIssuer({}), 'tools/list', {}, second.accessToken)
    expect([refused.status, scopeOf(refused)]).toEqual([401, 'docs:read'])
  })

  test('of one client has the tool with another client; a client that never asked for the scope learns what it needs [C-15 S-05]', async () => {
    await leavingOut()
    expect(await namesOf(accessToken)).toContain(feedbackTool)
    const readerOnly = await signIn(client, 'docs:read')
    expect(await namesOf(readerOnly)).toContain(feedbackTool)
    const called = await send(stack.mcpUrl, 'tools/call', { name: feedbackTool, arguments: { feedback } }, readerOnly)
    expect([called.status, scopeOf(called)]).toEqual([403, 'docs:read docs:feedback'])
  })
})

test('MCP_FEEDBACK_FORM_PATH=off: there is no feedback tool, and no consent page asks for it', async () => {
  const off = await sameIssuer({ MCP_FEEDBACK_FORM_PATH: 'off' })
  const metadata = await fetch(off.replace(/mcp$/, '.well-known/oauth-protected-resource'))
  expect(await metadata.json()).toMatchObject({ scopes_supported: ['docs:read'] })
  const names = async (mcpUrl: string) =>
    (await send(mcpUrl, 'tools/list', {}, accessToken)).result.tools.map(({ name }: { name: string }) => name)
  expect(await names(stack.mcpUrl)).toContain(feedbackTool)
  expect(await names(off)).not.toContain(feedbackTool)
})
