import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createV1Client } from '../clients/sdk-v1.ts'
import { createV2Client } from '../clients/sdk-v2.ts'
import type { SdkClientOptions } from '../clients/story.ts'
import { deploy } from '../support/deploy.ts'
import { expectExactly, sendFrom, statusesOf } from '../support/from-address.ts'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { createPinnedKey } from '../support/pinned-key.ts'
import { json, type Sent, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { operationsBesideSignIns } from '../support/store-path.ts'
import { longWindow } from '../support/window.ts'

/** The limits of tool calls at /mcp, on two hosts that share a store. */

const userLimit = 60
const anonymousLimit = 5
const plans = {
  large: { limit: 100, organizations: ['org_large'] },
  small: { limit: 1, domains: ['small.example'] },
  endless: { limit: 0, organizations: ['org_endless'] },
}
/** Seconds. */
const window = longWindow()

const key = createPinnedKey()
let stack: Stack
let accessToken: string

beforeAll(async () => {
  stack = await startStack({
    hosts: 2,
    settings: {
      ...key.settings,
      REQUIRE_AUTH: 'false',
      MCP_ANONYMOUS_LIMIT: String(anonymousLimit),
      MCP_LIMIT_WINDOW_SEC: String(window),
      MCP_PLANS: JSON.stringify(plans),
      MCP_OAUTH_LIMIT_EXEMPT: '127.0.1.0/24',
    },
  })
  ;({ accessToken } = await obtainTokens(await registerClient(stack.url)))
})
afterAll(() => stack?.stop())
beforeEach(() => stack.emulator.clearFaults())

let addresses = 0
/** A network address that has sent nothing yet. */
const newAddress = () => `127.0.0.${100 + addresses++}`
/** A token of a user who has not called anything yet. */
const newPerson = (claims: JWTPayload = {}) =>
  key.resign(accessToken, { claims: { sub: crypto.randomUUID(), ...claims } })

function message(method: string, params: object, headers: Sent['headers'] = {}): Sent {
  const { body, ...rest } = json(JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }))
  const accept = 'application/json, text/event-stream'
  return { ...rest, ...(body !== undefined && { body }), headers: { ...rest.headers, accept, ...headers } }
}

/** The tool refuses an empty question by itself: the call is counted, and costs the answer service nothing. */
const call = (headers: Sent['headers'] = {}) =>
  message('tools/call', { name: 'ask_redpanda_question', arguments: { question: ' ' } }, headers)

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const callFrom = (address: string, host: number, headers: Sent['headers'] = {}) =>
  sendFrom(stack, address, host, '/mcp', call(headers))
const callAs = (token: string, host = 0) => callFrom('127.0.0.1', host, bearer(token))

async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let i = 0; i < count; i++) all.push(await work(i))
  return all
}

describe('calls of tools at /mcp', () => {
  test('of 200 parallel calls by one user, on two hosts, exactly 60 pass; the others get a Retry-After [O-11 B8-13]', async () => {
    const token = await newPerson()
    const users = { status: 200, limit: userLimit, name: 'mcp-users' }
    const [refused] = await expectExactly(stack, users, (i) => callAs(token, i % 2), 200)
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait > 0 && wait <= window).toBe(true)
    expect(refused.headers.get('ratelimit-policy')).toBe(`"user";q=${userLimit};w=${window}`)
    expect(refused.headers.get('ratelimit')).toBe(`"user";r=0;t=${wait}`)
    expect(JSON.parse(refused.text)).toMatchObject({ jsonrpc: '2.0', id: 7, error: { code: -32000 } })
    expect((await callAs(await newPerson())).status).toBe(200)
  })

  test('the first answer of a host includes what another host has counted', async () => {
    const token = await newPerson()
    const left = async (host: number) => (await callAs(token, host)).headers.get('ratelimit-remaining')
    // Reported in quarters: the sixteenth call begins the third.
    await times(14, () => left(0))
    expect([await left(1), await left(1)]).toEqual(['45', '30'])
  })

  test('of 30 parallel calls from one address without sign-in, exactly five pass; a header does not change the address [B8-13]', async () => {
    const address = newAddress()
    const names = ['x-client-key', 'x-forwarded-for', 'x-real-ip', 'x-nf-client-connection-ip', 'cf-connecting-ip']
    const headers = (i: number) => ({ [names[i % names.length] ?? '']: `127.0.1.${i}` })
    const addresses = { status: 200, limit: anonymousLimit, name: 'mcp-addresses' }
    await expectExactly(stack, addresses, (i) => callFrom(address, i % 2, headers(i)), 30)
    expect((await callFrom(newAddress(), 0)).status).toBe(200)
    expect((await callFrom(address, 0, bearer(await newPerson()))).status).toBe(200)
  })

  test('a call costs one store round trip, and none over the limit; connecting and listing tools are free', async () => {
    const address = newAddress()
    const seen = () => stack.emulator.operations().at(-1)?.sequence
    const since = (sequence: number | undefined) => operationsBesideSignIns(stack, sequence).map(({ method }) => method)
    await callFrom(address, 0)
    const start = seen()
    await times(3, () => callFrom(address, 0))
    expect(since(start)).toEqual(['PUT', 'PUT', 'PUT'])
    await callFrom(address, 0)
    const over = seen()
    expect(statusesOf(await times(10, () => callFrom(address, 0)))).toEqual(Array(10).fill(429))
    const list = await sendFrom(stack, address, 0, '/mcp', message('tools/list', {}))
    expect([list.status, list.headers.get('ratelimit')]).toEqual([200, null])
    expect(since(over)).toEqual([])
  })

  test('an exempt range is not limited, but a user who calls from there is', async () => {
    expect(statusesOf(await times(10, () => callFrom('127.0.1.7', 0)))).toEqual(Array(10).fill(200))
    const signedIn = await callFrom('127.0.1.7', 0, bearer(await newPerson()))
    expect(signedIn.headers.get('ratelimit-remaining')).toBe(String((userLimit * 3) / 4))
  })

  test('while the store is down no call is refused; the log says so, and names no user [O-11 O-02]', async () => {
    const [address, token] = [newAddress(), await newPerson()]
    stack.emulator.addFault({ action: 'hang', key: '^limits/' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => callFrom(address, 0, i % 2 ? bearer(token) : {})),
    )
    expect(statusesOf(answers)).toEqual(Array(10).fill(200))
    const lines = () => stack.logs.filter((line) => line.includes('"limit_unavailable"')).join('\n')
    for (const name of ['mcp-users', 'mcp-addresses']) await vi.waitFor(() => expect(lines()).toContain(`"${name}"`))
    expect(lines()).not.toContain(address)
    const keys = stack.emulator.operations().map((operation) => operation.key)
    expect(keys.filter((name) => name.startsWith('limits/') && name.includes(address))).toEqual([])
  })
})

describe('MCP_USER_LIMIT, MCP_ANONYMOUS_LIMIT, MCP_LIMIT_WINDOW_SEC', () => {
  const notExempt = { REQUIRE_AUTH: 'false', MCP_OAUTH_LIMIT_EXEMPT: '' }

  test('are in the headers; calls with and without sign-in have separate limits', async () => {
    const limits = { MCP_USER_LIMIT: '7', MCP_ANONYMOUS_LIMIT: '2', MCP_LIMIT_WINDOW_SEC: '1800' }
    const { url } = await deploy(stack, { ...key.settings, ...notExempt, ...limits })
    const policyOf = async (headers: Sent['headers'] = {}) =>
      (await send(`${url}/mcp`, call(headers))).headers.get('ratelimit-policy')
    const token = await key.resign(accessToken, { claims: { iss: url, aud: `${url}/mcp` } })
    expect(await policyOf(bearer(token))).toBe('"user";q=7;w=1800')
    expect(await policyOf()).toBe('"address";q=2;w=1800')
  })

  test('apply on each instance alone while the service is misconfigured', async () => {
    const limits = { MCP_ANONYMOUS_LIMIT: '2', MCP_LIMIT_WINDOW_SEC: String(window) }
    const { url } = await deploy(stack, { ...notExempt, ...limits, MCP_OAUTH_SECRET: '' })
    const answers = await times(4, () => send(`${url}/mcp`, call()))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429])
  })

  test('0 disables them', async () => {
    const { url } = await deploy(stack, {
      ...key.settings,
      ...notExempt,
      MCP_ANONYMOUS_LIMIT: '0',
      MCP_USER_LIMIT: '0',
    })
    const answers = await Promise.all(Array.from({ length: 65 }, () => send(`${url}/mcp`, call())))
    expect(answers.map(({ status }) => status)).toEqual(Array(65).fill(200))
    expect(answers[0]?.headers.get('ratelimit-policy')).toBeNull()
  })
})

const ofSmall = { email: 'ada@small.example', email_verified: true }

describe('MCP_PLANS', () => {
  test('of 150 parallel calls by one user of an organization with a plan, on two hosts, exactly its 100 pass [O-11 B8-13] [F-000-22]', async () => {
    const token = await newPerson({ org_id: 'org_large' })
    const [refused] = await expectExactly(
      stack,
      { status: 200, limit: 100, name: 'mcp-users' },
      (i) => callAs(token, i % 2),
      150,
    )
    expect(refused.headers.get('ratelimit-policy')).toBe(`"large";q=100;w=${window}`)
    expect((await callAs(await newPerson({ org_id: 'org_large' }))).headers.get('ratelimit-remaining')).toBe('75')
  })

  test('a domain counts if the address is verified; a user without a plan has the usual limit, and a user of an unlimited plan has none', async () => {
    const policyOf = async (claims: JWTPayload) =>
      (await callAs(await newPerson(claims))).headers.get('ratelimit-policy')
    expect(await policyOf(ofSmall)).toBe(`"small";q=1;w=${window}`)
    for (const claims of [{ ...ofSmall, email_verified: false }, { org_id: 'org_other' }]) {
      expect(await policyOf(claims)).toBe(`"user";q=${userLimit};w=${window}`)
    }
    expect(await policyOf({ org_id: 'org_endless' })).toBeNull()
  })

  test('that are invalid are named in the log, and /mcp answers 503', async () => {
    const settings = {
      ...key.settings,
      REQUIRE_AUTH: 'false',
      MCP_PLANS: '{"large":{"limit":-1,"organizations":["org_large"]}}',
    }
    const { url, lines } = await deploy(stack, settings)
    const token = await newPerson({ org_id: 'org_large', iss: url, aud: `${url}/mcp` })
    const { status, headers } = await send(`${url}/mcp`, call(bearer(token)))
    expect([status, headers.get('retry-after')]).toEqual([503, '60'])
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(/"misconfigured".*MCP_PLANS\[0\] must have a limit/))
    expect(lines.join('\n')).not.toContain('org_large')
  })
})

describe('a client over the limit', () => {
  test.each([
    ['1.x', createV1Client],
    ['2.x, MCP of 2025', (options: SdkClientOptions) => createV2Client(options, {})],
    [
      '2.x, MCP of 2026',
      (options: SdkClientOptions) => createV2Client(options, { versionNegotiation: { mode: 'auto' } }),
    ],
  ])('of the SDK %s shows the message of the server, asks once, and goes on [O-11]', async (_version, create) => {
    const token = await newPerson(ofSmall)
    const sent: string[] = []
    const client = create({
      mcpUrl: new URL(stack.mcpUrl),
      clientMetadataUrl: undefined,
      fetch: (url, init) => {
        sent.push(String(init?.body))
        return fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...bearer(token) } })
      },
    })
    await client.connect()
    const ask = () => client.callTool('ask_redpanda_question', ' ')
    expect((await ask()).join()).toContain('missing_query')
    await expect(ask()).rejects.toThrow(
      new RegExp(`Too many tool calls: 1 in ${window / 3600} hours .* Try again in \\d+ `),
    )
    expect(sent.filter((body) => body.includes('"tools/call"'))).toHaveLength(2)
    expect(await client.listTools()).toContain('ask_redpanda_question')
    await client.close()
  })
})

test('REQUIRE_WORK_EMAIL refuses every request of a user with another address, and counts none of them [S-26] [F-000-21]', async () => {
  const settings = { ...key.settings, REQUIRE_AUTH: 'true', REQUIRE_WORK_EMAIL: 'true' }
  const { url, lines } = await deploy(stack, settings)
  const sub = crypto.randomUUID()
  const answerTo = async (email: string, sent: (headers: Sent['headers']) => Sent) => {
    const token = await newPerson({ sub, email, email_verified: true, iss: url, aud: `${url}/mcp` })
    return send(`${url}/mcp`, sent(bearer(token)))
  }
  const list = (headers: Sent['headers']) => message('tools/list', {}, headers)
  for (const [email, reason] of [
    ['ada@gmail.com', 'free_provider'],
    ['ada@mailinator.com', 'disposable'],
  ] as const) {
    for (const sent of [call, list]) {
      const refused = await answerTo(email, sent)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([403, null])
      const said = JSON.parse(await refused.text())
      // A client can show the model why the call of a tool was refused: it is the result of that call.
      const why = sent === call ? JSON.parse(said.result.content[0].text) : said
      expect(why).toMatchObject({ error: 'work_email_required', reason })
    }
  }
  const answered = await answerTo('ada@example.com', call)
  expect([answered.status, answered.headers.get('ratelimit-remaining')]).toEqual([200, String((userLimit * 3) / 4)])
  await vi.waitFor(() => expect(lines.join('\n')).toContain('"work_email"'))
  expect(lines.join('\n')).not.toMatch(/gmail|mailinator/)
})
