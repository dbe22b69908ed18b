import type { LogFields } from '../base/log.ts'
import { type Attributes, word } from './attributes.ts'
import type { MetricName } from './instruments.ts'

/** What an event adds to a metric. */
interface Counted {
  readonly metric: MetricName
  /** Absent: one. */
  readonly value?: number
  readonly attributes: Attributes
}

type Rule = (fields: LogFields) => Counted

const step =
  (name: string): Rule =>
  () => ({ metric: 'mcp_oauth.sign_in.steps', attributes: { 'mcp_oauth.step': name } })

const refresh =
  (outcome: string): Rule =>
  () => ({ metric: 'mcp_oauth.refreshes', attributes: { 'mcp_oauth.outcome': outcome } })

/** Counts an outcome among those that are known. */
const outcome =
  (metric: MetricName, known: readonly string[]): Rule =>
  ({ outcome: given }) => ({
    metric,
    attributes: { 'mcp_oauth.outcome': known.find((one) => one === given) ?? 'other' },
  })

/** @param by what refused the request */
const refused =
  (by: string, field: 'reason' | 'error' = 'reason'): Rule =>
  (fields) => ({
    metric: 'mcp_oauth.refused',
    attributes: { 'mcp_oauth.refused.by': by, 'error.type': word(fields[field]) },
  })

const answer =
  (upstream: string): Rule =>
  ({ durationMs, code, isError }) => ({
    metric: 'mcp_oauth.answer.duration',
    value: seconds(durationMs),
    attributes: {
      'mcp_oauth.upstream': upstream,
      'error.type': code !== undefined ? word(code) : isError === true ? 'tool_error' : undefined,
    },
  })

const undelivered =
  (upstream: string): Rule =>
  ({ reason }) => ({
    metric: 'mcp_oauth.deliveries.failed',
    attributes: { 'mcp_oauth.upstream': upstream, 'error.type': word(reason) },
  })

const limit =
  (metric: MetricName): Rule =>
  (fields) => ({ metric, attributes: { 'mcp_oauth.limit': word(fields.limit) } })

const seconds = (milliseconds: unknown) => (typeof milliseconds === 'number' ? milliseconds / 1000 : 0)

/** The metrics that events of the log add to, besides `mcp_oauth.events`, which counts every event. */
export const eventMetrics: Readonly<Record<string, Rule>> = {
  client_registered: step('client_registered'),
  authorization_asked: step('authorization_asked'),
  consent_granted: step('consent_granted'),
  consent_skipped: step('consent_granted'),
  consent_denied: step('consent_denied'),
  confirmation_asked: step('confirmation_asked'),
  confirmation_denied: step('confirmation_denied'),
  code_issued: step('code_issued'),
  code_redeemed: step('code_redeemed'),

  refresh_rotated: refresh('rotated'),
  refresh_repeated: refresh('replay_in_grace'),
  refresh_rested: refresh('rested'),
  refresh_reused: refresh('replay_refused'),

  request_refused: refused('oauth', 'error'),
  authorization_refused: refused('authorization', 'error'),
  registration_refused: refused('registration'),
  introspection_refused: refused('introspection'),
  mcp_refused: refused('mcp'),
  mcp_token_refused: refused('mcp_token'),
  admin_api_refused: refused('admin_api'),
  account_request_failed: refused('account', 'reason'),

  upstream_failed: ({ kind }) => ({
    metric: 'mcp_oauth.provider.failures',
    attributes: { 'error.type': word(kind) },
  }),
  kapa_answered: answer('kapa'),
  kapa_failed: answer('kapa'),
  hub_answered: answer('hub'),
  hub_failed: answer('hub'),
  mcp_call: ({ ms, tool, outcome }) => ({
    metric: 'mcp.server.operation.duration',
    value: seconds(ms),
    attributes: toolAttributes({ tool, outcome }),
  }),

  vault_asked: outcome('mcp_oauth.vault.renewals', ['renewed', 'refused', 'lost', 'foreign', 'elsewhere', 'failed']),
  upstream_token: outcome('mcp_oauth.upstream_tokens', ['given', 'not_allowed', 'not_connected', 'refused', 'passing']),
  upstream_service_account: () => ({
    metric: 'mcp_oauth.upstream_tokens',
    attributes: { 'mcp_oauth.outcome': 'service_account' },
  }),

  limit_reached: limit('mcp_oauth.limits.reached'),
  limit_unavailable: limit('mcp_oauth.limits.unavailable'),

  crm_webhook_failed: undelivered('crm'),
  capture_failed: undelivered('capture'),
  feedback_failed: undelivered('form'),
  usage_event_lost: () => ({ metric: 'mcp_oauth.usage.lost', attributes: {} }),
}

/** What a call of a tool adds to the span of its request, too. */
export const toolAttributes = ({ tool, outcome }: LogFields): Attributes => ({
  'mcp.method.name': 'tools/call',
  'gen_ai.tool.name': word(tool),
  'error.type': outcome === 'ok' ? undefined : word(outcome),
})
