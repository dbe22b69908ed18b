import type { Context } from '@netlify/functions'
import { jsonResponse } from '../base/well-formed.ts'
import { withRequestId } from '../service/log.ts'
import { maintain } from '../service/maintenance.ts'
import { createSettingsReport, deployOf } from './serve.ts'
import { configuredIssuer, siteOf } from './site.ts'

/** The platform calls this function at an address of its own, so no other host needs to be accepted. */
const noOtherHosts = { proxyHosts: [], previewDomains: [] }

const report = createSettingsReport()

/**
 * The scheduled `maintenance` function. The platform chooses the address of the call, so the site is that of the deploy,
 * not of the request. The function takes no input.
 */
export function serveMaintenance(_request: Request, context: Context): Promise<Response> {
  return withRequestId(context.requestId, async () => {
    const deploy = deployOf(context)
    const issuer = configuredIssuer(process.env, deploy)
    const site = issuer === null ? null : siteOf(new URL(issuer).host, process.env, deploy, noOtherHosts)
    if (site || issuer === null) report(site)
    return site ? jsonResponse(await maintain(site)) : jsonResponse({ error: 'not_found' }, { status: 404 })
  })
}
