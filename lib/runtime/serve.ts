import type { Context } from '@netlify/functions'
import { type Configuration, readConfiguration } from './configuration.ts'
import { log, withRequestId } from './log.ts'
import { createSettingsReader } from './settings.ts'
import { configuredIssuer, type Deploy, isOwnDeploy, type Site, siteOf } from './site.ts'

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

  async function answer(site: Site, request: Request, context: Context): Promise<Response> {
    try {
      return await handle(await instanceOf(site), request, context)
    } catch (error) {
      // A bug of ours: told to the log, never to the caller, who would get the platform's page with a stack trace.
      log('failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      return refusal(500, 'server_error')
    }
  }

  return (request, context) =>
    withRequestId(context.requestId, async () => {
      const deploy = deployOf(context)
      if (isOwnDeploy(deploy) && configuredIssuer(process.env, deploy) === null) {
        log('misconfigured', { problems: 'MCP_OAUTH_ISSUER must be an https origin without a path or trailing slash' })
        return refusal(503, 'temporarily_unavailable')
      }
      const site = siteOf(new URL(request.url).host, process.env, deploy, proxyHosts())
      if (!site) return refusal(404, 'not_found')
      return answer(site, request, context)
    }).then((response) => secured(request, response))
}

/** What every answer has, whoever made it and however early: headers of `netlify.toml` do not reach functions (O-08). */
function secured(request: Request, response: Response): Response {
  const { headers } = response
  if (request.url.startsWith('https:')) headers.set('strict-transport-security', 'max-age=31536000')
  headers.set('x-content-type-options', 'nosniff')
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
  return response
}

const refusal = (status: number, error: string) => Response.json({ error }, { status })

/** Hosts of a documentation site that passes requests on to this one (`MCP_OAUTH_PROXY_HOSTS`). */
const proxyHosts = () => createSettingsReader(process.env).list('MCP_OAUTH_PROXY_HOSTS') ?? []

export function deployOf({ deploy, site }: Context): Deploy {
  return { context: deploy.context, siteName: site.name ?? '', siteUrl: site.url }
}
