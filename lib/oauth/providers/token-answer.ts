import { ProviderError, type ProviderFailure } from './provider.ts'
import { type ask, isSuccess, objectOf } from './provider-http.ts'

/**
 * Returns one token of an answer of the provider's token endpoint. Throws `ProviderError`, which tells whether the provider itself
 * answered: only then can its code be spent. The rest of a successful answer is not used and cannot be wrong.
 *
 * @param errorOf returns the standard code for an error of the provider
 */
export async function tokenOf(
  name: 'id_token' | 'access_token',
  { delivery, doubtful }: Awaited<ReturnType<typeof ask>>,
  errorOf: (code: string, description: string) => string = String,
): Promise<string> {
  /** A fault passes only if no earlier attempt can have reached the provider. Otherwise the code counts as spent. */
  const passing = (reason: string, code?: string) =>
    doubtful ? failure('spent', `${reason}, after an answer was lost`, code) : failure('passing', reason, code)

  if (delivery.kind === 'unsent') throw passing('the token endpoint cannot be reached')
  if (delivery.kind === 'lost') throw failure('spent', 'the answer of the token endpoint was late, or broke off')

  const { status, contentType, text } = delivery
  const answer = objectOf(text)
  const error = typeof answer?.error === 'string' && answer.error !== '' ? answer.error : undefined
  if (error !== undefined && !isGatewayStatus(status)) {
    const { error_description: description } = answer ?? {}
    const said = typeof description === 'string' ? description : ''
    throw await ownError(errorOf(error, said), status, said, passing)
  }
  if (isSuccess(status)) {
    const token = answer?.[name]
    if (typeof token === 'string' && token !== '') return token
    if (answer) throw failure('invalid', `the answer of the token endpoint has no ${name}`)
    // A web page does not come from the provider. An answer that breaks off does.
    if (isMarkup(contentType, text)) throw passing('the token endpoint answered with a web page')
    throw failure('spent', 'the answer of the token endpoint is broken')
  }
  if (status === 401 && !isMarkup(contentType, text))
    throw failure('misconfigured', 'the token endpoint answered 401', 'invalid_client')
  throw passing(`the token endpoint answered ${status}`)
}

/** 408, 425, 429 and 5xx come from a gateway, or from a provider that could not answer, whatever the body says. */
export const isGatewayStatus = (status: number) => [408, 425, 429].includes(status) || status >= 500

/** Reads the provider's own error (RFC 6749 §5.2), whatever its status. Auth0 refuses a code with 403, others with 200. */
async function ownError(
  error: string,
  status: number,
  description: string,
  passing: (reason: string, code?: string) => ProviderError,
): Promise<ProviderError> {
  const { isRefusal, loggedCode, tokenMeaningOf } = await import('./provider-words.ts')
  const code = loggedCode(error)
  const reason = `the token endpoint answered ${status} ${code}`
  const meaning = tokenMeaningOf(error)
  if (meaning === 'spent') {
    // Many providers have no error code for a wrong redirect URI. Their description decides, and is not logged.
    return /redirect[\s_-]?ur[il]/i.test(description)
      ? failure('misconfigured', `${reason}: the redirect URI`, code)
      : failure('spent', reason, code, true)
  }
  if (meaning === 'passing') return passing(reason, code)
  // RFC 6749 §5.2: a 401 refuses this server as a client, whatever the code (Auth0: access_denied).
  if (meaning === 'misconfigured' || status === 401) return failure('misconfigured', reason, code)
  if (isRefusal(meaning)) return failure('refused', reason, code)
  return status === 400 || isSuccess(status) ? failure('spent', reason, code, true) : passing(reason, code)
}

const isMarkup = (contentType: string, text: string) => /html|xml/i.test(contentType) || /^\s*</.test(text)

const failure = (kind: ProviderFailure, message: string, code?: string, rejected = false) =>
  new ProviderError(kind, message, { code, rejected })
