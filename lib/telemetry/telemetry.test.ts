import { describe, expect, test } from 'vitest'
import { recorded } from '../../dev/worlds/recording.ts'
import type { Trace } from '../base/request.ts'
import type { Measure } from './measure.ts'
import { createSampler, samplerNames } from './sampler.ts'
import type { Source } from './source.ts'
import { createTelemetry } from './telemetry.ts'

const log = recorded()

/** Telemetry whose exporter sends nothing, and its source. */
function start(options: { readonly propagateTo?: readonly string[] } = {}) {
  let source: Source | undefined
  const telemetry = createTelemetry({
    sampler: { name: 'parentbased_always_on', ratio: 1 },
    propagateTo: [],
    routeOf: (url) => (url.endsWith('/mcp') ? '/mcp' : undefined),
    readinessPath: '/health/ready',
    storeSystem: 'netlify_blobs',
    now: Date.now,
    exporter(from) {
      source = from
      return { send: async () => log('sent') }
    },
    ...options,
  })
  if (!source) throw new Error('no exporter was made')
  const { takeSpans, returnSpans, meter } = source
  /** The values of a metric since the last call. */
  const values = () =>
    Object.fromEntries(
      [...(meter.collect()?.metrics ?? [])].map(([name, points]) => [name, points.map(({ value }) => value)]),
    )
  return { ...telemetry, takeSpans, returnSpans, values }
}

const traceOf = (members: Partial<Trace> = {}): Trace => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  pending: [],
  ...members,
})

const operation = (trace: Trace | undefined, members: Partial<Measure> = {}): Measure => ({
  kind: 'store',
  name: 'get',
  detail: 'grants/u_hash-of-a-person/202611/x',
  at: 1000,
  took: 5,
  trace,
  result: null,
  ...members,
})

describe('spans', () => {
  test('of a store operation name its collection and nothing else of its key', () => {
    const { take, takeSpans } = start()
    const trace = traceOf()
    take(operation(trace))
    take(operation(trace, { detail: 'u_hash-of-a-person/x' }))
    take(operation(trace, { name: 'create', result: { won: false, ambiguous: false } }))
    take(operation(trace, { name: 'put', result: undefined, error: new RangeError('of hash-of-a-person') }))
    const spans = takeSpans()
    expect(
      spans.map(({ name, attributes }) => [name, attributes['mcp_oauth.outcome'], attributes['error.type']]),
    ).toEqual([
      ['get grants', 'absent', undefined],
      ['get', 'absent', undefined],
      ['create grants', 'lost', undefined],
      ['put grants', 'failed', 'RangeError'],
    ])
    expect(JSON.stringify(spans)).not.toContain('hash-of-a-person')
    expect(new Set(spans.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([trace.spanId]))
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4)
  })

  test('of a request to a service name its host, and neither path nor query nor what an error says', () => {
    const { take, takeSpans } = start()
    const failed = new TypeError('fetch failed: secret-in-a-path')
    const detail = 'POST https://crm.example:8443/hooks/secret-in-a-path?key=secret-in-a-path'
    take({ kind: 'upstream', name: 'crm', detail, at: 1, took: 1, trace: traceOf(), error: failed })
    const spans = takeSpans()
    expect(spans).toMatchObject([
      {
        name: 'POST crm',
        failed: true,
        attributes: { 'server.address': 'crm.example', 'server.port': 8443, 'error.type': 'TypeError' },
      },
    ])
    expect(JSON.stringify(spans)).not.toContain('secret-in-a-path')
  })

  test('of one trace are at most 512, of an instance at most 2,048; the others are counted', () => {
    const { take, takeSpans, returnSpans, values } = start()
    for (let traces = 0; traces < 5; traces++) {
      const trace = traceOf()
      for (let index = 0; index < 600; index++) take(operation(trace))
    }
    const spans = takeSpans()
    expect(spans.length).toBe(2048)
    const first = values()
    expect(first['mcp_oauth.telemetry.dropped']).toEqual([5 * 600 - 2048])
    // The metrics have all of them.
    expect(first['db.client.operation.duration']?.[0]).toBeCloseTo(5 * 600 * 0.005)
    take(operation(traceOf()))
    returnSpans(spans)
    expect(values()['mcp_oauth.telemetry.dropped']).toEqual([1])
    expect(takeSpans().length).toBe(2048)
  })

  test('of a request have what is learned about it after the answer', () => {
    const { take, takeSpans } = start()
    const trace = traceOf({ parentSpanId: 'c'.repeat(16), flags: '01' })
    take({
      kind: 'request',
      name: 'POST',
      detail: 'https://docs.example/mcp',
      at: 1,
      took: 1,
      trace,
      result: new Response(),
    })
    const fields = { tool: 'ask', outcome: 'timeout', ms: 20, sub: 'u_x' }
    take({ kind: 'event', name: 'mcp_call', at: 2, took: 0, trace, result: fields })
    expect(takeSpans()).toMatchObject([
      {
        name: 'POST /mcp',
        spanId: trace.spanId,
        parentSpanId: trace.parentSpanId,
        attributes: { 'gen_ai.tool.name': 'ask', 'error.type': 'timeout', 'http.response.status_code': 200 },
      },
    ])
  })

  test('wait for work after the answer, and for the work that this begins', async () => {
    const { flush } = start()
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const trace = traceOf()
    trace.pending.push(first.promise)
    let over = false
    const flushed = flush(trace).then(() => {
      over = true
    })
    trace.pending.push(second.promise)
    first.reject(new Error('failed'))
    await new Promise(setImmediate)
    expect(over).toBe(false)
    second.resolve()
    await flushed
    expect(over).toBe(true)
  })
})

describe('events', () => {
  test('are counted by level, with words of ours only', () => {
    const { take, takeSpans, values } = start()
    const event = (name: string, fields: object): Measure => ({ kind: 'event', name, at: 1, took: 0, result: fields })
    take(event('refresh_reused', { grant: 'x', client: 'y' }))
    take(event('mcp_refused', { reason: 'a@b.example wrote this' }))
    take(event('kapa_failed', { durationMs: 1500, code: 'timeout' }))
    take(event('vault_asked', { outcome: 'renewed' }))
    take(event('upstream_token', { outcome: 'a@b.example', sub: 'u_x' }))
    take(event('upstream_service_account', { sub: 'u_x' }))
    expect(values()).toEqual({
      'mcp_oauth.events': [1, 1, 1, 1, 1, 1],
      'mcp_oauth.refreshes': [1],
      'mcp_oauth.refused': [1],
      'mcp_oauth.answer.duration': [1.5],
      'mcp_oauth.vault.renewals': [1],
      'mcp_oauth.upstream_tokens': [1, 1],
    })
    expect(takeSpans()).toEqual([])
  })
})

describe('samplers', () => {
  const roots = {
    on: traceOf({ traceId: `${'0'.repeat(18)}${'f'.repeat(14)}` }),
    low: traceOf({ traceId: `${'0'.repeat(31)}1` }),
  }
  const ofCaller = (flags: string) => traceOf({ ...roots.on, parentSpanId: 'c'.repeat(16), flags })

  test.each([
    // [a root with a high number, a root with a low one, a caller's with the flag, a caller's without]
    ['always_on', [true, true, true, true]],
    ['always_off', [false, false, false, false]],
    ['traceidratio', [false, true, false, false]],
    ['parentbased_always_on', [true, true, true, false]],
    ['parentbased_always_off', [false, false, true, false]],
    ['parentbased_traceidratio', [false, true, true, false]],
  ] as const)('%s', (name, expected) => {
    const isSampled = createSampler(name, 0.5)
    expect([roots.on, roots.low, ofCaller('01'), ofCaller('00')].map(isSampled)).toEqual(expected)
    expect(samplerNames).toContain(name)
  })

  test('the ratios 0 and 1 mean none and all', () => {
    expect([0, 1].map((ratio) => createSampler('traceidratio', ratio)(roots.on))).toEqual([false, true])
    expect(createSampler('traceidratio', 0)(roots.low)).toBe(false)
  })
})

describe('a service that is to know of a trace', () => {
  const upstream = (name: string, trace?: Trace): Measure => ({ kind: 'upstream', name, at: 1, took: 1, trace })

  test('gets the span of its own request, and others get nothing', () => {
    const { propagate, take, takeSpans } = start({ propagateTo: ['kapa'] })
    const trace = traceOf()
    const asked = upstream('kapa', trace)
    const traceparent = propagate(asked)
    take(asked)
    const [span] = takeSpans()
    expect(traceparent).toBe(`00-${trace.traceId}-${span?.spanId}-01`)
    expect([propagate(upstream('crm', trace)), propagate(upstream('kapa')), propagate(operation(trace))]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('learns whether the trace is sent', () => {
    const { propagate } = start({ propagateTo: ['kapa'] })
    expect(propagate(upstream('kapa', traceOf({ parentSpanId: 'c'.repeat(16), flags: '00' })))).toMatch(/-00$/)
  })
})
