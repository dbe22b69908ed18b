import { defined } from '../base/defined.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { createSignInRecorder } from '../people/sign-ins.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Site } from '../settings/site.ts'
import type { Store } from '../store/store.ts'
import { crmNewsOf } from './crm-news.ts'
import { log } from './log.ts'
import { personalDataOf } from './personal-data.ts'
import { nameRecorderOf } from './usage-recorder.ts'

/** Composes what records a sign-in. The code is loaded after the first answer, so that no sign-in waits for it. */
export function composeSignInRecorder(
  { issuer, telling, kept }: SignInConfiguration,
  { secrets, receivers }: SignInSettings,
  { store, site, sealing }: { readonly store: Store; readonly site: Site; readonly sealing: Sealing },
): ReturnType<typeof createSignInRecorder> {
  const recordNames = nameRecorderOf(site, sealing)
  const people = createSignInRecorder(
    defined({
      store,
      personalData: personalDataOf(issuer, secrets, kept.sealedPeople),
      log,
      crmNews: crmNewsOf({ webhook: receivers.webhook, telling, issuer, store, sealing }),
    }),
  )
  return {
    async recordSignIn(completed, signal) {
      const recorded = [people.recordSignIn(completed, signal), recordNames(completed, signal)]
      for (const outcome of await Promise.allSettled(recorded)) {
        if (outcome.status === 'rejected') throw outcome.reason
      }
    },
  }
}
