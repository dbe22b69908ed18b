import { OAuthError } from '../errors.ts'

/** Why an assertion is refused, for the log and the attempt alone. */
export type AssertionProblem =
  | 'assertion-malformed'
  | 'assertion-type'
  | 'assertion-algorithm'
  | 'assertion-issuer'
  | 'assertion-audience'
  | 'assertion-resource'
  | 'assertion-claims'
  | 'assertion-expired'
  | 'assertion-too-long'
  | 'assertion-too-old'
  | 'assertion-not-yet'
  | 'assertion-signature'
  | 'assertion-replayed'
  | 'assertion-client'
  | 'assertion-client-method'
  | 'assertion-email'
  | 'assertion-scope'
  | 'assertion-no-rule'
  | 'assertion-person-ended'
  | 'assertion-machine-blocked'

/**
 * Makes the one refusal of an assertion. Every refusal has the same code and the same description, so that the sender of a forged
 * assertion does not learn which check has failed (E-03, W-05).
 */
export function assertionRefused(problem: AssertionProblem): OAuthError {
  return new OAuthError('invalid_grant', 'the assertion is not accepted', problem)
}
