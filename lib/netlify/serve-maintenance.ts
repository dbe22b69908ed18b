import type { Context } from '@netlify/functions'
import { withDeadline } from '../base/deadline.ts'
import { jsonResponse } from '../base/well-formed.ts'
import { sweepEnded } from '../limits/sweep.ts'
import { assertionIds } from '../oauth/client-authentication/assertion-ids.ts'
import { documentCopies } from '../oauth/clients/published/last-good-copies.ts'
import { sweepGrants } from '../oauth/grants/sweep.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { rotateSigningKeys } from '../oauth/keys/signing-key-rotation.ts'
import { log, withRequestId } from '../service/log.ts'
import { storeOf } from '../service/store.ts'
import { readConfiguration } from '../settings/configuration.ts'
import { proofs } from '../store/readiness.ts'
import type { Store } from '../store/store.ts'
import { createSettingsReport, deployOf } from './serve.ts'
import { configuredIssuer, type Site, siteOf } from './site.ts'

/** Milliseconds: the platform ends a scheduled function at 30 s. The next run goes on where this one stopped. */
const deadline = 20_000

/** It is called by no host of anybody's. */
const noOtherHosts = { proxyHosts: [], previewDomains: [] }

const report = createSettingsReport()

/**
 * The scheduled `maintenance` function. The platform calls it by an address of its own choosing, so that the site is
 * that of the deploy, not of the request; it takes no input, and to call it once more changes nothing.
 */
export function serveMaintenance(_request: Request, context: Context): Promise<Response> {
  return withRequestId(context.requestId, async () => {
    const deploy = deployOf(context)
    const issuer = configuredIssuer(process.env, deploy)
    const site = issuer === null ? null : siteOf(new URL(issuer).host, process.env, deploy, noOtherHosts)
    if (site || issuer === null) report(site)
    if (!site) return jsonResponse({ error: 'not_found' }, { status: 404 })
    const store = storeOf(site)
    const now = Date.now()
    const [sweeps] = await withDeadline(deadline, (signal) =>
      Promise.all([
        Promise.all([
          sweepGrants(store, now, signal),
          ...['limits', assertionIds, documentCopies, proofs].map((collection) =>
            sweepEnded(store, collection, now, signal),
          ),
        ]),
        rotateKeys(site, store, signal),
      ]),
    )
    const swept = {
      removed: sweeps.reduce((sum, { removed }) => sum + removed, 0),
      finished: sweeps.every(({ finished }) => finished),
    }
    log('swept', swept)
    return jsonResponse(swept)
  })
}

/** The signing keys in the store, unless the operator's own is used. What stops this does not stop the sweep. */
async function rotateKeys(site: Site, store: Store, signal: AbortSignal): Promise<void> {
  const { issuer, signingJwk, flow } = readConfiguration(process.env, site)
  // Without the settings of the flow there is no secret to trust; what is wrong with them is in the log.
  if (signingJwk || !flow) return
  const sealing = createSealing(issuer, flow.secrets)
  try {
    await rotateSigningKeys({ issuer, store, sealing, now: Date.now, log }, signal)
  } catch (error) {
    log('signing_key_rotation_failed', { error: String(error) })
  }
}
