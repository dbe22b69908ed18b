import type { Problem } from './problems.ts'
import type { AttemptStep, Patience } from './step.ts'

/** What a refused or failed step means, by its reason. `*` stands for every other reason. */
const meanings: Readonly<Record<string, Readonly<Record<string, Problem>>>> = {
  request: {
    'unknown-client': 'unknown-client',
    'too-many-sign-ins': 'too-many-sign-ins',
    'invalid-redirect-uri': 'invalid-redirect-uri',
    'not-configured': 'not-configured',
    '*': 'invalid-request',
  },
  document: { '*': 'client-unavailable' },
  consent: {
    canceled: 'canceled',
    expired: 'expired',
    'other-browser': 'other-browser',
    'unknown-client': 'unknown-client',
    'invalid-redirect-uri': 'invalid-redirect-uri',
    '*': 'invalid-request',
  },
  provider: {
    'not-configured': 'not-configured',
    misconfigured: 'not-configured',
    'sign-in-unavailable': 'provider-unavailable',
    'sign-in-stuck': 'provider-stuck',
    refused: 'provider-refused',
    '*': 'provider-invalid',
  },
  callback: {
    'not-allowed': 'not-allowed',
    expired: 'expired',
    'unknown-client': 'unknown-client',
    'invalid-redirect-uri': 'invalid-redirect-uri',
    '*': 'other-browser',
  },
  confirmation: {
    canceled: 'canceled',
    'not-allowed': 'not-allowed',
    expired: 'expired',
    'unknown-client': 'unknown-client',
    '*': 'other-browser',
  },
  session: {
    'login-expired': 'expired',
    'login-failed': 'provider-refused',
    'sign-in-unavailable': 'provider-unavailable',
    'not-configured': 'not-configured',
    'invalid-request': 'invalid-request',
    '*': 'other-browser',
  },
  token: {
    used: 'code-used',
    'other-code': 'token-refused',
    expired: 'code-expired',
    invalid_client: 'client-authentication',
    '*': 'token-refused',
  },
  refresh: {
    reuse: 'refresh-reused',
    'not-allowed': 'not-allowed',
    revoked: 'revoked',
    unknown: 'revoked',
    expired: 'refresh-expired',
    invalid_client: 'client-authentication',
    unproven: 'client-authentication',
    '*': 'refresh-refused',
  },
  call: {
    revoked: 'revoked',
    work_email: 'work-email',
    role: 'not-allowed',
    scope: 'scope',
    limit: 'limit',
    origin: 'origin',
    '*': 'our-fault',
  },
}

/** Reasons that stand for a fault of the service, at every step. */
const ourFaults: readonly string[] = ['unavailable', 'unexpected']

/** Problems that end a connection which worked. */
export const isEnd = (problem: Problem): boolean =>
  ['revoked', 'refresh-expired', 'refresh-reused', 'refresh-refused', 'code-used'].includes(problem)

/** Returns what a step that was refused or failed means. */
function meaningOf({ step, reason = '', detail = '' }: AttemptStep): Problem {
  if (ourFaults.includes(reason)) return 'our-fault'
  const table = meanings[step] ?? {}
  // An expired code or token has the same error code as every other bad one. The sentence says more.
  const word = reason === 'invalid_grant' && /has expired$/.test(detail) ? 'expired' : reason
  return table[word] ?? table['*'] ?? 'our-fault'
}

/**
 * Judges an attempt by its steps, in order: `fine` if the client calls, `open` if there is still time, or else what is wrong.
 *
 * @param now milliseconds since the epoch
 */
export function problemOf(
  steps: readonly AttemptStep[],
  { now, patience }: { readonly now: number; readonly patience: Patience },
): Problem | 'open' | 'fine' {
  const last = steps.at(-1)
  if (!last) return 'open'
  // The provider is asked again by the service itself. The user need not do anything.
  const goesOn = last.step === 'provider' && last.reason === 'again'
  if (last.outcome !== 'ok' && !goesOn) return meaningOf(last)
  const called = steps.some(({ step }) => step === 'first-call')
  switch (last.step) {
    case 'consent':
      return isOver(last, patience.consent, now) ? 'left-consent' : 'open'
    case 'approved':
    case 'provider':
      return isOver(last, patience.signIn, now) ? 'left-provider' : 'open'
    case 'confirmation':
      return isOver(last, patience.confirmation, now) ? 'left-confirmation' : 'open'
    case 'code':
      return isOver(last, patience.code, now) ? 'code-not-redeemed' : 'open'
    case 'token':
    case 'refresh':
      if (called) return 'fine'
      return isOver(last, firstCall, now) ? 'no-call' : 'open'
    default:
      return 'fine'
  }
}

/** Seconds in which a client sends its first request to `/mcp`. Clients do so at once. */
const firstCall = 60

const isOver = ({ at }: AttemptStep, seconds: number, now: number) => at + seconds * 1000 <= now
