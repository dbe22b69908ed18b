import type { Context } from '@netlify/functions'
import { withDeadline } from '../deadline.ts'
import { sweepGrants } from '../oauth/grants/sweep.ts'
import { createBlobsStore } from '../store/blobs.ts'
import { log, withRequestId } from './log.ts'
import { deployOf } from './serve.ts'
import { configuredIssuer, siteOf } from './site.ts'

/** Milliseconds: the platform ends a scheduled function at 30 s. The next run goes on where this one stopped. */
const deadline = 20_000

/**
 * The scheduled `maintenance` function. The platform calls it by an address of its own choosing, so that the site is
 * that of the deploy, not of the request; it takes no input, and to call it once more changes nothing.
 */
export function serveMaintenance(_request: Request, context: Context): Promise<Response> {
  return withRequestId(context.requestId, async () => {
    const deploy = deployOf(context)
    const issuer = configuredIssuer(process.env, deploy)
    const site = issuer === null ? null : siteOf(new URL(issuer).host, process.env, deploy, [])
    if (!site) return Response.json({ error: 'not_found' }, { status: 404 })
    const store = createBlobsStore({ name: site.storeName })
    const swept = await withDeadline(deadline, (signal) => sweepGrants(store, Date.now(), signal))
    log('swept', swept)
    return Response.json(swept)
  })
}
