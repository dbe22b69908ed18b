import { expect, test } from 'vitest'
import { metricsMessage as readMetrics, tracesMessage as readTraces } from '../../dev/otlp/protobuf.ts'
import { createMeter } from './meter.ts'
import { metricsMessage, tracesMessage } from './otlp.ts'
import { encode, metricsFields, tracesFields } from './protobuf.ts'

const origin = {
  resource: { 'service.name': 'ünïcode', 'process.pid': 300 },
  scope: { name: 'x', version: '1.0' },
  now: () => 1_796_000_000_123.25,
}

test('spans are the same as Protocol Buffers and as JSON', () => {
  const trace = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), pending: [] }
  const span = {
    trace,
    spanId: 'ef'.repeat(8),
    start: 1_796_000_000_000.001,
    end: 1_796_000_000_250,
    failed: true,
  } as const
  const spans = [
    {
      ...span,
      parentSpanId: trace.spanId,
      name: 'get grants',
      kind: 'client',
      attributes: { a: 'b', n: 16_384, u: undefined },
    },
    { ...span, parentSpanId: undefined, name: 'GET', kind: 'server', attributes: {}, failed: false },
  ] as const
  const message = tracesMessage(spans, origin)
  expect(message.resourceSpans[0]?.scopeSpans[0]?.spans[0]).toMatchObject({
    startTimeUnixNano: '1796000000000000976',
    endTimeUnixNano: '1796000000250000000',
    attributes: [
      { key: 'a', value: { stringValue: 'b' } },
      { key: 'n', value: { intValue: '16384' } },
    ],
    status: { code: 2 },
  })
  const read = readTraces(encode(message, tracesFields))
  expect(withoutEmpty(read)).toEqual(withoutEmpty(JSON.parse(JSON.stringify(message))))
})

test('metrics are the same as Protocol Buffers and as JSON', () => {
  const meter = createMeter(() => 1_795_999_999_000)
  meter.record('http.server.request.duration', 0.25, { 'http.route': '/mcp', 'http.response.status_code': 200 })
  meter.record('mcp_oauth.refreshes', 3)
  meter.record('mcp_oauth.signing_key.age', 12.5)
  const collected = meter.collect()
  if (!collected) throw new Error('nothing was collected')
  const message = metricsMessage(collected, origin)
  expect(JSON.stringify(message)).toContain('"aggregationTemporality":1,"isMonotonic":true')
  const read = readMetrics(encode(message, metricsFields))
  expect(withoutEmpty(read)).toEqual(withoutEmpty(JSON.parse(JSON.stringify(message))))
})

/** Protocol Buffers have no empty lists and texts. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(
    ([, member]) => member !== '' && !(Array.isArray(member) && member.length === 0),
  )
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutEmpty(member)]))
}
