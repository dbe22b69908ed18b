import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type CrmSink, startCrmSink } from '../../dev/crm/server.ts'
import { type CollectedPoint, type Collector, startCollector } from '../../dev/otlp/collector.ts'
import { repository } from '../../dev/repository.ts'
import { instruments } from '../../lib/telemetry/instruments.ts'
import { type Deploy, deploy, deploySameIssuer } from '../support/deploy.ts'
import { type OAuthClient, registerClient } from '../support/oauth-client.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** What drills of one alert share: a system with a collector and a CRM, the expression of the alert, and runs at a later time. */

/** Milliseconds for what a scheduled run does. Only a drill that fails waits that long. */
export const ofRun = { timeout: 60_000, interval: 50 }

type Settings = Readonly<Record<string, string>>

export interface Watched {
  readonly stack: Stack
  readonly collector: Collector
  /** A CRM that does not look at the times of messages: some drills send them from a later time. */
  readonly crm: CrmSink
  readonly client: OAuthClient
}

interface WatchedOptions {
  readonly hosts?: number
  readonly settings?: Settings
}

/** Starts the whole system with a collector and a CRM. The end of the test stops it. */
export async function startWatched({ hosts = 1, settings = {} }: WatchedOptions = {}): Promise<Watched> {
  const [collector, crm] = await Promise.all([startCollector(), startCrmSink({ port: 0 })])
  onTestFinished(async () => {
    await Promise.all([collector.stop(), crm.stop()])
  })
  const stack = await startStack({
    hosts,
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, CRM_WEBHOOK_URL: crm.url, ...settings },
  })
  onTestFinished(() => stack.stop())
  return { stack, collector, crm, client: await registerClient(stack.url) }
}

/** The same service these seconds later: an instance whose clock is ahead, on the same store. By default it has a port of its own. */
export function later(stack: Stack, seconds: number, settings: Settings = {}, port?: number): Promise<Deploy> {
  const { UPSTREAM_ISSUER = '', UPSTREAM_CLIENT_ID = '' } = stack.environment
  const shifted = new URL('shifted-clock.ts', import.meta.url).href
  const all = { NODE_OPTIONS: `--import=${shifted}`, CLOCK_AHEAD: String(seconds), ...settings }
  return port === undefined
    ? deploySameIssuer(stack, all)
    : deploy(stack, { UPSTREAM_ISSUER, UPSTREAM_CLIENT_ID, ...all }, port)
}

/** Calls a scheduled function once, as the platform does. */
export async function runScheduled({ url }: { readonly url: string }, name: 'usage' | 'maintenance'): Promise<void> {
  expect((await send(`${url}/.netlify/functions/${name}`, { method: 'POST' })).status).toBe(200)
}

/** Refreshes at an instance that has another port. */
export async function refreshAt({ url }: Pick<Deploy, 'url'>, { clientId }: OAuthClient, refreshToken: string) {
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

/** Asks the admin API as an operator does. With a body, it is a POST. */
export async function adminApi(stack: Stack, { url }: { readonly url: string }, path: string, body?: object) {
  const answer = await send(`${url}/admin/api${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      host: new URL(stack.url).host,
      authorization: `Bearer ${stack.environment.MCP_ADMIN_WRITE_TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  expect([path, answer.status]).toEqual([path, 200])
  return answer.json()
}

/** What the expression of an alert in `alerts.yaml` says of what the collector has got since it was reset. */
export function alertSignal(collector: Collector, alert: string) {
  const { how, metric, selected, bound } = readAlert(alert)
  const isSelected = ({ attributes }: CollectedPoint) => {
    const labels = new Map(Object.entries(attributes).map(([name, value]) => [name.replaceAll('.', '_'), value]))
    return selected.every(([name, value]) => labels.get(name) === value)
  }
  return {
    /** Whether it fires. `undefined`: a gauge has no value yet. */
    fires(): boolean | undefined {
      const points = collector.points(metric).filter(isSelected)
      if (how === 'absent_over_time') return points.length === 0
      if (how === 'sum') return points.reduce((sum, { value }) => sum + value, 0) > bound
      const latest = new Map(points.map(({ resource, value }) => [resource['service.instance.id'], value]))
      return latest.size === 0 ? undefined : Math[how](...latest.values()) > bound
    },
  }
}

type Sum = Readonly<{ metric: string; isSelected: (point: CollectedPoint) => boolean }>

/**
 * The same for an alert that compares sums of counters: each one with a bound, or with a part of another sum. Several comparisons
 * hold together.
 */
export function alertComparison(collector: Collector, alert: string) {
  const [, text = ''] =
    new RegExp(`- alert: ${alert}\\n +expr: (?:\\|\\n)?([^]*?)\\n +(?:for|labels):`).exec(alerts) ?? []
  const comparisons = text
    .trim()
    .replaceAll(/\s+/g, ' ')
    .split(' and ')
    .map((one) => {
      const [, sum = '', ofSum, sign, bound] = comparison.exec(one) ?? []
      if (sign === undefined) throw new Error(`the expression of ${alert} cannot be read: ${one}`)
      return { part: readSum(sum), whole: ofSum === undefined ? undefined : readSum(ofSum), sign, bound: Number(bound) }
    })
  const totalOf = ({ metric, isSelected }: Sum) =>
    collector
      .points(metric)
      .filter(isSelected)
      .reduce((sum, { value }) => sum + value, 0)
  return {
    fires: (): boolean =>
      comparisons.every(({ part, whole, sign, bound }) => {
        const value = totalOf(part) / (whole ? totalOf(whole) : 1)
        return sign === '>' ? value > bound : value < bound
      }),
  }
}

const comparison = /^(sum by .*?)(?: \/ (sum by .*?))? ([<>]) ([\d.]+)$/

/** Reads a sum of a counter, perhaps through a recorded rule. */
function readSum(text: string): Sum {
  const [, named = '', labels = ''] =
    /^sum by \([\w, ]+\) \((?:rate\()?([\w:]+)(?:\{([^}]*)\})?(?:\[\w+\])?\)+$/.exec(text) ?? []
  const selected = [...labels.matchAll(/(\w+)=~?"([^"]*)"/g)].map(
    ([, name = '', pattern = '']) => [name, new RegExp(`^(?:${pattern})$`)] as const,
  )
  return {
    metric: metricOf(named),
    isSelected({ attributes }) {
      const labelled = new Map(Object.entries(attributes).map(([name, value]) => [name.replaceAll('.', '_'), value]))
      return selected.every(([name, pattern]) => pattern.test(String(labelled.get(name) ?? '')))
    },
  }
}

const alerts = readFileSync(join(repository, 'docs/observability/alerts.yaml'), 'utf8')

/** The expressions that these drills need: of one metric, perhaps through a recorded rule, with one bound. */
const expression =
  /^(absent_over_time|max|min|sum)(?: by \(job\) )?\((?:last_over_time\(|increase\()?([\w:]+)(?:\{([^}]*)\})?(?:\[\w+\])?\)+(?: > (\d+))?$/

function readAlert(alert: string) {
  const [, text = ''] = new RegExp(`- alert: ${alert}\\n +expr: (.*)\\n`).exec(alerts) ?? []
  const [, how, named = '', labels = '', bound = '0'] = expression.exec(text) ?? []
  if (how !== 'absent_over_time' && how !== 'max' && how !== 'min' && how !== 'sum') {
    throw new Error(`the expression of ${alert} cannot be read: ${text}`)
  }
  const selected = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value] as const)
  return { how, metric: metricOf(named), selected, bound: Number(bound) } as const
}

/** The metric behind a name in a rule. */
function metricOf(named: string): string {
  const [, recorded = named] =
    new RegExp(`- record: ${named}\\n +expr: \\|[^{[]*?\\b(mcp_oauth_\\w+)\\[`).exec(alerts) ?? []
  const [metric] =
    Object.entries(instruments).find(([name, { kind, unit }]) => {
      const base = name.replaceAll('.', '_') + (unit === 's' ? '_seconds' : '')
      return recorded === (kind === 'counter' ? `${base}_total` : base)
    }) ?? []
  if (metric === undefined) throw new Error(`the metric ${recorded} is unknown`)
  return metric
}
