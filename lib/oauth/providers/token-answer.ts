import { ProviderError, type ProviderFailure } from './provider.ts'
import { type ask, isSuccess, objectOf } from './provider-http.ts'
import { isRefusal, loggedCode, tokenMeaningOf } from './provider-words.ts'

/**
 * What the provider's token endpoint answered, told apart by whether the provider itself spoke: only then may its code be
 * spent. Of a good answer we use the ID token, and nothing else of it can be wrong.
 *
 * @returns the ID token. Throws `ProviderError`.
 */
export function idTokenOf({ delivery, doubtful }: Awaited<ReturnType<typeof ask>>): string {
  /** What passes by itself does so only if no earlier attempt can have reached the provider. */
  const passing = (reason: string, code?: string) =>
    doubtful ? failure('spent', `${reason}, after an answer was lost`, code) : failure('passing', reason, code)

  if (delivery.kind === 'unsent') throw passing('the token endpoint cannot be reached')
  if (delivery.kind === 'lost') throw failure('spent', 'the answer of the token endpoint was late, or broke off')

  const { status, contentType, text } = delivery
  const answer = objectOf(text)
  const error = typeof answer?.error === 'string' && answer.error !== '' ? answer.error : undefined
  if (error !== undefined && !gatewaysSpeak(status)) throw ownError(error, status, answer?.error_description, passing)
  if (isSuccess(status)) {
    if (typeof answer?.id_token === 'string' && answer.id_token !== '') return answer.id_token
    if (answer) throw failure('invalid', 'the answer of the token endpoint has no ID token')
    // A web page is not the provider's; an answer that breaks off is.
    if (isMarkup(contentType, text)) throw passing('the token endpoint answered with a web page')
    throw failure('spent', 'the answer of the token endpoint is broken')
  }
  if (status === 401 && !isMarkup(contentType, text))
    throw failure('misconfigured', 'the token endpoint answered 401', 'invalid_client')
  throw passing(`the token endpoint answered ${status}`)
}

/** 408, 425, 429 and 5xx come from whatever stands between, or from a provider that could not do it, whatever the body says. */
const gatewaysSpeak = (status: number) => [408, 425, 429].includes(status) || status >= 500

/** The provider's own error (RFC 6749 §5.2), with whatever status: Auth0 refuses a code with 403, others with 200. */
function ownError(
  error: string,
  status: number,
  description: unknown,
  passing: (reason: string, code?: string) => ProviderError,
): ProviderError {
  const code = loggedCode(error)
  const reason = `the token endpoint answered ${status} ${code}`
  const meaning = tokenMeaningOf(error)
  if (meaning === 'spent') {
    // Many providers have no code of its own for this; their words decide, and are not logged.
    return typeof description === 'string' && /redirect[\s_-]?ur[il]/i.test(description)
      ? failure('misconfigured', `${reason}: the redirect URI`, code)
      : failure('spent', reason, code, true)
  }
  if (meaning === 'passing') return passing(reason, code)
  // RFC 6749 §5.2: it is us that are not let in, whatever word that has (Auth0: access_denied).
  if (meaning === 'misconfigured' || status === 401) return failure('misconfigured', reason, code)
  if (isRefusal(meaning)) return failure('refused', reason, code)
  return status === 400 || isSuccess(status) ? failure('spent', reason, code, true) : passing(reason, code)
}

const isMarkup = (contentType: string, text: string) => /html|xml/i.test(contentType) || /^\s*</.test(text)

const failure = (kind: ProviderFailure, message: string, code?: string, rejected = false) =>
  new ProviderError(kind, message, { code, rejected })
