/** What a metric counts, its unit (UCUM) and what it is for. The alert rules, the dashboard and `docs/operations.md` name these. */
export interface Instrument {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  readonly unit: string
  readonly description: string
}

/**
 * Every metric of the service. The first four are those of the semantic conventions for HTTP, databases and MCP. The others
 * begin with `mcp_oauth.`.
 */
export const instruments = {
  'http.server.request.duration': { kind: 'histogram', unit: 's', description: 'Time until an answer began.' },
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a store operation, with all its attempts.',
  },
  'http.client.request.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time until the answer of another service began.',
  },
  'mcp.server.operation.duration': { kind: 'histogram', unit: 's', description: 'Time of a call of a tool.' },
  'mcp_oauth.answer.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a question to Kapa or the API-reference hub, with all its attempts.',
  },
  'mcp_oauth.events': { kind: 'counter', unit: '{event}', description: 'Events of the log.' },
  'mcp_oauth.sign_in.steps': {
    kind: 'counter',
    unit: '{step}',
    description: 'Steps of sign-ins, from the registration of a client to its first tokens.',
  },
  'mcp_oauth.refreshes': { kind: 'counter', unit: '{refresh}', description: 'Refreshes by outcome.' },
  'mcp_oauth.refused': { kind: 'counter', unit: '{request}', description: 'Refused requests by reason.' },
  'mcp_oauth.provider.failures': {
    kind: 'counter',
    unit: '{sign-in}',
    description: 'Sign-ins that failed at the OpenID Provider.',
  },
  'mcp_oauth.vault.renewals': {
    kind: 'counter',
    unit: '{renewal}',
    description: 'Questions to the OpenID Provider with a refresh token of the vault, by outcome.',
  },
  'mcp_oauth.upstream_tokens': {
    kind: 'counter',
    unit: '{token}',
    description: 'Tokens for tools that act at another service as the user, by outcome.',
  },
  'mcp_oauth.limits.reached': {
    kind: 'counter',
    unit: '{limit}',
    description: 'Callers that reached a limit.',
  },
  'mcp_oauth.limits.unavailable': {
    kind: 'counter',
    unit: '{call}',
    description: 'Calls that could not be counted and passed.',
  },
  'mcp_oauth.deliveries.failed': {
    kind: 'counter',
    unit: '{delivery}',
    description: 'Attempts to send something to the CRM, the receiver of usage or the feedback form that failed.',
  },
  'mcp_oauth.usage.lost': { kind: 'counter', unit: '{event}', description: 'Usage events that were not recorded.' },
  'mcp_oauth.telemetry.dropped': {
    kind: 'counter',
    unit: '{item}',
    description: 'Spans and series that did not fit into the memory of an instance.',
  },
  'mcp_oauth.ready': { kind: 'gauge', unit: '', description: '1 if the latest readiness check passed, otherwise 0.' },
  'mcp_oauth.outbox.messages': {
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages to the CRM that wait, and that were given up.',
  },
  'mcp_oauth.usage.lag': {
    kind: 'gauge',
    unit: 's',
    description: 'Time since the end of the newest ten minutes of usage that are counted.',
  },
  'mcp_oauth.signing_key.age': { kind: 'gauge', unit: 's', description: 'Age of the newest signing key.' },
} as const satisfies Readonly<Record<string, Instrument>>

export type MetricName = keyof typeof instruments
