import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CollectedSpan, type Collector, type CollectorFault, startCollector } from '../../dev/otlp/collector.ts'
import { recordLine } from '../../dev/worlds/recording.ts'
import { dayOf } from '../../lib/base/days.ts'
import type { Store } from '../../lib/store/store.ts'
import { builtArtifact } from '../support/artifact.ts'
import { type Deploy, deploySameIssuer } from '../support/deploy.ts'
import { hourWithRoom } from '../support/hour.ts'
import { callTool } from '../support/mcp.ts'
import { newAddress, type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { longWindow } from '../support/window.ts'

/** Traces and metrics through the artifact, as a collector gets them. */

let collector: Collector
let stack: Stack
let store: Store
let client: OAuthClient
const { signal } = new AbortController()

const question = 'How does a refresh token stay usable when an answer was lost?'
const email = newAddress()

beforeAll(async () => {
  collector = await startCollector()
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, MCP_LIMIT_WINDOW_SEC: String(longWindow()) }
  stack = await startStack({ settings })
  store = stack.store()
  client = await registerClient(stack.url)
})

/** The day on which a flow has run. The first one of a day does more, for example it moves the day on which the user was last seen. */
let begun: string | undefined
/** What a sign-in is recorded in. */
const ofSignIn = ['users', 'connections', 'last-seen', 'people', 'people-since', 'people-by-address', 'company-people']

beforeEach(async () => {
  await hourWithRoom()
  const today = dayOf(Date.now())
  if (today !== begun) {
    await wholeFlow()
    // The sign-in is recorded after the answer.
    for (const records of ofSignIn) {
      await vi.waitFor(async () => expect((await store.list(`${records}/`, signal)).keys).not.toEqual([]))
    }
  }
  begun = today
  // Each function has sent everything from before: it sends in order.
  const paths = ['/mcp/server-card', '/oauth/token', '/mcp', '/account']
  const counts = () => paths.map((path) => requestsTo(path, 'GET'))
  const before = counts()
  const sent = await Promise.all(paths.map((path) => traced(stack.url, { path })))
  await expect.poll(() => sent.every((traceId) => spansOf(traceId).length > 0)).toBe(true)
  await expect.poll(counts).toEqual(before.map((count) => count + 1))
  collector.reset()
  stack.kapa.reset()
})
afterEach(() => {
  // The scan of the whole run looks for secrets in these, as it does in the log.
  for (const { path, text } of collector.requests()) recordLine([path, ...printed(text)].join(' '))
})
afterAll(async () => {
  await stack?.stop()
  await collector?.stop()
})

/** The texts in a message. The bytes between them, such as ids and times, may look like anything. */
const printed = (message: string) => message.match(/[\t\n\x20-\x7e]{8,}/g) ?? []

/** One sign-in, one question and one refresh. Returns every token. */
async function wholeFlow() {
  const { accessToken, refreshToken } = await obtainTokens(client, email)
  const { body } = await callTool(stack.mcpUrl, 'ask_redpanda_question', { question }, accessToken)
  expect(body.result?.isError).toBe(false)
  return { accessToken, refreshToken, refreshed: tokensOf(await client.refresh(refreshToken)) }
}

const newId = (bytes: number) => randomBytes(bytes).toString('hex')

interface Caller {
  readonly path?: string
  readonly flags?: string
  readonly parent?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends a GET as the caller of a new trace. Returns its ID. */
async function traced(url: string, { path = '/health', flags = '01', parent = newId(8), headers }: Caller = {}) {
  const traceId = newId(16)
  await send(url + path, { headers: { traceparent: `00-${traceId}-${parent}-${flags}`, ...headers } })
  return traceId
}

const spansOf = (traceId: string) => collector.spans().filter((span) => span.traceId === traceId)

/** How often a path was asked for, as the metrics say. */
const requestsTo = (path = '/health', method = 'GET') =>
  collector.total('http.server.request.duration', { 'http.route': path, 'http.request.method': method })

/** The spans of a trace, once its request has arrived. */
async function arrivalOf(traceId: string): Promise<readonly CollectedSpan[]> {
  await expect.poll(() => spansOf(traceId).some(({ kind }) => kind === 2)).toBe(true)
  return spansOf(traceId)
}

/** What the service does now and then, beside whatever request comes at that moment. */
const nowAndThen = ['get blocked-clients', 'get connections', 'replace connections', 'GET provider']

/** The requests that have arrived, in order, each with the names of the spans below it. */
function trees(): readonly (readonly [request: string, below: readonly string[]])[] {
  return collector
    .spans()
    .filter(({ kind }) => kind === 2)
    .toSorted((one, other) => one.start - other.start)
    .map(({ name, spanId, traceId }) => {
      const below = spansOf(traceId).filter((span) => span.spanId !== spanId)
      expect(below.filter((span) => span.parentSpanId !== spanId)).toEqual([])
      const names = below.map((span) => span.name).filter((below) => !nowAndThen.includes(below))
      return [name, names.toSorted()] as const
    })
}

describe('one sign-in, one question and one refresh (OTEL_EXPORTER_OTLP_ENDPOINT)', () => {
  test('are one span for each request, and below it one for each operation of the store and each request to a service', async () => {
    await wholeFlow()
    await expect.poll(trees).toEqual([
      ['GET /oauth/authorize', ['put attempts']],
      ['POST /oauth/approve', ['put attempts', 'put usage']],
      ['GET /mcp/callback', ['POST provider', 'create audit', 'put attempts', 'put audit-people', 'put usage']],
      [
        'POST /oauth/token',
        [
          'create audit',
          'create connections',
          'create grants',
          'get ended',
          'get ended',
          'get people',
          'get users',
          'put attempts',
          'put audit-people',
          'put last-seen',
          'put usage',
          'replace users',
        ],
      ],
      ['POST /mcp', ['POST kapa', 'create attempts', 'create limits', 'get grants', 'put usage']],
      ['POST /oauth/token', ['put attempts', 'replace grants']],
    ])
    const [call] = collector.spans().filter(({ name }) => name === 'POST /mcp')
    expect(call?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/mcp',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'ask_redpanda_question',
    })
    const [kapa] = collector.spans().filter(({ name }) => name === 'POST kapa')
    expect(kapa?.attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': 'localhost',
      'server.port': Number(new URL(stack.kapa.url).port),
      'mcp_oauth.upstream': 'kapa',
      'http.response.status_code': 200,
    })
    expect(call && kapa && kapa.start >= call.start - 1 && kapa.end > kapa.start).toBe(true)
    const [rotated] = collector.spans().filter(({ name }) => name === 'replace grants')
    expect(rotated?.attributes).toEqual({
      'db.system.name': 'netlify_blobs',
      'db.operation.name': 'replace',
      'db.collection.name': 'grants',
      'mcp_oauth.outcome': 'ok',
    })
    expect(call?.resource).toEqual({
      'service.name': 'mcp-oauth-broker',
      'service.version': '0.1.0',
      'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
      'deployment.environment.name': 'dev',
    })
    // Each line of the log names its trace.
    const line = stack.logs.findLast((line) => line.includes('"mcp_call"')) ?? ''
    expect(JSON.parse(line)).toMatchObject({ level: 'info', trace_id: call?.traceId, requestId: expect.any(String) })
  })

  test('add to the metrics of every step', async () => {
    await wholeFlow()
    await expect.poll(() => trees().length).toBe(6)
    for (const step of ['authorization_asked', 'consent_granted', 'code_issued', 'code_redeemed']) {
      expect(collector.total('mcp_oauth.sign_in.steps', { 'mcp_oauth.step': step }), step).toBe(1)
    }
    expect(collector.total('mcp_oauth.refreshes', { 'mcp_oauth.outcome': 'rotated' })).toBe(1)
    expect(collector.total('http.server.request.duration', { 'http.route': '/oauth/token' })).toBe(2)
    expect(collector.total('db.client.operation.duration', { 'db.collection.name': 'grants' })).toBe(3)
    expect(collector.total('mcp_oauth.answer.duration', { 'mcp_oauth.upstream': 'kapa' })).toBe(1)
    expect(collector.total('mcp.server.operation.duration', { 'gen_ai.tool.name': 'ask_redpanda_question' })).toBe(1)
    expect(collector.total('mcp_oauth.events', { 'mcp_oauth.event': 'refresh_rotated' })).toBe(1)
    const ofRequests = collector.points('http.server.request.duration')
    expect(new Set(ofRequests.map(({ unit, kind }) => `${kind} ${unit}`))).toEqual(new Set(['histogram s']))
  })

  test('reveal no token, no code, no key, no address, no question and no path that a caller wrote', async () => {
    const { accessToken, refreshToken, refreshed } = await wholeFlow()
    const [request] = stack.logs.filter((line) => line.includes('"mcp_call"')).slice(-1)
    const { sub, client: hash } = JSON.parse(request ?? '{}')
    await traced(stack.url, { path: `/admin/people/${sub}?email=${email}` })
    await traced(stack.url, { path: '/mcp/server-card', headers: { 'user-agent': 'secret-of-the-caller' } })
    await callTool(stack.mcpUrl, 'secret-of-the-caller', { question }, refreshed.accessToken)
    await client.refresh('secret-of-the-caller')
    await expect.poll(() => trees().length).toBe(10)
    const sent = collector.requests().map(({ headers, text }) => JSON.stringify(headers) + text)
    const secrets = [
      accessToken,
      refreshToken,
      refreshed.accessToken,
      refreshed.refreshToken,
      stack.environment.MCP_OAUTH_SECRET ?? '',
    ]
    for (const secret of [
      ...secrets,
      email,
      email.split('@')[0] ?? '',
      question,
      sub,
      hash,
      'secret-of-the-caller',
      'code=',
    ]) {
      expect(secret.length).toBeGreaterThan(4)
      expect(sent.filter((text) => text.includes(secret))).toEqual([])
    }
    const routes = collector.spans().flatMap(({ kind, attributes }) => (kind === 2 ? [attributes['http.route']] : []))
    expect(routes).toEqual(expect.arrayContaining(['/admin/*', '/mcp/server-card']))
  })
})

describe('a caller that sends a traceparent', () => {
  test('finds the request in its own trace', async () => {
    const parent = newId(8)
    const [span, ...others] = await arrivalOf(await traced(stack.url, { parent }))
    expect([span?.name, span?.parentSpanId, others]).toEqual(['GET /health', parent, []])
  })

  test.each([
    ['is not in the form', 'x'],
    ['has a trace of zeros', `00-${'0'.repeat(32)}-${newId(8)}-01`],
    ['has a parent of zeros', `00-${newId(16)}-${'0'.repeat(16)}-01`],
    ['has a version of the future', `ff-${newId(16)}-${newId(8)}-01`],
    ['is in capitals', `00-${'A'.repeat(32)}-${newId(8)}-01`],
  ])('that %s begins a new trace', async (_what, traceparent) => {
    await send(`${stack.url}/health`, { headers: { traceparent } })
    await expect.poll(() => collector.spans().length).toBe(1)
    const [span] = collector.spans()
    expect(span?.parentSpanId).toBeUndefined()
    expect(traceparent).not.toContain(span?.traceId)
  })

  test('decides whether its own trace is sent, and changes no metric', async () => {
    const silent = await traced(stack.url, { flags: '00' })
    await arrivalOf(await traced(stack.url))
    expect(spansOf(silent)).toEqual([])
    await expect.poll(() => requestsTo()).toBe(2)
  })
})

/** How a collector fails, and whether it gets later what it did not take. */
const faults: readonly (readonly [what: string, fault: CollectorFault, later: boolean])[] = [
  ['answers 429 and names a time', { kind: 'status', status: 429, retryAfter: 1, times: 2 }, true],
  ['answers 503', { kind: 'status', status: 503, times: 2 }, true],
  ['closes the connection', { kind: 'close', times: 2 }, true],
  ['never answers', { kind: 'never', times: 2 }, true],
  ['answers 400', { kind: 'status', status: 400, times: 2 }, false],
  ['redirects', { kind: 'status', status: 307, location: 'http://localhost:1/', times: 2 }, false],
  ['answers nonsense', { kind: 'nonsense', times: 2 }, false],
]

test.each(faults)('a collector that %s changes no answer, and no answer waits for it', async (what, fault, later) => {
  const failures = () => stack.logs.filter((line) => line.includes('"telemetry_failed"')).length
  const before = failures()
  collector.fault = fault
  let asked = 1
  const began = performance.now()
  const lost = await traced(stack.url)
  // The service waits three seconds for a collector.
  expect(performance.now() - began).toBeLessThan(2500)
  await expect.poll(() => collector.requests().length).toBe(2)
  const isBack = async () => {
    asked += 1
    await traced(stack.url)
    // Each of the two is sent again with the next request after its own pause.
    return collector.spans().length > 0 && requestsTo() > 0
  }
  await expect.poll(isBack).toBe(true)
  expect(spansOf(lost).length > 0).toBe(later)
  // One line for traces and one for metrics, however often it failed.
  expect(failures() - before).toBe(what === 'answers nonsense' ? 0 : 2)
  // Nothing is counted twice, and nothing is missing.
  if (later) await expect.poll(() => [requestsTo(), collector.spans().length]).toEqual([asked, asked])
})

/** Starts a second host on the same store, with other settings. */
async function other(settings: Readonly<Record<string, string>>): Promise<Deploy> {
  return deploySameIssuer(stack, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...settings })
}

test('counters of two hosts add up, since each instance has a name of its own', async () => {
  const second = await other({})
  const requests = Array.from({ length: 20 }, (_, index) => traced(index % 2 === 0 ? stack.url : second.url))
  for (const traceId of await Promise.all(requests)) await arrivalOf(traceId)
  await expect.poll(() => requestsTo()).toBe(requests.length)
  const instances = collector
    .points('http.server.request.duration')
    .map(({ resource }) => resource['service.instance.id'])
  expect(new Set(instances).size).toBe(2)
})

test('OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say how spans and metrics are sent, and of what', async () => {
  const { url } = await other({
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of-the-collector,x-team=docs',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_SERVICE_NAME: 'docs-mcp',
    OTEL_RESOURCE_ATTRIBUTES: 'team=docs,service.name=other,deployment.environment.name=made%20up',
  })
  const [span] = await arrivalOf(await traced(url))
  expect(span?.resource).toMatchObject({
    'service.name': 'docs-mcp',
    team: 'docs',
    'deployment.environment.name': 'made up',
  })
  await expect.poll(() => collector.points('http.server.request.duration').length).toBe(1)
  for (const { headers } of collector.requests()) {
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer of-the-collector',
      'x-team': 'docs',
    })
  }
  // A request that gets no answer gives way to the next after two seconds, and not after the usual ten.
  collector.fault = { kind: 'never', times: 2 }
  const late = await traced(url)
  const another = async () => {
    await traced(url)
    return collector.fault
  }
  await expect.poll(another).toBeUndefined()
  const arrived = async () => {
    await traced(url)
    return spansOf(late).length
  }
  await expect.poll(arrived, { timeout: 8000 }).toBe(1)
})

test('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and OTEL_EXPORTER_OTLP_METRICS_ENDPOINT are used as they are', async () => {
  const { url } = await other({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/of-traces/v1/traces`,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/of-metrics/v1/metrics`,
  })
  await arrivalOf(await traced(url))
  await expect
    .poll(() =>
      collector
        .requests()
        .map(({ path }) => path)
        .toSorted(),
    )
    .toEqual(['/of-metrics/v1/metrics', '/of-traces/v1/traces'])
})

test.each([
  ['OTEL_TRACES_EXPORTER', '/v1/metrics'],
  ['OTEL_METRICS_EXPORTER', '/v1/traces'],
])('OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER turn off one of the two: %s', async (name, left) => {
  const { url } = await other({ [name]: 'none' })
  await traced(url)
  await traced(url)
  await expect.poll(() => collector.requests().length).toBeGreaterThan(0)
  expect(new Set(collector.requests().map(({ path }) => path))).toEqual(new Set([left]))
})

test('OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG choose traces, whatever callers say', async () => {
  const { url } = await other({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' })
  const sent = await Promise.all(
    ['0', '7', '8', 'f'].map(async (digit) => {
      const traceId = newId(9) + digit.repeat(14)
      await send(`${url}/health`, { headers: { traceparent: `00-${traceId}-${newId(8)}-00` } })
      return traceId
    }),
  )
  await expect.poll(() => requestsTo()).toBe(4)
  await expect.poll(() => collector.spans().length).toBe(2)
  expect(sent.map((traceId) => spansOf(traceId).length)).toEqual([1, 1, 0, 0])
})

test('MCP_TRACE_UPSTREAMS names the services that learn of a trace', async () => {
  const { url } = await other({ MCP_TRACE_UPSTREAMS: 'kapa' })
  const { accessToken } = await obtainTokens(client, email)
  const ask = (to: string) => callTool(`${to}/mcp`, 'ask_redpanda_question', { question }, accessToken)
  await ask(stack.url)
  expect(stack.kapa.calls().map(({ headers }) => headers.traceparent)).toEqual([undefined])
  await ask(url)
  await expect.poll(() => collector.spans().filter(({ name }) => name === 'POST /mcp').length).toBe(2)
  const asked = collector.spans().filter(({ name }) => name === 'POST kapa')
  expect(asked.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toContain(
    stack.kapa.calls().at(-1)?.headers.traceparent,
  )
})

test('MCP_LOG_LEVEL leaves out events below it, and metrics still count them', async () => {
  const { url, lines } = await other({ MCP_LOG_LEVEL: 'warn' })
  const { accessToken } = await obtainTokens(client, email)
  await callTool(`${url}/mcp`, 'ask_redpanda_question', { question }, accessToken)
  await callTool(`${url}/mcp`, 'ask_redpanda_question', { question }, 'no-token')
  const event = { 'mcp_oauth.event': 'mcp_call', 'mcp_oauth.level': 'info' }
  await expect.poll(() => collector.total('mcp_oauth.events', event)).toBe(1)
  const logged = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  expect(logged.map(({ event, level }) => [event, level])).toEqual([['mcp_token_refused', 'warn']])
})

test('a run of the scheduled function tells what waits, how far usage is counted and how old the key is', async () => {
  for (const name of ['usage', 'maintenance']) {
    expect((await send(`${stack.url}/.netlify/functions/${name}`, { method: 'POST' })).status).toBe(200)
  }
  await expect.poll(() => collector.points('mcp_oauth.signing_key.age').length).toBe(2)
  for (const { value } of collector.points('mcp_oauth.signing_key.age')) {
    expect(value).toBeGreaterThanOrEqual(0)
    expect(value).toBeLessThan(600)
  }
  const states = collector.points('mcp_oauth.outbox.messages').map(({ attributes }) => attributes['mcp_oauth.state'])
  expect(states.toSorted()).toEqual(['dead', 'dead', 'waiting', 'waiting'])
})

test('the readiness check sets a gauge', async () => {
  await send(`${stack.url}/health/ready`)
  await expect.poll(() => collector.points('mcp_oauth.ready').map(({ value }) => value)).toEqual([1])
})

test('an instance loads what sends spans and metrics after its first answer only', async () => {
  const probe = new URL('../support/loaded-files.ts', import.meta.url).href
  const { url, lines } = await other({ NODE_OPTIONS: `--import=${probe}` })
  const { files } = builtArtifact().functions.find(({ name }) => name === 'about') ?? { files: [] }
  const fileOf = (source: string) => `loaded about/${files.find(({ inputs }) => source in inputs)?.path}`
  const isLoaded = (source: string) => lines.some((line) => line.includes(fileOf(source)))
  // The proof of the store waits for an answer that does not come, and asks again. Until it is over, there is no answer.
  stack.emulator.addFault({ action: 'hang', key: '^health/', count: 1 })
  let answered = false
  const asked = traced(url, { path: '/health/ready' }).then((traceId) => {
    answered = true
    return traceId
  })
  await expect.poll(() => isLoaded('lib/service/observer.ts')).toBe(true)
  expect([answered, isLoaded('lib/telemetry/telemetry.ts')]).toEqual([false, false])
  await arrivalOf(await asked)
  stack.emulator.clearFaults()
  expect(isLoaded('lib/telemetry/telemetry.ts')).toBe(true)
})
