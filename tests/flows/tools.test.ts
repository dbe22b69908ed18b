import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SdkPerson, sdks, withSignIn } from '../clients/sdks.ts'
import type { SdkClient } from '../clients/story.ts'
import type { ToolDescription } from '../clients/tool-answer.ts'
import { callTool, sendMcp } from '../support/mcp.ts'
import { newAddress } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Every tool through the artifact, called by the published SDKs, which check each result against the listed schema. */

let stack: Stack

beforeAll(async () => {
  // A client asks for feedback when it needs it.
  stack = await startStack({ settings: { MCP_ASK_ALL_SCOPES: 'false' } })
})
afterAll(() => stack?.stop())
beforeEach(() => {
  stack.kapa.reset()
  stack.hub.reset()
  stack.forms.reset()
})

const ask = 'ask_redpanda_question'
const question = 'How does a refresh token stay usable when the answer to a refresh was lost?'
const readOnly = { readOnlyHint: true, openWorldHint: true }
const ownAccount = { readOnlyHint: true, idempotentHint: true, openWorldHint: false }
const reading = { type: 'oauth2', scopes: ['docs:read'] }

/** In this order. A tool needs a sign-in unless the table says otherwise. */
const listed = [
  [ask, 'Search Redpanda Sources', readOnly, reading],
  ['list_api_reference_pages', 'List Redpanda API Reference Pages', { ...readOnly, idempotentHint: true }, reading],
  ['search_api_reference', 'Search Redpanda API Reference', { ...readOnly, idempotentHint: true }, reading],
  ['get_api_reference_content', 'Read Redpanda API Reference', { ...readOnly, idempotentHint: true }, reading],
  [
    'submit_documentation_feedback',
    'Send Feedback on the Redpanda Documentation',
    { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    { type: 'oauth2', scopes: ['docs:read', 'docs:feedback'] },
  ],
  ['auth_status', 'Sign-in Status', ownAccount, { type: 'noauth' }],
  ['whoami', 'Who Am I', ownAccount, reading],
] as const

function expectListed(tools: readonly ToolDescription[]): void {
  expect(tools.map(({ name, title, annotations, _meta }) => ({ name, title, annotations, _meta }))).toEqual(
    listed.map(([name, title, hints, scheme]) => ({
      name,
      title,
      annotations: { title, ...hints },
      _meta: { securitySchemes: [scheme] },
    })),
  )
  for (const { name, description, inputSchema, outputSchema } of tools) {
    expect(description?.length, name).toBeGreaterThan(50)
    expect([inputSchema, outputSchema]).toEqual(Array(2).fill(expect.objectContaining({ type: 'object' })))
  }
}

interface Reader extends SdkPerson {
  readonly organization: string
  readonly client: SdkClient
  /** The requests of the client since the last call, and their answers. */
  taken(): readonly string[]
}

function newReader(name: string, create: (typeof sdks)[number]['create']): Reader {
  const requests: string[] = []
  const client = create({
    mcpUrl: new URL(stack.mcpUrl),
    clientMetadataUrl: undefined,
    async fetch(input, init) {
      const response = await fetch(input, init)
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      requests.push(`${init?.method ?? 'GET'} ${pathname} ${response.status}`)
      return response
    },
  })
  return { email: newAddress(), organization: `Readers by ${name}`, client, taken: () => requests.splice(0) }
}

describe.each(sdks)('a user of a client on the $name', ({ name, version, create, stepsUp }) => {
  let reader: Reader
  let client: SdkClient

  beforeAll(async () => {
    reader = newReader(name, create)
    client = reader.client
    expect(await withSignIn(client, reader, client.connect)).toMatchObject({ signIns: 1 })
    expect(client.protocolVersion()).toBe(version)
  })
  afterAll(() => client.close())

  test('sees the tools, their names, and what they may do [S-19]', async () => {
    expectListed(await client.describeTools())
    // What ChatGPT reads stands at the top of each tool as well, where the SDKs do not look.
    const { body } = await sendMcp(stack.mcpUrl, 'tools/list', {}, client.accessToken())
    expect(body.result).toMatchObject({
      tools: listed.map(([name, _title, _hints, scheme]) => ({ name, securitySchemes: [scheme] })),
    })
  })

  test('asks, and gets passages with their sources; Kapa learns the user and the organization', async () => {
    const { texts, data, isError } = await client.use(ask, { question })
    expect(isError).toBe(false)
    expect(data).toEqual({ passages: texts.map((text) => JSON.parse(text)) })
    expect(data).toMatchObject({
      passages: expect.arrayContaining([
        { source_url: expect.stringMatching(/^http.*\/documents\/.*\.md/), content: expect.any(String) },
      ]),
    })
    const { email, organization } = reader
    expect(stack.kapa.calls()).toMatchObject([{ query: question, user: { email, company_name: organization } }])
    expect(JSON.stringify(stack.kapa.calls())).not.toContain(client.accessToken())
    expect(stack.hub.calls()).toEqual([])
  })

  test('finds an operation of an API, and reads it; the hub learns nothing about the user [S-08]', async () => {
    const { data: apis } = await client.use('list_api_reference_pages', {})
    expect(apis).toMatchObject({ data: expect.arrayContaining([expect.objectContaining({ title: 'Admin API' })]) })
    const found = await client.use('search_api_reference', { api: 'admin', query: 'decommission', type: 'operation' })
    expect(JSON.parse(found.texts.join())).toEqual(found.data)
    expect(found.data).toMatchObject({ data: [{ url: expect.stringContaining('/admin/operation/') }] })
    const [{ url: first }] = JSON.parse(found.texts.join()).data
    const page = await client.use('get_api_reference_content', { urls: [first] })
    expect([page.isError, page.data]).toMatchObject([false, { data: [{ url: first }] }])
    expect(stack.hub.calls().map(({ tool }) => tool)).toEqual(['list_pages', 'search', 'get_pages'])
    expect(stack.hub.calls().map(({ user }) => user)).toEqual([undefined, undefined, undefined])
    for (const secret of [client.accessToken(), reader.email]) {
      expect(JSON.stringify(stack.hub.calls())).not.toContain(secret)
    }
  })

  test('learns whether they are signed in, and what they have allowed', async () => {
    const { data } = await client.use('auth_status', {})
    expect(data).toMatchObject({ signed_in: true, scopes: ['docs:read'], sign_in_required: true, server: stack.mcpUrl })
  })

  test('allows feedback once it is needed, and it arrives under their address [S-05]', async () => {
    const feedback = `What does compaction cost? Asked by ${name}.`
    const send = () => client.use('submit_documentation_feedback', { feedback, category: 'documentation_gap' })
    reader.taken()
    if (!stepsUp) {
      await expect(send()).rejects.toThrow('Server returned 403 after trying upscoping')
      expect(reader.taken()).toEqual(['POST /mcp 403', 'POST /oauth/token 200', 'POST /mcp 403'])
      client.forgetTokens()
    }
    const { result, signIns } = await withSignIn(client, reader, send)
    expect(reader.taken()).toEqual([`POST /mcp ${stepsUp ? 403 : 401}`, 'POST /oauth/token 200', 'POST /mcp 200'])
    expect(client.authorizationUrl()?.searchParams.get('scope')).toBe('docs:read docs:feedback')
    expect([signIns, result.isError, result.data]).toMatchObject([1, false, { status: 'submitted' }])
    const fields = { feedback, category: 'documentation_gap', 'user-email': reader.email, 'user-domain': 'example.com' }
    expect(stack.forms.submissions()).toMatchObject([{ body: { 'form-name': 'api-feedback', ...fields } }])
    expect(await send()).toMatchObject({ data: { status: 'submitted' } })
  })

  test('sees who they are, and this connection among those that they have allowed [C-13]', async () => {
    const { texts, data } = await client.use('whoami', {})
    expect(data).toMatchObject({
      email: reader.email,
      organization: { name: reader.organization },
      scopes: ['docs:read', 'docs:feedback'],
      connection: expect.objectContaining({ granted_on: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) }),
    })
    expect(texts.join()).not.toContain(client.accessToken())
    expect(texts.join()).not.toContain(client.refreshToken())
  })

  test('learns what to do if the arguments are wrong, and no service is called', async () => {
    for (const [tool, args, error] of [
      [ask, { question: ' ' }, 'missing_query'],
      [ask, { question: 'x'.repeat(2_001) }, 'query_too_long'],
      [ask, {}, 'invalid_arguments'],
      ['search_api_reference', { query: 'broker', type: 'page' }, 'invalid_arguments'],
      ['search_api_reference', { query: 'broker', api: '../admin' }, 'invalid_api'],
      ['get_api_reference_content', { urls: [] }, 'missing_urls'],
      ['get_api_reference_content', { urls: Array(11).fill('https://docs.example.com/') }, 'too_many_urls'],
      ['submit_documentation_feedback', { feedback: '' }, 'missing_feedback'],
      ['submit_documentation_feedback', { feedback: 'x', page_url: 'javascript:alert(1)' }, 'invalid_page'],
    ] as const) {
      const { isError, texts } = await client.use(tool, args)
      expect([isError, texts.length]).toEqual([true, 1])
      expect(JSON.parse(texts.join())).toMatchObject({ error, message: expect.any(String) })
    }
    expect([stack.kapa.calls(), stack.hub.calls(), stack.forms.submissions()]).toEqual([[], [], []])
  })
})

test('while Kapa is slow, clients that ask for progress get notifications', async () => {
  const readers = sdks.map(({ name, create }) => newReader(name, create))
  await Promise.all(readers.map(({ client, ...person }) => withSignIn(client, person, client.connect)))
  // A progress notification comes every 5 seconds.
  stack.kapa.faults.call = { kind: 'slow', milliseconds: 5_500 }
  const heard = readers.map(async ({ client }) => {
    const messages: unknown[] = []
    const { isError } = await client.use(ask, { question }, { onProgress: (message) => messages.push(message) })
    return [isError, messages]
  })
  expect(await Promise.all(heard)).toEqual(readers.map(() => [false, ['Searching the documentation']]))
  await Promise.all(readers.map(({ client }) => client.close()))
})

test('a caller that cancels its call gets control back at once, and the next call is answered', async () => {
  const readers = sdks.map(({ name, create }) => newReader(name, create))
  for (const { client, ...person } of readers) {
    await withSignIn(client, person, client.connect)
    stack.kapa.faults.call = { kind: 'slow', milliseconds: 9_000, times: 1 }
    const patience = new AbortController()
    const asked = client.use(ask, { question }, { signal: patience.signal })
    await expect.poll(() => stack.kapa.calls().at(-1)?.user).toMatchObject({ email: person.email })
    const began = performance.now()
    patience.abort()
    await expect(asked).rejects.toThrow()
    // Long before there was an answer.
    expect(performance.now() - began).toBeLessThan(7_000)
    expect(await client.use(ask, { question })).toMatchObject({ isError: false })
    await client.close()
  }
})

test('a user without a sign-in learns how to sign in, in the result and where ChatGPT looks [S-19 S-20]', async () => {
  const { body, status } = await callTool(stack.mcpUrl, 'auth_status', {})
  expect([status, body.result?.structuredContent]).toMatchObject([200, { signed_in: false, sign_in_required: true }])
  const refused = await callTool(stack.mcpUrl, 'whoami', {})
  expect([refused.status, refused.body.result]).toMatchObject([
    401,
    { isError: true, _meta: { 'mcp/www_authenticate': [refused.challenge] } },
  ])
})
