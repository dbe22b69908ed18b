import * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import type { Sealing } from '../keys/sealing.ts'
import { type AuthorizationRequest, authorizationRequestEntries } from './request.ts'

const ConsentForm = v.object({
  ...authorizationRequestEntries,
  /** SHA-256 of the browser cookie. */
  b: v.string(),
  /** Seconds since the epoch. */
  exp: v.number(),
})

/**
 * The authorization request inside the consent form: sealed, and bound to the browser that was shown the page. Opening
 * it is the CSRF check (C-08): another site can neither make one nor use its own in somebody else's browser.
 */
export interface ConsentForms {
  seal(request: AuthorizationRequest, browserHash: string): string
  open(
    value: string,
  ): { readonly request: AuthorizationRequest; readonly browserHash: string; readonly expired: boolean } | null
}

export function createConsentForms(sealing: Sealing, now: () => number): ConsentForms {
  const sealer = sealing.encrypted('consent', ConsentForm, { long: 'state' })
  return {
    seal: (request, b) => sealer.seal({ ...request, b, exp: Math.floor(now() / 1000) + lifetimes.consent }),
    open(value) {
      const opened = sealer.open(value)
      if (!opened) return null
      const { b, exp, ...request } = opened
      return { request, browserHash: b, expired: exp <= Math.floor(now() / 1000) }
    },
  }
}
