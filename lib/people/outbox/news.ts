import * as v from 'valibot'
import { defined } from '../../base/defined.ts'
import type { StoreValue } from '../../store/store.ts'
import type { Person } from '../person.ts'
import type { CrmNews } from '../sign-ins.ts'
import type { EventType } from './event-types.ts'
import { companyChanged, firstSeen } from './events.ts'
import type { Message } from './message.ts'
import type { Outbox } from './outbox.ts'

/** Makes what the CRM is told about sign-ins: a first sight, and a change of company. */
export function createCrmNews(options: {
  readonly outbox: Outbox
  /** The events that the operator wants the CRM to know. */
  readonly events: ReadonlySet<EventType>
  /** Issuer of the preview that users sign in to. Absent: not a preview. */
  readonly preview?: string | undefined
}): CrmNews {
  const { outbox, events, preview } = options
  const enqueue = (message: Message, signal: AbortSignal) => outbox.enqueue(message, signal)
  return {
    firstSeen: async (signIn, domain, signal) =>
      events.has('person.first_seen') ? enqueue(firstSeen(signIn, domain, preview), signal) : null,
    async seenAgain(signIn, before, signal) {
      if (!events.has('person.company_changed')) return null
      // The lists of mail domains are large, and most sign-ins bring no news.
      const { companyOf } = await import('../company.ts')
      const known = personIn(before.value)
      const [from, to] = [companyOf(known), companyOf({ ...known, ...saidBy(signIn) })]
      if (from?.id === to?.id) return null
      return enqueue(companyChanged(signIn, { from, to, version: before.version }, preview), signal)
    },
  }
}

/** What the OpenID Provider said this time. The address and whether it is verified belong together. */
const saidBy = ({ email, emailVerified, organization }: Person): Person =>
  defined({ organization, ...(email === undefined ? undefined : { email, emailVerified: emailVerified ?? false }) })

const storedPerson = v.object({
  email: v.fallback(v.optional(v.string()), undefined),
  emailVerified: v.fallback(v.optional(v.boolean()), undefined),
  organization: v.fallback(
    v.optional(v.object({ id: v.optional(v.string()), name: v.optional(v.string()) })),
    undefined,
  ),
})

/** What the record of a user says about the person. */
function personIn(value: StoreValue): Person {
  const { email, emailVerified, organization } = v.parse(storedPerson, value)
  return defined({ email, emailVerified, organization: organization && defined(organization) })
}
