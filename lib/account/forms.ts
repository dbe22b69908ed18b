import * as v from 'valibot'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { Session } from './session.ts'

/**
 * Seals the action of a form to the session that was shown the page (N21). The form works in no other session, for no other
 * person, and for no other action.
 */
export interface SessionForms {
  /**
   * Returns the value of the hidden field `form`.
   *
   * @param subject the thing to act on, such as the key of a grant. The browser cannot read it
   */
  seal(session: Session, action: string, subject?: string): string
  /** Returns the subject (an empty string if the form has none), or `null` if the value is not a form of this session and action. */
  open(session: Session, action: string, value: string): { readonly subject: string } | null
}

const SealedForm = v.object({
  session: v.string(),
  sub: v.string(),
  action: v.string(),
  subject: v.optional(v.string()),
})

export function createSessionForms(sealing: Sealing): SessionForms {
  const sealer = sealing.encrypted('session-form', SealedForm)
  return {
    seal: (session, action, subject) => sealer.seal({ session: session.id, sub: session.sub, action, subject }),
    open(session, action, value) {
      const opened = sealer.open(value)
      if (opened?.session !== session.id || opened.sub !== session.sub || opened.action !== action) return null
      return { subject: opened.subject ?? '' }
    },
  }
}
