import type { Trace } from '../base/request.ts'

/** The samplers of OpenTelemetry's `OTEL_TRACES_SAMPLER` that need no server. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const
export type SamplerName = (typeof samplerNames)[number]

/**
 * Makes a function that says whether the spans of a trace are sent. With `parentbased_`, a caller that sends a `traceparent`
 * decides for its own requests. The other samplers never ask the caller.
 *
 * @param ratio of traces, from 0 to 1
 */
export function createSampler(name: SamplerName, ratio: number): (trace: Trace) => boolean {
  const root = name.replace('parentbased_', '')
  const asksParent = name.startsWith('parentbased_')
  return ({ traceId, parentSpanId, flags = '00' }) => {
    if (asksParent && parentSpanId !== undefined) return (Number.parseInt(flags, 16) & 1) === 1
    // The last 56 bits of a trace ID are random (W3C Trace Context, level 2). 52 of them are exact as a number.
    if (root === 'traceidratio') return Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52
    return root === 'always_on'
  }
}
