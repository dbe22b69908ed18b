import { describe, expect, test } from 'vitest'
import { bounds, createMeter, type Point } from './meter.ts'

const route = (name: string) => ({ 'http.route': name })

describe('a meter', () => {
  test('adds up between two collections, and begins anew after each', () => {
    let now = 1000
    const meter = createMeter(() => now)
    meter.record('mcp_oauth.refreshes', 1, { 'mcp_oauth.outcome': 'rotated' })
    meter.record('mcp_oauth.refreshes', 1, { 'mcp_oauth.outcome': 'rotated' })
    meter.record('mcp_oauth.refreshes', 1, { 'mcp_oauth.outcome': 'rested' })
    now = 2000
    const first = meter.collect()
    expect(first?.from).toBe(1000)
    expect(first?.metrics.get('mcp_oauth.refreshes')?.map(({ value }) => value)).toEqual([2, 1])
    expect(meter.collect()).toBeNull()
    meter.record('mcp_oauth.refreshes', 1)
    expect(meter.collect()?.from).toBe(2000)
  })

  test('the order of attributes makes no other series, and an absent one is as good as none', () => {
    const meter = createMeter(() => 0)
    meter.record('mcp_oauth.refused', 1, { 'mcp_oauth.refused.by': 'mcp', 'error.type': 'scope' })
    meter.record('mcp_oauth.refused', 1, { 'error.type': 'scope', 'mcp_oauth.refused.by': 'mcp' })
    meter.record('mcp_oauth.refused', 1, { 'error.type': undefined })
    meter.record('mcp_oauth.refused', 1)
    expect(
      meter
        .collect()
        ?.metrics.get('mcp_oauth.refused')
        ?.map(({ value }) => value),
    ).toEqual([2, 2])
  })

  test('a duration is in the first bucket whose bound it does not exceed', () => {
    const meter = createMeter(() => 0)
    for (const seconds of [0, 0.005, 0.0051, 60, 61]) meter.record('http.server.request.duration', seconds)
    const [point] = meter.collect()?.metrics.get('http.server.request.duration') ?? []
    expect(point?.buckets).toEqual([2, 1, ...Array(bounds.length - 3).fill(0), 1, 1])
    expect([point?.count, point?.value]).toEqual([5, 121.0101])
  })

  test('what could not be sent is in the next collection, from its own beginning, and the newer gauge stays', () => {
    let now = 1000
    const meter = createMeter(() => now)
    meter.record('mcp_oauth.usage.lost', 2)
    meter.record('http.server.request.duration', 0.3, route('/mcp'))
    meter.record('mcp_oauth.ready', 0)
    meter.record('mcp_oauth.signing_key.age', 7)
    const unsent = meter.collect()
    now = 5000
    meter.record('mcp_oauth.usage.lost', 3)
    meter.record('http.server.request.duration', 0.3, route('/mcp'))
    meter.record('mcp_oauth.ready', 1)
    if (unsent) meter.restore(unsent)
    const both = meter.collect()
    const first = (name: 'mcp_oauth.usage.lost' | 'mcp_oauth.ready' | 'mcp_oauth.signing_key.age') =>
      both?.metrics.get(name)?.map(({ value }) => value)
    expect(both?.from).toBe(1000)
    expect(first('mcp_oauth.usage.lost')).toEqual([5])
    expect([first('mcp_oauth.ready'), first('mcp_oauth.signing_key.age')]).toEqual([[1], [7]])
    const [point] = both?.metrics.get('http.server.request.duration') ?? []
    expect([point?.count, point?.buckets.reduce((sum, count) => sum + count, 0)]).toEqual([2, 2])
  })

  test('holds 500 series of a metric, and counts the others together', () => {
    const meter = createMeter(() => 0)
    for (let index = 0; index < 600; index++) meter.record('mcp_oauth.refused', 1, { 'error.type': `reason ${index}` })
    const points: readonly Point[] = meter.collect()?.metrics.get('mcp_oauth.refused') ?? []
    expect(points.length).toBe(501)
    expect(points.at(-1)).toMatchObject({ attributes: { 'otel.metric.overflow': 'true' }, value: 100 })
  })
})
