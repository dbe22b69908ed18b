/**
 * What the error codes of OpenID Providers mean: those of the specifications, and those that providers invented. The same list is for
 * authorization responses and for token endpoints.
 */

/** The code for the client if the provider, or the user there, refused. */
export type Refusal =
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'account_selection_required'

export type Meaning =
  | Refusal
  /** The provider's code is not valid, or no longer valid. */
  | 'spent'
  | 'passing'
  | 'misconfigured'
  | 'unknown'

const words = new Map<string, Meaning>(
  Object.entries({
    // RFC 6749 §4.1.2.1 and §5.2
    access_denied: 'access_denied',
    invalid_grant: 'spent',
    invalid_request: 'misconfigured',
    invalid_client: 'misconfigured',
    unauthorized_client: 'misconfigured',
    unsupported_grant_type: 'misconfigured',
    unsupported_response_type: 'misconfigured',
    invalid_scope: 'misconfigured',
    server_error: 'passing',
    temporarily_unavailable: 'passing',
    // RFC 8707 §2, RFC 9449 §5 and §8
    invalid_target: 'misconfigured',
    invalid_dpop_proof: 'misconfigured',
    use_dpop_nonce: 'misconfigured',
    // OpenID Connect Core §3.1.2.6; OpenID Connect Core Error Code unmet_authentication_requirements §2
    login_required: 'login_required',
    consent_required: 'consent_required',
    interaction_required: 'interaction_required',
    account_selection_required: 'account_selection_required',
    unmet_authentication_requirements: 'access_denied',
    registration_required: 'interaction_required',
    registration_not_supported: 'misconfigured',
    request_not_supported: 'misconfigured',
    request_uri_not_supported: 'misconfigured',
    invalid_request_object: 'misconfigured',
    invalid_request_uri: 'misconfigured',
    // Auth0: refusals of actions and connections, brute-force and breached-password protection
    unauthorized: 'access_denied',
    too_many_attempts: 'access_denied',
    password_leaked: 'access_denied',
    invalid_user_password: 'access_denied',
    mfa_required: 'interaction_required',
    // Apple, LinkedIn, Facebook, Google and others
    user_cancelled_authorize: 'access_denied',
    user_cancelled_login: 'access_denied',
    user_denied: 'access_denied',
    org_internal: 'access_denied',
    admin_policy_enforced: 'access_denied',
    disallowed_useragent: 'access_denied',
    deleted_client: 'misconfigured',
    redirect_uri_mismatch: 'misconfigured',
    invalid_redirect_uri: 'misconfigured',
    incorrect_client_credentials: 'misconfigured',
    bad_verification_code: 'spent',
    invalid_code: 'spent',
    code_expired: 'spent',
    code_already_used: 'spent',
    slow_down: 'passing',
    too_many_requests: 'passing',
    rate_limit_exceeded: 'passing',
    service_unavailable: 'passing',
    timeout: 'passing',
    authentication_expired: 'passing',
  } as const),
)

/** Recognizes refusals that are not on the list, such as `consent_denied`, `account_disabled` and `login_cancelled`. */
const saysNo =
  /(?:^|_)(?:denied|abort(?:ed)?|cancel(?:l?ed)?|declined|rejected|refused|forbidden|blocked|banned|disabled|suspended|deactivated|locked|expired|unverified|not_(?:allowed|authorized|authorised|permitted|assigned|invited|verified|eligible|entitled|(?:a_)?member)|no_access|unauthorized|unauthorised)(?:_|$)/

/** Returns what a code in an authorization response means. Some providers use capitals or hyphens, or invent refusals. */
export function meaningOf(code: string): Meaning {
  const word = code
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_')
    .slice(0, 64)
  return words.get(word) ?? (saysNo.test(word) ? 'access_denied' : 'unknown')
}

/** Returns what a code of the token endpoint means, byte for byte: gateways and frameworks send words such as "Forbidden". */
export function tokenMeaningOf(code: string): Meaning {
  return words.get(code) ?? 'unknown'
}

export function isRefusal(meaning: Meaning): meaning is Refusal {
  return meaning === 'access_denied' || meaning.endsWith('_required')
}

/** Returns a code that may be logged: words of letters. Any other text is logged as `other`. */
export function loggedCode(code: string): string {
  return /^[A-Za-z]{2,20}(?:[_-][A-Za-z]{1,20}){0,5}$/.test(code) ? code : 'other'
}
