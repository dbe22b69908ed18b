import { defined } from '../base/defined.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import { createSignInRecorder } from '../people/sign-ins.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Store } from '../store/store.ts'
import { crmNewsOf } from './crm-news.ts'
import { log } from './log.ts'
import { personalDataOf } from './personal-data.ts'

/** Composes what records a sign-in. The code is loaded after the first answer, so that no sign-in waits for it. */
export function composeSignInRecorder(
  { issuer, telling, kept }: Configuration,
  { secrets, receivers }: SignInSettings,
  { store, sealing }: { readonly store: Store; readonly sealing: Sealing },
): ReturnType<typeof createSignInRecorder> {
  return createSignInRecorder(
    defined({
      store,
      personalData: personalDataOf(issuer, secrets, kept.sealedPeople),
      log,
      crmNews: crmNewsOf({ webhook: receivers.webhook, telling, issuer, store, sealing }),
    }),
  )
}
