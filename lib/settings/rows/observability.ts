import { samplerNames } from '../../telemetry/sampler.ts'
import { choice, custom, integer, line, listOf, type Rows, text, withDefault } from '../forms.ts'

/** A mistake in these settings closes nothing. */
const none = { subject: 'none' } as const

const isCollector = (text: string) => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && !/[?#]/.test(text)
}
const collectorForm = 'an http or https URL without ?, # and a user name'

/** Reads `name=value` pairs, separated by commas, with values in percent-encoding, as OpenTelemetry writes them. */
function pairs(text: string) {
  const read = text.split(',').map((pair) => /^\s*([\w.-]+)\s*=\s*([!-+\--~]*)\s*$/.exec(pair))
  const complaints = read.includes(null) ? [' must be name=value pairs, separated by commas'] : []
  const value = read.flatMap((pair) => (pair ? [[pair[1] ?? '', decoded(pair[2] ?? '')] as const] : []))
  return { value: Object.fromEntries(value), complaints }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What the operator's own tools learn about the service. Only what is loaded after an answer reads most of these. */
export const observabilityRows = {
  OTEL_EXPORTER_OTLP_ENDPOINT: text(none, collectorForm, isCollector),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text(none, collectorForm, isCollector),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: text(none, collectorForm, isCollector),
  OTEL_EXPORTER_OTLP_HEADERS: custom<Readonly<Record<string, string>>>(
    { ...none, secret: true },
    'name=value pairs, separated by commas',
    pairs,
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: withDefault(
    'http/protobuf' as const,
    choice<'http/protobuf' | 'http/json'>(
      none,
      { 'http/protobuf': 'http/protobuf', 'http/json': 'http/json' },
      'http/protobuf',
    ),
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: integer(none, { from: 1, to: 10_000, default: 3000 }),
  OTEL_SERVICE_NAME: line(none),
  OTEL_RESOURCE_ATTRIBUTES: custom<Readonly<Record<string, string>>>(
    none,
    'name=value pairs, separated by commas',
    pairs,
  ),
  OTEL_TRACES_SAMPLER: withDefault(
    'parentbased_always_on' as const,
    choice<(typeof samplerNames)[number]>(none, samplers(), 'parentbased_always_on'),
  ),
  OTEL_TRACES_SAMPLER_ARG: withDefault(
    '1',
    text(none, 'a number from 0 to 1', (text) => /^(?:0?\.\d+|[01](?:\.0+)?)$/.test(text)),
  ),
  OTEL_TRACES_EXPORTER: withDefault(true, choice(none, { otlp: true, none: false }, true)),
  OTEL_METRICS_EXPORTER: withDefault(true, choice(none, { otlp: true, none: false }, true)),
  MCP_TRACE_UPSTREAMS: listOf(none, 'kapa, hub, pages, form, crm or capture', (entry) =>
    ['kapa', 'hub', 'pages', 'form', 'crm', 'capture'].includes(entry),
  ),
  MCP_LOG_LEVEL: withDefault(
    'info' as const,
    choice<'info' | 'warn' | 'error'>(none, { info: 'info', warn: 'warn', error: 'error' }, 'info'),
  ),
} as const satisfies Rows

function samplers(): Readonly<Record<string, (typeof samplerNames)[number]>> {
  return Object.fromEntries(samplerNames.map((name) => [name, name]))
}
