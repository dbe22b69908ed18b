import { withDeadline } from '../base/deadline.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { peopleBeingForgotten } from '../people/usage/forgotten.ts'
import { companyNameOf } from '../people/usage/names.ts'
import { type RolledUp, rollUp } from '../people/usage/roll-up.ts'
import { readConfiguration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'
import { heldForCapture, runOutbox } from './outbox.ts'
import { runPrivacyJobs } from './privacy.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'

/**
 * Milliseconds. The platform ends a scheduled function at 30 s; the next run continues where one stopped. Most rollups take a second.
 * Composing a day of a million events takes much of the time once a day, and leaves little to the others.
 */
const shares = { whole: 28_500, rollUp: 23_500, others: 13_000 }

/** Rolls up usage, sends what waits for the CRM, and runs the jobs about people. None keeps another from running. */
export async function runUsage(site: Site): Promise<Partial<RolledUp>> {
  const began = performance.now()
  const rolledUp = await withDeadline(shares.rollUp, (signal) => rollUpSite(site, signal)).catch((error: unknown) => {
    log('usage_roll_up_failed', { error: String(error) })
    return {}
  })
  const left = Math.min(shares.others, shares.whole - (performance.now() - began))
  await withDeadline(left, (signal) => Promise.all([runOutbox(site, signal), runPrivacyJobs(site, signal)]))
  return rolledUp
}

async function rollUpSite(site: Site, signal: AbortSignal): Promise<Partial<RolledUp>> {
  const { issuer, secrets, kept } = readConfiguration(process.env, site)
  // Without the secret, the key of pseudonyms does not open. The log says why.
  if (!secrets) return {}
  const store = storeOf(site)
  const pseudonyms = pseudonymsOf(site, createSealing(issuer, secrets))
  await pseudonyms.sealAnew(signal)
  return rollUp(
    {
      store,
      events: eventStoresOf(site),
      pseudonyms,
      beingForgotten: (inTime) => peopleBeingForgotten(store, inTime),
      nameOf: (company, inTime) => companyNameOf(store, company, inTime),
      retention: { peopleDays: kept.peopleUsageDays, days: kept.usageDays },
      isHeld: heldForCapture(site),
      now: Date.now,
      log,
    },
    signal,
  )
}
