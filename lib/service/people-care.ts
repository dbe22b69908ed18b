import { withDeadline } from '../base/deadline.ts'
import { grantKeysOfPerson, readPersonalGrant } from '../oauth/grants/of-person.ts'
import { createSealing } from '../oauth/keys/sealing.ts'
import { type CareOptions, forgetUnseen, walkOverPeople } from '../people/privacy/care.ts'
import { readConfiguration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { log } from './log.ts'
import { personalDataOf } from './personal-data.ts'
import { privacyOf, privacySurroundings } from './privacy.ts'

/** Milliseconds of each of the two. The next run continues where this one stopped. */
const share = 8000

/** Forgets people who have not been seen for long, and keeps personal data sealed as the settings say. A failure is logged. */
export async function careForPeople(site: Site, signal: AbortSignal): Promise<void> {
  const configuration = readConfiguration(process.env, site)
  const { issuer, signIn, kept } = configuration
  // While sign-in is out of service, there is no secret to trust. The log says why.
  if (!signIn) return
  const sealing = createSealing(issuer, signIn.secrets)
  const surroundings = privacySurroundings(site, sealing)
  const { store } = surroundings
  const options: CareOptions = {
    store,
    personalData: personalDataOf(issuer, signIn.secrets, kept.sealedPeople),
    privacy: privacyOf(configuration, signIn, surroundings),
    async isConnected(sub, inTime) {
      const { keys } = await grantKeysOfPerson(store, sub, Date.now(), inTime)
      for (const key of keys) {
        if (await readPersonalGrant(store, key, Date.now(), inTime)) return true
      }
      return false
    },
    peopleDays: kept.peopleDays,
    now: Date.now,
    log,
  }
  const failed = (error: unknown) => log('people_care_failed', { error: String(error) })
  await withDeadline(share, (inTime) => forgetUnseen(options, inTime), signal).catch(failed)
  await withDeadline(share, (inTime) => walkOverPeople(options, sealing.currentKid, inTime), signal).catch(failed)
}
