import type { Context } from '@netlify/functions'
import { type Configuration, readConfiguration } from './configuration.ts'
import { log, withRequestId } from './log.ts'
import { type Deploy, type Site, siteOf } from './site.ts'

/** What an instance has made for one site, kept for as long as it is warm. */
export interface Instance<T> {
  readonly configuration: Configuration
  readonly service: T
}

/**
 * Wraps a service as a Netlify function: finds the site of the request (or answers 404), composes the service for it
 * once per instance, and sets what every answer carries.
 */
export function serveWith<T>(
  compose: (configuration: Configuration, site: Site) => Promise<T>,
  handle: (service: T, request: Request, context: Context) => Promise<Response>,
): (request: Request, context: Context) => Promise<Response> {
  const instances = new Map<string, Promise<T>>()

  async function instanceOf(site: Site): Promise<T> {
    const key = `${site.issuer} ${site.storeName}`
    const known = instances.get(key)
    if (known) return known
    const configuration = readConfiguration(process.env, site)
    if (configuration.problems.length > 0) log('misconfigured', { problems: configuration.problems.join('; ') })
    const composed = compose(configuration, site)
    instances.set(key, composed)
    composed.catch(() => instances.delete(key))
    return composed
  }

  return (request, context) =>
    withRequestId(context.requestId, async () => {
      const proxyHosts = (process.env.MCP_OAUTH_PROXY_HOSTS ?? '').split(',').map((host) => host.trim())
      const site = siteOf(new URL(request.url).host, process.env, deployOf(context), proxyHosts)
      if (!site) return Response.json({ error: 'not_found' }, { status: 404, headers: { 'cache-control': 'no-store' } })
      const response = await handle(await instanceOf(site), request, context)
      if (site.issuer.startsWith('https:')) response.headers.set('strict-transport-security', 'max-age=31536000')
      return response
    })
}

export function deployOf({ deploy, site }: Context): Deploy {
  return { context: deploy.context, siteName: site.name ?? '', siteUrl: site.url }
}
