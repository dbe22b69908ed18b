import { randomUUID } from 'node:crypto'

/** How an identity system lays out its addresses, and what its keys, subjects and errors look like. */
export type Kind = 'okta' | 'entra' | 'platform'

/** The tenant at Entra ID. */
export const tenantId = '0f6c8d1e-2b3a-4c5d-8e9f-001122334455'

export interface Vendor {
  /** Paths below the origin. */
  readonly issuer: string
  readonly keys: string
  readonly token: string
  readonly alg: 'RS256' | 'ES256'
  /** What it calls a person. */
  subjectOf(email: string): string
  /** What its assertions say besides the claims of the profile. */
  readonly more: (email: string, now: number) => Readonly<Record<string, unknown>>
  /** The answer of its token endpoint to a request that it refuses. */
  readonly refusal: (error: ExchangeError) => {
    readonly status: number
    readonly body: Readonly<Record<string, unknown>>
  }
}

/** Why an identity system exchanges no token (RFC 8693 §2.2.2). */
export type ExchangeError = 'invalid_client' | 'invalid_request' | 'invalid_grant' | 'invalid_target'

/** 43 characters that look like the pairwise subjects of Entra ID. */
const pairwise = (email: string) => Buffer.from(email.padEnd(32, '-')).toString('base64url').slice(0, 43)

/** As Entra ID writes an error: a number that its own documentation explains, and ids for its support. */
function refusalOfEntra(error: ExchangeError) {
  const [code, words] = {
    invalid_client: [7000215, 'Invalid client secret provided.'] as const,
    invalid_request: [900144, 'The request body must contain a parameter that is missing.'] as const,
    invalid_grant: [50013, 'Assertion failed signature validation.'] as const,
    invalid_target: [500011, 'The resource principal was not found in the tenant.'] as const,
  }[error]
  const ids = { trace_id: randomUUID(), correlation_id: randomUUID() }
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`
  const error_description = `AADSTS${code}: ${words} Trace ID: ${ids.trace_id} Correlation ID: ${ids.correlation_id} Timestamp: ${timestamp}`
  const body = { error, error_description, error_codes: [code], timestamp, ...ids, error_uri: `https://login.microsoftonline.com/error?code=${code}` } // biome-ignore format: one line
  return { status: error === 'invalid_client' ? 401 : 400, body }
}

const wordsOfOkta: Readonly<Record<ExchangeError, string>> = {
  invalid_client: 'The client secret supplied for a confidential client is invalid.',
  invalid_request: 'The request is missing a required parameter.',
  invalid_grant: 'subject token is invalid',
  invalid_target: 'The audience or the resource has no connection with this client.',
}

const refusalOfOkta: Vendor['refusal'] = (error) => ({
  status: error === 'invalid_client' ? 401 : 400,
  body: { error, error_description: wordsOfOkta[error] },
})

export const vendors: Readonly<Record<Kind, Vendor>> = {
  okta: {
    ...{ issuer: '', keys: '/oauth2/v1/keys', token: '/oauth2/v1/token', alg: 'ES256' },
    subjectOf: (email) => `00u${Buffer.from(email).toString('hex').slice(0, 17)}`,
    more: (_email, now) => ({ jti: `IDAAG.${randomUUID()}`, auth_time: now - 60, amr: ['pwd', 'mfa'] }),
    refusal: refusalOfOkta,
  },
  entra: {
    ...{ issuer: `/${tenantId}/v2.0`, keys: '/common/discovery/v2.0/keys', token: `/${tenantId}/oauth2/v2.0/token` },
    alg: 'RS256',
    subjectOf: pairwise,
    // The name with which the person signs in is no address that anyone has verified.
    more: (email, now) => ({
      ...{ tid: tenantId, oid: randomUUID(), preferred_username: email, ver: '2.0', nbf: now },
      ...{ uti: randomUUID(), rh: '1.AXkA.', acct: 0 },
    }),
    refusal: refusalOfEntra,
  },
  platform: {
    ...{ issuer: '', keys: '/.well-known/jwks', token: '/none', alg: 'RS256' },
    subjectOf: (email) => email,
    more: () => ({}),
    refusal: refusalOfOkta,
  },
}
