import type { Call } from '../base/call.ts'
import { withDeadline } from '../base/deadline.ts'
import { createGrants } from '../oauth/grants/grants.ts'
import { createPersonEnd } from '../oauth/grants/person-end.ts'
import { createSealing, type Sealing } from '../oauth/keys/sealing.ts'
import { places } from '../people/privacy/places.ts'
import { createPrivacy, type Privacy } from '../people/privacy/privacy.ts'
import type { UsagePlacesOptions } from '../people/usage/place.ts'
import { type Configuration, readConfiguration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { outboxSeals } from './outbox-seals.ts'
import { personalDataOf } from './personal-data.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'
import { vaultEnd, vaultEnded } from './vault-ended.ts'

/** Seconds. A browser session lives 8 hours; the rest is for the sign-in before it, and for clocks that differ. */
const sessionLifetime = 8 * 3600
const margin = 1200

export interface PrivacySurroundings extends Pick<UsagePlacesOptions, 'events' | 'pseudonyms'> {
  readonly store: Store
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** Composes what ends, forgets and discloses people. */
export function privacyOf(
  { issuer, kept, listed }: Pick<Configuration, 'issuer' | 'kept' | 'listed'>,
  signIn: SignInSettings,
  { store, events, pseudonyms, sealing, now = Date.now }: PrivacySurroundings,
): Privacy {
  const { lifetimes, secrets } = signIn
  const grants = createGrants({ store, now, grace: lifetimes.grace, log, ended: vaultEnded(store) })
  const fenceLifetime = Math.max(sessionLifetime, lifetimes.accessToken) + margin
  const personalData = personalDataOf(issuer, secrets, kept.sealedPeople)
  return createPrivacy({
    store,
    places: places({
      store,
      personalData,
      endVault: vaultEnd({ issuer, signIn, listed }, store),
      outboxSeal: outboxSeals(sealing).seal,
      usage: { events, pseudonyms },
      auditDays: kept.auditDays,
      now,
    }),
    end: createPersonEnd({ store, grants, now, fenceLifetime }),
    now,
    log,
  })
}

/** What a site has of that. */
export function privacySurroundings(site: Site, sealing: Sealing): PrivacySurroundings {
  return { store: storeOf(site), events: eventStoresOf(site), pseudonyms: pseudonymsOf(site, sealing), sealing }
}

/** Runs the jobs about people that are due. A scheduled function calls this, but not on previews. A failure is logged. */
export async function runPrivacyJobs(site: Site, signal: AbortSignal): Promise<void> {
  const configuration = readConfiguration(process.env, site)
  const { issuer, signIn } = configuration
  // While sign-in is out of service, there is no secret to trust. The log says why.
  if (!signIn) return
  try {
    const sealing = createSealing(issuer, signIn.secrets)
    const privacy = privacyOf(configuration, signIn, privacySurroundings(site, sealing))
    const { done, finished } = await privacy.runJobs(signal)
    if (done > 0 || !finished) log('person_jobs_run', { done, finished })
  } catch (error) {
    log('person_jobs_failed', { error: String(error) })
  }
}

/** Says when a person who is being forgotten has been removed. Pages put it into a sentence. */
export const removalOf = ({ preview = false }: Site): string =>
  preview
    ? 'when a page of this preview’s account or admin pages is opened ten minutes from now or later'
    : 'within an hour'

/** Milliseconds between two runs on one instance, and of one run. */
const betweenRuns = 60_000
const runTime = 8_000

/** Runs the jobs about people beside the answers to requests, for previews: nothing is scheduled there. */
export function jobsBesideAnswers(site: Site): (call: Pick<Call, 'waitUntil'>) => void {
  let next = 0
  return ({ waitUntil }) => {
    if (Date.now() < next) return
    next = Date.now() + betweenRuns
    waitUntil(withDeadline(runTime, (signal) => runPrivacyJobs(site, signal)))
  }
}
