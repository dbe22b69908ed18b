import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hostileHeader } from '../hostile.ts'
import { inTime } from '../in-time.ts'
import { jsonOf } from '../invariants.ts'
import { issuer, resource } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import {
  after,
  longestId,
  type Message,
  messageFor,
  mirrored,
  mishap,
  otherMessage,
  spelled,
  spelling,
  written,
} from './bodies.ts'
import { allCallers, authorizations, discardAuthorizations, isStranger, scopesOf, type Who } from './callers.ts'
import { discardEndpoints, guardedEndpoint, optional, type Policy, type Traces, toolNames } from './guarded-endpoint.ts'
import { isUnwanted, mayRun, refusalOf } from './who-may.ts'

/** The limits of the endpoint: messages in a batch, and bytes of a body. */
const mostMessages = 10
const mostBytes = 64 * 1024
const bounds = [mostBytes - 1, mostBytes, mostBytes + 1]

const policies: fc.Arbitrary<Policy> = fc.record({
  requireAuth: fc.boolean(),
  lazyAuth: fc.boolean(),
  requireWorkEmail: fc.boolean(),
  publicTools: fc.subarray([...optional]),
})

const oddHeaders = fc.array(
  fc.tuple(
    fc.constantFrom(
      'accept',
      'content-type',
      'mcp-protocol-version',
      'mcp-method',
      'mcp-name',
      'mcp-session-id',
      'origin',
      'content-encoding',
      'x-http-method-override',
    ),
    fc.oneof(
      hostileHeader,
      fc.constantFrom(...['2026-07-28', '2025-06-18', '2025-03-26', '1999-01-01', 'tools/call', 'tools/list', 'ping']),
      fc.constantFrom('ask', 'status', 'feedback', 'text/html', 'application/json', '*/*', 'gzip', issuer),
    ),
  ),
  { minLength: 1, maxLength: 3 },
)

const message = messageFor(toolNames)
/** Gives each message its own id. Of two messages with one id, the SDK answers one and closes. */
const asBatch = (all: readonly Message[]) => ({
  all: all.map((one, id) => ('id' in one ? { ...one, id } : one)),
  batch: true,
})
const longBatch = fc
  .tuple(
    fc.array(message, { maxLength: 1 }),
    fc.array(otherMessage, { minLength: mostMessages - 2, maxLength: mostMessages + 1, size: 'max' }),
  )
  .map((parts) => asBatch(parts.flat()))
const messages = fc.oneof(
  { weight: 10, arbitrary: message.map((one) => ({ all: [one], batch: false })) },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 3 }).map(asBatch) },
  { weight: 1, arbitrary: longBatch },
)

const request = fc.record({
  who: fc.oneof(fc.constantFrom<Who>('anonymous', 'reader', 'writer'), fc.constantFrom(...allCallers)),
  policy: policies,
  exhausted: fc.boolean(),
  messages,
  modern: fc.boolean(),
  spelling,
  /** Spaces at the end of the body make it this long. */
  length: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(...bounds) }),
  mishap: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: mishap }),
  headers: fc.oneof(
    { weight: 3, arbitrary: fc.constant<[string, string][]>([]) },
    { weight: 1, arbitrary: oddHeaders },
  ),
  method: fc.oneof(
    { weight: 12, arbitrary: fc.constant('POST') },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'constructor') },
  ),
})

export const admission = property({
  name: 'the MCP endpoint: a tool runs only for a caller that may call it, once for each request, and it is counted',
  cases: 2_000,
  values: request,
  afterFailure() {
    discardEndpoints()
    discardAuthorizations()
  },
  async holds({ who, policy, exhausted, messages, modern, spelling, length, mishap, headers, method }) {
    const { all, batch } = messages
    const sent = all.map((one) => written(one, modern))
    const text = spelled(batch ? sent : sent[0], spelling)
    const read = mishap === null ? Buffer.from(text) : after(mishap, text)
    const body = Buffer.concat([read, Buffer.alloc(Math.max(length - read.length, 0), ' ')])
    const { traces, fetch } = await guardedEndpoint(policy)
    traces.exhausted = exhausted
    const mirror = modern && !batch && all[0] ? mirrored(all[0]) : {}
    const own = new Headers({ 'content-type': 'application/json', ...mirror })
    const authorization = (await authorizations()).get(who)
    if (authorization !== undefined) own.set('authorization', authorization)
    for (const [name, value] of headers) own.set(name, value)
    const takesBody = method !== 'GET' && method !== 'HEAD'
    const init = { method, headers: own, ...(takesBody && { body: Buffer.from(body) }) }
    const response = await inTime('the answer', 1_000, fetch(new Request(resource, init)))
    const answer = await inTime('the body', 1_000, response.text())

    const fromPage = headers.some(([name]) => name === 'origin')
    expectSound(response, answer, { mayChallenge: !fromPage && !isUnwanted(who, policy) })
    expectOnlyWhatIsAllowed(traces, { who, policy, method })
    if (exhausted) assert.deepEqual(traces.ran, [])
    if (traces.ran.length > 0) assert.equal(response.status, 200)
    expectFitting(response, who)
    if (mishap === null && headers.length === 0 && method === 'POST') {
      const asked = { response, answer, traces, who, policy }
      if (body.length > mostBytes) expectTooLarge(asked)
      else expectExactly({ ...asked, all, batch, exhausted })
    }
  },
})

function expectSound(
  { status, headers }: Response,
  text: string,
  { mayChallenge }: { readonly mayChallenge: boolean },
): void {
  assert(status < 500, `a server error: ${status} ${text}`)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('access-control-allow-origin'), '*')
  assert(!text.includes('    at '), `a stack trace: ${text}`)
  assert(!text.includes('-32603'), `reports an internal error: ${text}`)
  const challenge = headers.get('www-authenticate')
  if (status === 401 || (status === 403 && mayChallenge)) assert(challenge !== null, 'no challenge')
  if (status === 429) assert.match(headers.get('retry-after') ?? '', /^\d+$/)
  if (challenge !== null) {
    assert.match(
      challenge,
      /^Bearer resource_metadata="https:\/\/[^"]+"(?:, [a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*")*$/,
    )
  }
  if ([200, 202, 204, 302, 400, 401, 403, 405, 406, 413, 415, 429].includes(status)) return
  assert.equal(typeof jsonOf(text).error, 'object', `${status} ${text}`)
}

/** An oracle over the tools that ran. It does not read the body. */
function expectOnlyWhatIsAllowed(
  { ran, counted }: Traces,
  { who, policy, method }: { readonly who: Who; readonly policy: Policy; readonly method: string },
): void {
  assert(ran.length <= 1, `several tools: ${JSON.stringify(ran)}`)
  assert(counted.length <= 1, `counted more than once: ${JSON.stringify(counted)}`)
  const anonymous = scopesOf(who) === null
  for (const { tool, by } of ran) {
    assert.equal(method, 'POST')
    assert(mayRun(tool, who, policy), `${tool} ran for ${who}`)
    assert.equal(by, anonymous ? undefined : 'user-1')
    assert.equal(counted.length, 1, 'a tool ran without being counted')
  }
  // A refused request counts neither against the user nor against the address.
  if (isStranger(who)) assert.deepEqual(counted, [])
  for (const subject of counted) assert.equal(subject, anonymous ? '203.0.113.7' : 'user-1')
}

/** A challenge asks for something that the caller lacks. Otherwise the client would loop. */
function expectFitting({ status, headers }: Response, who: Who): void {
  const challenge = headers.get('www-authenticate') ?? ''
  const scopes = scopesIn(challenge)
  const held = scopesOf(who)
  assert(scopes.every((scope) => scope === 'docs:read' || scope === 'docs:feedback'))
  if (status === 401) {
    assert.equal(held, null, 'asks a signed-in user to sign in')
    assert.equal(challenge.includes('error="invalid_token"'), isStranger(who))
    assert(scopes.length > 0)
  }
  if (status === 403 && challenge !== '') {
    assert(held !== null && challenge.includes('error="insufficient_scope"'), challenge)
    assert(!scopes.every((scope) => held.includes(scope)), 'the challenge names no missing scope')
  }
}

const scopesIn = (challenge: string) => /, scope="([^"]*)"/.exec(challenge)?.[1]?.split(' ') ?? []

interface Asked {
  readonly response: Response
  readonly answer: string
  readonly traces: Traces
  readonly who: Who
  readonly policy: Policy
}

function expectRefused({ response, traces }: Asked, refusal: NonNullable<ReturnType<typeof refusalOf>>): void {
  const scopes = scopesIn(response.headers.get('www-authenticate') ?? '').sort()
  assert.deepEqual({ status: response.status, scopes }, refusal)
  assert.deepEqual([traces.ran, traces.counted], [[], []])
}

/** The body asks for nothing recognizable: it needs no more than connecting does, and no tool runs. */
function expectTooLarge(asked: Asked): void {
  const { who, policy } = asked
  expectRefused(asked, refusalOf([{ method: 'ping' }], who, policy) ?? { status: 413, scopes: [] })
}

/** The expected outcome of a well-formed body. */
function expectExactly({
  all,
  batch,
  exhausted,
  ...asked
}: Asked & { readonly all: readonly Message[]; readonly batch: boolean; readonly exhausted: boolean }): void {
  const { response, answer, traces, who, policy } = asked
  const refusal = refusalOf(all, who, policy)
  const calls = all.filter(({ method }) => method === 'tools/call')
  if (calls[0] && !isStranger(who) && (refusal !== undefined || response.status === 429)) {
    const { id = null } = calls[0]
    // A refusal that answers a call names it, unless that would make it as long as the call.
    assert.equal(jsonOf(answer).id, typeof id === 'string' && id.length > longestId ? null : id)
  }
  if (refusal !== undefined || all.length > mostMessages) {
    expectRefused(asked, refusal ?? { status: 400, scopes: [] })
    return
  }
  assert(![401, 403].includes(response.status), `refused without a reason: ${response.status}`)
  if (calls.length > 1) assert.equal(response.status, 400)
  assert.equal(traces.counted.length, calls.length === 1 ? 1 : 0)
  if (calls.length === 1) assert.equal(response.status === 429, exhausted)
  const [call] = all
  const runs = !batch && calls.length === 1 && call?.id !== undefined && toolNames.some((name) => name === call.name)
  if (runs && !exhausted)
    assert.deepEqual(
      traces.ran.map(({ tool }) => tool),
      [call.name],
    )
}
