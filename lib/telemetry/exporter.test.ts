import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Collector, startCollector } from '../../dev/otlp/collector.ts'
import { recorded } from '../../dev/worlds/recording.ts'
import { createExporter } from './exporter.ts'
import { createMeter } from './meter.ts'
import type { Span } from './source.ts'

let collector: Collector

beforeAll(async () => {
  collector = await startCollector()
})
beforeEach(() => collector.reset())
afterAll(() => collector.stop())

const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), pending: [] }
const span: Span = {
  ...{ trace, spanId: trace.spanId, parentSpanId: undefined, name: 'GET', kind: 'server' },
  ...{ start: 1, end: 2, attributes: {}, failed: false },
}

/** An exporter with a clock of its own, and what it was given to send. */
function start(options: { readonly url?: string; readonly timeout?: number } = {}) {
  const { url = collector.url, timeout = 3000 } = options
  const clock = { now: 1_000_000 }
  const logged: unknown[] = []
  const meter = createMeter(() => clock.now)
  const spans: Span[] = []
  const exporter = createExporter(
    {
      urls: { traces: `${url}/v1/traces`, metrics: `${url}/v1/metrics` },
      headers: {},
      protocol: 'http/protobuf',
      timeout,
      resource: {},
      scope: { name: 'x', version: '1' },
      now: () => clock.now,
      log: recorded((event, fields) => logged.push([event, fields])),
    },
    {
      takeSpans: () => spans.splice(0),
      returnSpans: (given) => spans.unshift(...given),
      meter,
    },
  )
  return { ...exporter, clock, logged, meter, spans }
}

const tracesSent = () => collector.requests().filter(({ path }) => path === '/v1/traces').length

test('requests that end while a message is under way share the next one', async () => {
  const { send, spans } = start()
  const sending: Promise<void>[] = []
  for (let index = 0; index < 20; index++) {
    spans.push(span)
    sending.push(send())
  }
  await Promise.all(sending)
  expect([tracesSent(), collector.spans().length]).toEqual([2, 20])
})

test('a send ends only when what was there at its begin has been sent', async () => {
  const { send, spans } = start()
  spans.push(span)
  const first = send()
  spans.push(span)
  await send()
  expect(collector.spans().length).toBe(2)
  await first
})

test('a collector that fails is asked again after a pause that doubles, and the log says it once', async () => {
  const { send, spans, clock, logged } = start()
  collector.fault = { kind: 'status', status: 503 }
  const askedAfter: number[] = []
  spans.push(span)
  for (let passed = 0; passed <= 20_000; passed += 500, clock.now += 500) {
    const before = tracesSent()
    await send()
    if (tracesSent() > before) askedAfter.push(passed)
  }
  expect(askedAfter).toEqual([0, 1000, 3000, 7000, 15_000])
  expect(logged).toEqual([['telemetry_failed', { signal: 'traces', reason: 'HTTP 503' }]])
  collector.fault = undefined
  clock.now += 300_000
  await send()
  expect(collector.spans().length).toBe(1)
  // It fails anew: that is another line.
  collector.fault = { kind: 'close' }
  spans.push(span)
  await send()
  expect(logged.length).toBe(2)
})

test('the time that a collector names holds, up to five minutes', async () => {
  const { send, spans, clock } = start()
  const askedAfter = async (retryAfter: number) => {
    collector.fault = { kind: 'status', status: 429, retryAfter, times: 1 }
    spans.push(span)
    await send()
    const before = tracesSent()
    for (let seconds = 1; ; seconds++) {
      clock.now += 1000
      await send()
      if (tracesSent() > before) return seconds
    }
  }
  expect([await askedAfter(30), await askedAfter(86_400)]).toEqual([30, 300])
})

test('what is refused for good is dropped, and the next message is sent', async () => {
  const { send, spans, clock, meter } = start()
  collector.fault = { kind: 'status', status: 400, times: 2 }
  spans.push(span)
  meter.record('mcp_oauth.usage.lost', 5)
  await send()
  expect(spans).toEqual([])
  clock.now += 1000
  spans.push(span)
  meter.record('mcp_oauth.usage.lost', 1)
  await send()
  expect([collector.spans().length, collector.total('mcp_oauth.usage.lost')]).toEqual([1, 1])
})

test('one signal goes on while the other fails', async () => {
  const { send, spans, clock, meter, logged } = start()
  collector.fault = { kind: 'close', times: 1 }
  spans.push(span)
  await send()
  meter.record('mcp_oauth.usage.lost', 1)
  await send()
  expect([collector.total('mcp_oauth.usage.lost'), collector.spans().length]).toEqual([1, 0])
  clock.now += 1000
  await send()
  expect([collector.spans().length, logged.length]).toEqual([1, 1])
})

test.each([
  ['that is not there', 'ECONNREFUSED'],
  ['that does not answer in time', 'TimeoutError'],
])('a collector %s fails like any other', async (_what, reason) => {
  collector.fault = { kind: 'never' }
  const gone = await startCollector()
  await gone.stop()
  const { send, spans, logged } = start({ timeout: 50, ...(reason === 'ECONNREFUSED' && { url: gone.url }) })
  spans.push(span)
  await send()
  expect(logged).toEqual([['telemetry_failed', { signal: 'traces', reason }]])
  expect(spans).toEqual([span])
})
