import * as v from 'valibot'
import { lifetimes } from '../capabilities.ts'
import type { Sealing } from '../keys/sealing.ts'
import { type AuthorizationRequest, authorizationRequestEntries, authorizationRequestNames } from './request.ts'

const ConsentForm = v.object({
  ...authorizationRequestEntries,
  /** base64url SHA-256 of the browser cookie. */
  browserHash: v.string(),
  /** Seconds since the epoch. */
  expiresAt: v.number(),
})
const names = { ...authorizationRequestNames, browserHash: 'b', expiresAt: 'exp' }

/**
 * Seals the authorization request into the consent form, bound to the browser that is shown the page. Opening it is the
 * CSRF check (C-08): another site can neither make one nor use its own in the browser of another user.
 */
export type ConsentForms = ReturnType<typeof createConsentForms>

/** @param now milliseconds since the epoch */
export function createConsentForms(sealing: Sealing, now: () => number) {
  const sealer = sealing.encrypted('consent', ConsentForm, { long: 'state', names })
  const seconds = () => Math.floor(now() / 1000)
  return {
    seal: (request: AuthorizationRequest, browserHash: string) =>
      sealer.seal({ ...request, browserHash, expiresAt: seconds() + lifetimes.consent }),
    /** Returns `null` for a value that is not sealed by this service. */
    open(value: string) {
      const opened = sealer.open(value)
      if (!opened) return null
      const { browserHash, expiresAt, ...rest } = opened
      const request: AuthorizationRequest = rest
      return { request, browserHash, expired: expiresAt <= seconds() }
    },
  }
}
