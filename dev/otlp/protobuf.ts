/**
 * Reads the Protocol Buffers of OTLP into the form of its JSON encoding. It shares nothing with the writer in `lib/telemetry/`, so
 * that a mistake there is seen. The numbers are those of opentelemetry-proto 1.x.
 */
type Reader = (bytes: Buffer) => unknown
type Field = readonly [name: string, read: Reader, many?: 'many']
type Message = Readonly<Record<number, Field>>

const text: Reader = (bytes) => bytes.toString('utf8')
const hex: Reader = (bytes) => bytes.toString('hex')
const double: Reader = (bytes) => bytes.readDoubleLE()
const fixed64: Reader = (bytes) => String(bytes.readBigUInt64LE())
const fixed32: Reader = (bytes) => bytes.readUInt32LE()
const whole: Reader = (bytes) => Number(varintAt(bytes, 0).value)
const flag: Reader = (bytes) => whole(bytes) === 1
const int64: Reader = (bytes) => String(varintAt(bytes, 0).value)
const packed =
  (read: Reader): Reader =>
  (bytes) =>
    Array.from({ length: bytes.length / 8 }, (_, index) => read(bytes.subarray(index * 8, index * 8 + 8)))

const message =
  (fields: Message): Reader =>
  (bytes) =>
    decode(bytes, fields)

const value = message({ 1: ['stringValue', text], 3: ['intValue', int64], 4: ['doubleValue', double] })
const attributes: Field = ['attributes', message({ 1: ['key', text], 2: ['value', value] }), 'many']
const resource: Field = ['resource', message({ 1: attributes })]
const scope: Field = ['scope', message({ 1: ['name', text], 2: ['version', text] })]

const span = message({
  1: ['traceId', hex],
  2: ['spanId', hex],
  4: ['parentSpanId', hex],
  5: ['name', text],
  6: ['kind', whole],
  7: ['startTimeUnixNano', fixed64],
  8: ['endTimeUnixNano', fixed64],
  9: attributes,
  15: ['status', message({ 3: ['code', whole] })],
  16: ['flags', fixed32],
})

export const tracesMessage = message({
  1: [
    'resourceSpans',
    message({ 1: resource, 2: ['scopeSpans', message({ 1: scope, 2: ['spans', span, 'many'] }), 'many'] }),
    'many',
  ],
})

const times: Message = { 2: ['startTimeUnixNano', fixed64], 3: ['timeUnixNano', fixed64] }
const numberPoint = message({ ...times, 4: ['asDouble', double], 6: ['asInt', fixed64], 7: attributes })
const histogramPoint = message({
  ...times,
  4: ['count', fixed64],
  5: ['sum', double],
  6: ['bucketCounts', packed(fixed64)],
  7: ['explicitBounds', packed(double)],
  9: attributes,
})

const metric = message({
  1: ['name', text],
  2: ['description', text],
  3: ['unit', text],
  5: ['gauge', message({ 1: ['dataPoints', numberPoint, 'many'] })],
  7: [
    'sum',
    message({ 1: ['dataPoints', numberPoint, 'many'], 2: ['aggregationTemporality', whole], 3: ['isMonotonic', flag] }),
  ],
  9: ['histogram', message({ 1: ['dataPoints', histogramPoint, 'many'], 2: ['aggregationTemporality', whole] })],
})

export const metricsMessage = message({
  1: [
    'resourceMetrics',
    message({ 1: resource, 2: ['scopeMetrics', message({ 1: scope, 2: ['metrics', metric, 'many'] }), 'many'] }),
    'many',
  ],
})

/** @throws Error if the bytes are no such message, or hold a field that these tables do not know */
function decode(bytes: Buffer, fields: Message): object {
  const found: Record<string, unknown> = {}
  let at = 0
  while (at < bytes.length) {
    const tag = varintAt(bytes, at)
    const [number, wireType] = [Number(tag.value >> 3n), Number(tag.value & 7n)]
    const content = contentAt(bytes, tag.end, wireType)
    at = content.end
    const field = fields[number]
    if (!field) throw new Error(`unknown field ${number}`)
    const [name, read, many] = field
    const known = found[name]
    if (many) found[name] = [...(Array.isArray(known) ? known : []), read(content.bytes)]
    else found[name] = read(content.bytes)
  }
  return found
}

function contentAt(bytes: Buffer, at: number, wireType: number): { bytes: Buffer; end: number } {
  if (wireType === 2) {
    const { value: length, end } = varintAt(bytes, at)
    return slice(bytes, end, end + Number(length))
  }
  if (wireType === 0) return slice(bytes, at, varintAt(bytes, at).end)
  if (wireType === 1) return slice(bytes, at, at + 8)
  if (wireType === 5) return slice(bytes, at, at + 4)
  throw new Error(`wire type ${wireType}`)
}

function slice(bytes: Buffer, start: number, end: number): { bytes: Buffer; end: number } {
  if (end > bytes.length) throw new Error('the message breaks off')
  return { bytes: bytes.subarray(start, end), end }
}

function varintAt(bytes: Buffer, start: number): { value: bigint; end: number } {
  let value = 0n
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    const byte = bytes[at] ?? 0
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start))
    if (byte < 0x80) return { value, end: at + 1 }
  }
  throw new Error('the number breaks off')
}
