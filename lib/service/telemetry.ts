import { randomUUID } from 'node:crypto'
import { defined } from '../base/defined.ts'
import type { Trace } from '../base/request.ts'
import { readObservability } from '../settings/observability.ts'
import { createSettingsReader } from '../settings/reader.ts'
import { observabilityRows } from '../settings/rows/observability.ts'
import { createExporter } from '../telemetry/exporter.ts'
import { createRoutes } from '../telemetry/routes.ts'
import { createTelemetry } from '../telemetry/telemetry.ts'
import { identity } from './identity.ts'
import { log } from './log.ts'

const readinessPath = '/health/ready'

/**
 * The routes of all functions, as literals: `capabilities.ts` has them in parts that a sign-in does not load. A test compares them
 * with the paths of `netlify/functions/`.
 */
export const routes = [
  '/',
  '/health',
  readinessPath,
  '/mcp',
  '/mcp/api/ask',
  '/mcp/callback',
  '/mcp/callback/*',
  '/mcp/server-card',
  '/mcp/copy.js',
  '/llms.txt',
  '/mcp/.well-known/openid-configuration',
  '/.well-known/*',
  '/oauth/register',
  '/oauth/authorize',
  '/oauth/approve',
  '/oauth/confirm',
  '/oauth/token',
  '/oauth/par',
  '/oauth/revoke',
  '/oauth/introspect',
  '/oauth/mock-idp/authorize',
  '/authorize',
  '/token',
  '/register',
  '/login',
  '/session',
  '/logout',
  '/account',
  '/account/*',
  '/oauth/backchannel-logout',
  '/oauth/backchannel-logout/*',
  '/oauth/global-token-revocation',
  '/admin',
  '/admin/*',
  '/.netlify/functions/maintenance',
  '/.netlify/functions/usage',
]

/** Starts telemetry, by the settings of the environment. */
export function startTelemetry() {
  const settings = readObservability(createSettingsReader(process.env, observabilityRows))
  const { name, version } = identity
  const resource: Record<string, string> = {
    'service.name': name,
    'service.version': version,
    // Two instances send series of their own, which add up.
    'service.instance.id': randomUUID(),
    ...settings.resource,
    ...defined({ 'service.name': settings.serviceName }),
  }
  const started = createTelemetry({
    ...settings,
    sampler: settings.urls.traces === undefined ? { name: 'always_off', ratio: 0 } : settings.sampler,
    routeOf: createRoutes(routes),
    readinessPath,
    storeSystem: process.env.STORE_BACKEND?.trim() === 'postgres' ? 'postgresql' : 'netlify_blobs',
    exporter: (source) =>
      createExporter({ ...settings, resource, scope: { name, version }, now: Date.now, log }, source),
    now: Date.now,
  })
  return {
    ...started,
    /**
     * Sends what there is, when the work of a request is over. Never throws.
     *
     * @param environment the platform's name of the deploy: `production`, `deploy-preview`
     */
    flush(trace: Trace, environment: string): Promise<void> {
      resource['deployment.environment.name'] ??= environment
      return started.flush(trace)
    },
  }
}
