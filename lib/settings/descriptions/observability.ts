import type { Description } from './description.ts'

export const observability = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    what: 'The base address of a collector of OpenTelemetry, which gets [traces and metrics](observability.md) by OTLP over HTTP. Without it, nothing is measured.',
    more: '`/v1/traces` and `/v1/metrics` are added.',
    example: 'https://otlp.example.com',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    what: 'The whole address for traces, if it is another one.',
    default: 'the base address and `/v1/traces`',
    example: 'https://traces.example.com/v1/traces',
  },
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: {
    what: 'The whole address for metrics, if it is another one.',
    default: 'the base address and `/v1/metrics`',
    example: 'https://metrics.example.com/api/v1/otlp/v1/metrics',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    what: 'Headers for the collector, mostly a key, such as `authorization=Bearer%20…`. Values are in percent-encoding.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    what: 'How messages are encoded.',
    default: '`http/protobuf`',
    example: 'http/json',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    what: 'Milliseconds that one request to the collector may take.',
    more: 'It never delays an answer. It does keep a function running, which costs function time.',
    example: '1000',
  },
  OTEL_SERVICE_NAME: {
    what: 'The name of this service in traces and metrics.',
    default: '`mcp-oauth-broker`',
    example: 'docs-mcp',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    what: 'Further attributes of everything that is sent. Values are in percent-encoding.',
    example: 'deployment.environment.name=production,team=docs',
  },
  OTEL_TRACES_SAMPLER: {
    what: 'Which traces are sent. With a name that begins with `parentbased_`, a caller that sends a `traceparent` decides for its own requests.',
    more: 'Anyone may send a `traceparent`. To decide alone, take a name without `parentbased_`. Metrics count every request, whatever is sampled.',
    example: 'traceidratio',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    what: 'The share of traces for the samplers that have `traceidratio` in their names.',
    default: '`1`',
    example: '0.1',
  },
  OTEL_TRACES_EXPORTER: {
    what: '`none`: no traces are sent.',
    default: '`otlp`',
    example: 'none',
  },
  OTEL_METRICS_EXPORTER: {
    what: '`none`: no metrics are sent.',
    default: '`otlp`',
    example: 'none',
  },
  MCP_TRACE_UPSTREAMS: {
    what: 'The services that get a `traceparent` with each request, so that their own traces join these.',
    more: 'The OpenID Provider, and addresses that a client chose, never get one. While this is set, the first request of an instance waits until telemetry is loaded.',
    example: 'kapa,hub',
  },
  MCP_LOG_LEVEL: {
    what: 'The lowest level of the events that are logged. Each event has [a level](operations.md#what-is-logged).',
    more: 'With `warn` or `error`, the log does not hold the digests of the audit log. Metrics count every event, whatever is logged.',
    default: '`info`',
    example: 'warn',
  },
} as const satisfies Readonly<Record<string, Description>>
