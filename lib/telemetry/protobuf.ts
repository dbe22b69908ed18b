/**
 * Writes the messages of `otlp.ts` as Protocol Buffers (opentelemetry-proto 1.x). `OTEL_EXPORTER_OTLP_PROTOCOL` is
 * `http/protobuf` by default, and some collectors read nothing else.
 */
type Type = 'string' | 'hex' | 'varint' | 'fixed32' | 'fixed64' | 'double'
/**
 * The fields of a message: their numbers, and their types. A value may be a list: of messages as repeated fields, of numbers as
 * one packed field.
 */
export interface Fields {
  readonly [name: string]: readonly [number: number, type: Type | Fields]
}

const keyValue: Fields = { key: [1, 'string'], value: [2, { stringValue: [1, 'string'], intValue: [3, 'varint'] }] }
const resource: Fields = { attributes: [1, keyValue] }
const scope: Fields = { name: [1, 'string'], version: [2, 'string'] }

const span: Fields = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  parentSpanId: [4, 'hex'],
  name: [5, 'string'],
  kind: [6, 'varint'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: [9, keyValue],
  status: [15, { code: [3, 'varint'] }],
  flags: [16, 'fixed32'],
}

export const tracesFields: Fields = {
  resourceSpans: [1, { resource: [1, resource], scopeSpans: [2, { scope: [1, scope], spans: [2, span] }] }],
}

const times: Fields = { startTimeUnixNano: [2, 'fixed64'], timeUnixNano: [3, 'fixed64'] }
const number: Fields = { ...times, asDouble: [4, 'double'], asInt: [6, 'fixed64'], attributes: [7, keyValue] }
const histogram: Fields = {
  ...times,
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64'],
  explicitBounds: [7, 'double'],
  attributes: [9, keyValue],
}

const metric: Fields = {
  name: [1, 'string'],
  description: [2, 'string'],
  unit: [3, 'string'],
  gauge: [5, { dataPoints: [1, number] }],
  sum: [7, { dataPoints: [1, number], aggregationTemporality: [2, 'varint'], isMonotonic: [3, 'varint'] }],
  histogram: [9, { dataPoints: [1, histogram], aggregationTemporality: [2, 'varint'] }],
}

export const metricsFields: Fields = {
  resourceMetrics: [1, { resource: [1, resource], scopeMetrics: [2, { scope: [1, scope], metrics: [2, metric] }] }],
}

const wireTypes: Readonly<Record<Type, number>> = { varint: 0, fixed64: 1, double: 1, string: 2, hex: 2, fixed32: 5 }

/** Writes a message. Members that the fields do not name are left out. */
export function encode(message: object, fields: Fields): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(message)) {
    const [number, type] = fields[name] ?? []
    if (number === undefined || type === undefined || value === undefined) continue
    if (typeof type === 'object') {
      for (const one of Array.isArray(value) ? value : [value]) parts.push(delimited(number, encode(one, type)))
    } else if (Array.isArray(value)) {
      parts.push(delimited(number, Buffer.concat(value.map((one) => scalar(one, type)))))
    } else if (wireTypes[type] === 2) {
      parts.push(delimited(number, scalar(value, type)))
    } else {
      parts.push(tag(number, wireTypes[type]), scalar(value, type))
    }
  }
  return Buffer.concat(parts)
}

const tag = (number: number, wireType: number) => varint(BigInt(number * 8 + wireType))

const delimited = (number: number, bytes: Buffer) =>
  Buffer.concat([tag(number, 2), varint(BigInt(bytes.length)), bytes])

function scalar(value: unknown, type: Type): Buffer {
  switch (type) {
    case 'string':
      return Buffer.from(String(value))
    case 'hex':
      return Buffer.from(String(value), 'hex')
    case 'varint':
      return varint(BigInt(typeof value === 'boolean' ? Number(value) : String(value)))
    case 'fixed32': {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(Number(value))
      return bytes
    }
    case 'fixed64': {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt(String(value)))
      return bytes
    }
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(Number(value))
      return bytes
    }
  }
}

/** Seven bits a byte, the lowest first. Only for numbers that are not negative. */
function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}
