import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { type SdkPerson, sdks, withSignIn } from '../clients/sdks.ts'
import { deploySameIssuer } from '../support/deploy.ts'
import { callTool, type McpAnswer, sendMcp } from '../support/mcp.ts'
import { newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** What a caller may do at /mcp without a token, with a good one and with a bad one, for each setting. */

/** Milliseconds to wait for a printed line. Only a missing line takes that long. */
const patience = 60_000
const ask = 'ask_redpanda_question'
const question = { question: 'What is a grant?' }
const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'client', version: '1' },
}

/** Users sign in when a tool needs it. */
let lazy: Stack
let token: string

beforeAll(async () => {
  lazy = await startStack({ settings: { MCP_LAZY_AUTH: 'true' } })
  ;({ accessToken: token } = await obtainTokens(await registerClient(lazy.url)))
})
afterAll(() => lazy?.stop())

/** Every kind of request, and a call of each tool. */
const messages = [
  ['initialize', initialize],
  ['tools/list', {}],
  ['tools/call', { name: 'auth_status', arguments: {} }],
  ['tools/call', { name: ask, arguments: question }],
  ['tools/call', { name: 'search_api_reference', arguments: { query: 'broker' } }],
  ['tools/call', { name: 'whoami', arguments: {} }],
  ['tools/call', { name: 'submit_documentation_feedback', arguments: { feedback: 'Thanks!' } }],
  ['tools/call', { name: 'no_such_tool', arguments: {} }],
] as const

const nameOf = ([method, params]: (typeof messages)[number]) => ('name' in params ? params.name : method)

/** The answer to each request, by its name. */
async function statuses(mcpUrl: string, token?: string): Promise<Record<string, number>> {
  const answers = messages.map(async (message) => {
    const [method, params] = message
    return [nameOf(message), (await sendMcp(mcpUrl, method, params, token)).status] as const
  })
  return Object.fromEntries(await Promise.all(answers))
}

const each = (status: number): Record<string, number> =>
  Object.fromEntries(messages.map((message) => [nameOf(message), status]))

const knowsThePerson = { whoami: 401, submit_documentation_feedback: 401 }

describe('without a token', () => {
  test('REQUIRE_AUTH off: every call is answered unless it needs the user; each such call is in the log [F-000-16]', async () => {
    const { url, lines } = await deploySameIssuer(lazy, { REQUIRE_AUTH: 'false', MCP_LAZY_AUTH: '' })
    expect(await statuses(`${url}/mcp`)).toEqual({ ...each(200), ...knowsThePerson })
    const anonymous = () => lines.filter((line) => line.includes('"mcp_unauthenticated"'))
    await vi.waitFor(() => expect(anonymous()).toHaveLength(messages.length), patience)
    expect(anonymous().filter((line) => line.includes('"enforced":true'))).toHaveLength(2)
  })

  test('REQUIRE_AUTH on: only public calls are answered', async () => {
    const { url } = await deploySameIssuer(lazy, { MCP_LAZY_AUTH: '' })
    expect(await statuses(`${url}/mcp`)).toEqual({ ...each(401), auth_status: 200 })
  })

  test('MCP_LAZY_AUTH: connecting and listing are answered too', async () => {
    const connecting = { initialize: 200, 'tools/list': 200 }
    expect(await statuses(lazy.mcpUrl)).toEqual({ ...each(401), ...connecting, auth_status: 200 })
  })

  test('MCP_PUBLIC_TOOLS: the tools that it names are public, and no others', async () => {
    const { url } = await deploySameIssuer(lazy, { MCP_LAZY_AUTH: '', MCP_PUBLIC_TOOLS: ask })
    expect(await statuses(`${url}/mcp`)).toEqual({ ...each(401), [ask]: 200 })
  })

  test('a refusal says where to sign in and for which scopes; the refusal of a tool is a result that says the same', async () => {
    const { challenge, body } = await callTool(lazy.mcpUrl, 'submit_documentation_feedback', { feedback: 'Thanks!' })
    const metadata = `${lazy.url}/.well-known/oauth-protected-resource/mcp`
    expect(challenge).toBe(`Bearer resource_metadata="${metadata}", scope="docs:read docs:feedback", realm="mcp"`)
    expect(body.result).toMatchObject({ isError: true, _meta: { 'mcp/www_authenticate': [challenge] } })
  })
})

describe('with a token', () => {
  test('every call that its scopes allow is answered; another call is a 403 that names all needed scopes [S-05]', async () => {
    expect(await statuses(lazy.mcpUrl, token)).toEqual({ ...each(200), submit_documentation_feedback: 403 })
    const { challenge } = await callTool(lazy.mcpUrl, 'submit_documentation_feedback', { feedback: 'Thanks!' }, token)
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="docs:read docs:feedback"')
    expect(lazy.forms.submissions()).toEqual([])
  })

  test('an invalid token is refused, even where no token is needed [S-03 B8-12]', async () => {
    const open = `${(await deploySameIssuer(lazy, { REQUIRE_AUTH: 'false' })).url}/mcp`
    for (const mcpUrl of [lazy.mcpUrl, open]) {
      expect(await statuses(mcpUrl, `${token.slice(0, -8)}AAAAAAAA`)).toEqual(each(401))
    }
  })
})

describe.each(sdks)('where MCP_LAZY_AUTH is on, a client on the $name', ({ create, version }) => {
  test('connects, lists and uses a public tool without a token; signs its user in for the first question [S-20]', async () => {
    const reader: SdkPerson = { email: newAddress() }
    const client = create({ mcpUrl: new URL(lazy.mcpUrl), clientMetadataUrl: undefined, fetch })
    await client.connect()
    expect(client.protocolVersion()).toBe(version)
    expect(await client.listTools()).toContain(ask)
    expect((await client.use('auth_status', {})).data).toMatchObject({ signed_in: false, sign_in_required: true })
    expect(client.authorizationUrl()).toBeUndefined()

    lazy.kapa.reset()
    const { result, signIns } = await withSignIn(client, reader, () => client.use(ask, question))
    expect([signIns, result.isError]).toEqual([1, false])
    expect(lazy.kapa.calls()).toMatchObject([{ user: { email: reader.email } }])
    expect((await client.use('auth_status', {})).data).toMatchObject({ signed_in: true })
    await client.close()
  })
})

describe('REQUIRE_WORK_EMAIL', () => {
  const answersTo = async (email: string): Promise<readonly McpAnswer[]> => {
    keepSecret(email)
    const { accessToken } = await obtainTokens(await registerClient(lazy.url), email)
    const { url } = await deploySameIssuer(lazy, { REQUIRE_WORK_EMAIL: 'true' })
    return Promise.all([
      callTool(`${url}/mcp`, ask, question, accessToken),
      sendMcp(`${url}/mcp`, 'tools/list', {}, accessToken),
    ])
  }

  test.each([
    ['some.reader@gmail.com', 'free_provider'],
    ['some.reader@eu.proton.me', 'free_provider'],
    ['some.reader@mailinator.com', 'disposable'],
  ])(
    '%s has signed in: the answer says why that is not enough, and asks for no other sign-in [F-000-21]',
    async (email, reason) => {
      for (const { status, challenge, body } of await answersTo(email)) {
        expect([status, challenge]).toEqual([403, null])
        // To the call of a tool the result says it.
        const said = body.result ? JSON.parse(body.result.content[0]?.text ?? '') : body
        expect(said).toMatchObject({
          error: 'work_email_required',
          reason,
          message: expect.stringContaining('account'),
        })
      }
    },
  )

  test('a user with a company address is answered', async () => {
    expect((await answersTo(newAddress())).map(({ status }) => status)).toEqual([200, 200])
  })
})
