import type { SettingsReader } from './reader.ts'
import type { observabilityRows } from './rows/observability.ts'

/** What telemetry needs, whichever service it is of. */
export type ObservabilitySettings = ReturnType<typeof readObservability>

/** Reads the settings of traces, metrics and the log. A wrong value is reported, and the default holds instead. */
export function readObservability(settings: SettingsReader<keyof typeof observabilityRows>) {
  const endpoint = settings.read('OTEL_EXPORTER_OTLP_ENDPOINT')
  // OTLP/HTTP, "OTLP/HTTP Request": the address of a signal is used as it is, and the common address is a base.
  const urlOf = (own: string | undefined, path: string) => own ?? endpoint?.replace(/\/*$/, `/v1/${path}`)
  const traces = urlOf(settings.read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'), 'traces')
  const metrics = urlOf(settings.read('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'), 'metrics')
  const sendsTraces = settings.read('OTEL_TRACES_EXPORTER')
  const sendsMetrics = settings.read('OTEL_METRICS_EXPORTER')
  return {
    urls: { traces: sendsTraces ? traces : undefined, metrics: sendsMetrics ? metrics : undefined },
    headers: settings.read('OTEL_EXPORTER_OTLP_HEADERS') ?? {},
    protocol: settings.read('OTEL_EXPORTER_OTLP_PROTOCOL'),
    /** Milliseconds. */
    timeout: settings.read('OTEL_EXPORTER_OTLP_TIMEOUT'),
    serviceName: settings.read('OTEL_SERVICE_NAME'),
    resource: settings.read('OTEL_RESOURCE_ATTRIBUTES') ?? {},
    sampler: {
      name: settings.read('OTEL_TRACES_SAMPLER'),
      ratio: Number(settings.read('OTEL_TRACES_SAMPLER_ARG')),
    },
    propagateTo: settings.read('MCP_TRACE_UPSTREAMS') ?? [],
    logLevel: settings.read('MCP_LOG_LEVEL'),
  }
}
