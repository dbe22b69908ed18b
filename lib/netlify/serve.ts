import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '@netlify/functions'
import type { Call } from '../base/call.ts'
import { observed } from '../base/telemetry.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { log } from '../service/log.ts'
import { runRequest } from '../service/observe.ts'
import { hostsIn } from '../settings/hosts.ts'
import { hstsOf } from '../settings/hsts.ts'
import type { Environment } from '../settings/reader.ts'
import type { Site } from '../settings/site.ts'
import type { Review } from '../settings/whole.ts'
import { configuredIssuer, type Deploy, hostsExpected, isOwnDeploy, siteOf } from './site.ts'

/**
 * Wraps a service as a Netlify function: finds the site of the request or answers 404, composes the service for the site
 * once per instance, and sets the headers of every answer.
 */
export function serveWith<Settings, T>(
  { read, review }: SettingsSource<Settings>,
  compose: (configuration: Settings, site: Site) => Promise<T>,
  handle: (service: T, request: Request, context: Context) => Promise<Response>,
  { atAccountHost = false }: ServeOptions = {},
): (request: Request, context: Context) => Promise<Response> {
  const instances = new Map<string, Promise<T>>()
  const report = createSettingsReport(review)
  const findSite = createSiteFinder(report, atAccountHost)

  async function instanceOf(site: Site): Promise<T> {
    const key = `${site.issuer} ${site.storeName}`
    const known = instances.get(key)
    if (known) return known
    const composed = Promise.resolve(read(process.env, site)).then((settings) => compose(settings, site))
    instances.set(key, composed)
    composed.catch(() => instances.delete(key))
    return composed
  }

  async function answer(site: Site, request: Request, context: Context): Promise<Response> {
    try {
      return await handle(await instanceOf(site), request, context)
    } catch (error) {
      // A bug. The log gets the error, and the caller does not: the platform's own page would show a stack trace.
      log('failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      return refusal(500, 'server_error')
    }
  }

  return (request, context) =>
    runRequest(request, context, async () => {
      const site = findSite(new URL(request.url).host, context)
      if (site === 'misconfigured') return secured(request, refusal(503, 'temporarily_unavailable'))
      if (site === 'foreign') return secured(request, refusal(404, 'not_found'))
      const response = await answer(site, request, context)
      report(site, context)
      return secured({ url: site.issuer }, response)
    })
}

/** Reads the settings of a function. */
export interface SettingsSource<Settings> {
  readonly read: (env: Environment, site: Site) => Settings | Promise<Settings>
  readonly review: ReviewSettings
}

/** Says what is wrong with any setting, whichever function reads it. */
type ReviewSettings = (env: Environment, site: Site) => Review | Promise<Review>

interface ServeOptions {
  /** The service also answers at the host of `MCP_ACCOUNT_ORIGIN`, and decides itself which of its paths do (N13). */
  readonly atAccountHost?: boolean
}

/** Finds the site of a request. Logs once per instance why there is none. */
function createSiteFinder(
  report: ReturnType<typeof createSettingsReport>,
  atAccountHost: boolean,
): (host: string, context: Context) => Site | 'foreign' | 'misconfigured' {
  const all = hostsIn(process.env)
  const hosts = atAccountHost ? all : { ...all, accountOrigin: undefined }
  let foreignHostTold = false
  return (host, context) => {
    const deploy = deployOf(context)
    if (isOwnDeploy(deploy) && configuredIssuer(process.env, deploy) === null) {
      report(null, context)
      return 'misconfigured'
    }
    const site = siteOf(host, process.env, deploy, hosts)
    if (site) return site
    if (!foreignHostTold)
      log('foreign_host', { host: host.slice(0, 255), issuer: hostsExpected(process.env, deploy, hosts) })
    foreignHostTold = true
    return 'foreign'
  }
}

/** Milliseconds in which an answer is written. */
const untilSent = 50

/**
 * Logs once everything that is wrong with the settings, whichever function reads them. The answer to the request goes first.
 * `null`: there is no issuer.
 */
export function createSettingsReport(review: ReviewSettings): (site: Site | null, context: Context) => void {
  let told = false

  async function tell(site: Site): Promise<void> {
    await delay(untilSent)
    const { closed, problems, unread } = await review(process.env, site)
    if (problems !== '') log('misconfigured', { closed, problems })
    if (unread !== '') log('settings_unread', { settings: unread })
  }

  return (site, context) => {
    if (told) return
    told = true
    inBackground(context, tell(site ?? nowhere))
  }
}

/** Stands for the site without an issuer, so that every other problem is reported too. */
const nowhere: Site = { issuer: '', storeName: '', production: true }

/**
 * Sets the headers of every answer, however early it was made: headers of `netlify.toml` do not reach functions (O-08). `url`: that of
 * the issuer where there is one, because a proxy that ends TLS passes requests on by http.
 */
function secured({ url }: { readonly url: string }, response: Response): Response {
  const { headers } = response
  const hsts = hstsOf(process.env.MCP_HSTS)
  if (hsts !== 'off' && url.startsWith('https:')) headers.set('strict-transport-security', hsts)
  headers.set('x-content-type-options', 'nosniff')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  return response
}

const refusal = (status: number, error: string) => jsonResponse({ error }, { status })

export function deployOf({ deploy, site }: Context): Deploy {
  return { context: deploy.context, siteName: site.name ?? '', siteUrl: site.url }
}

/** What a service learns about a call besides its request. */
export const callOf = (context: Context, signal: AbortSignal): Call => ({
  signal,
  requestId: context.requestId,
  // As the platform reports it. Headers of the caller decide nothing.
  address: context.ip,
  waitUntil: (work) => inBackground(context, work),
})

function inBackground(context: Context, work: Promise<unknown>): void {
  const logged = work.catch((error) => log('background_failed', { error: String(error) }))
  observed.by?.pending(logged)
  context.waitUntil(logged)
}
