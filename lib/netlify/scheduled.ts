import type { Context } from '@netlify/functions'
import { observed } from '../base/telemetry.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { runRequest } from '../service/observe.ts'
import { reviewSettings } from '../settings/all.ts'
import type { Site } from '../settings/site.ts'
import { createSettingsReport, deployOf } from './serve.ts'
import { configuredIssuer, siteOf } from './site.ts'

/** The platform calls a scheduled function at an address of its own, so no other host needs to be accepted. */
const noOtherHosts = { proxyHosts: [], previewDomains: [] }

/**
 * Wraps scheduled work as a function. The platform chooses the address of the call, so the site is that of the deploy, not of the
 * request. The function takes no input, and does nothing on previews: the issuer is production's there.
 */
export function serveScheduled(
  work: (site: Site) => Promise<object>,
): (request: Request, context: Context) => Promise<Response> {
  const report = createSettingsReport(reviewSettings)
  return (request, context) =>
    runRequest(request, context, async () => {
      // No caller waits for the answer, and a run may do more work than an instance keeps before telemetry is loaded.
      if (observed.by) await (await import('../service/observer.ts')).loadTelemetry()
      const deploy = deployOf(context)
      const issuer = configuredIssuer(process.env, deploy)
      const site = issuer === null ? null : siteOf(new URL(issuer).host, process.env, deploy, noOtherHosts)
      if (site || issuer === null) report(site, context)
      if (!site) return jsonResponse({ error: 'not_found' }, { status: 404 })
      const done = await work(site)
      if (observed.by) await (await import('../service/gauges.ts')).setGauges(site)
      return jsonResponse(done)
    })
}
