import { whenNeeded } from '../base/when-needed.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { CrmNews } from '../people/sign-ins.ts'
import type { ReceiverSettings } from '../settings/receivers.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/**
 * Loads what tells the CRM about sign-ins, when there is news for the first time: a sign-in does not wait for it.
 * `undefined`: no CRM is told.
 */
export function crmNewsOf(options: {
  readonly webhook: ReceiverSettings['webhook']
  readonly telling: SignInConfiguration['telling']
  readonly issuer: string
  readonly store: Store
  readonly sealing: Sealing
}): (() => Promise<CrmNews>) | undefined {
  const { webhook, telling, issuer, store, sealing } = options
  if (webhook === undefined || telling === 'none') return undefined
  return whenNeeded(async () => {
    const [{ createOutbox }, { createCrmNews }, { outboxSeals }] = await Promise.all([
      import('../people/outbox/outbox.ts'),
      import('../people/outbox/news.ts'),
      import('./outbox-seals.ts'),
    ])
    const outbox = createOutbox({ store, ...outboxSeals(sealing), webhook, now: Date.now, log })
    return createCrmNews({ outbox, events: webhook.events, preview: telling === 'as a preview' ? issuer : undefined })
  })
}
