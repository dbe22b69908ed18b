import { OAuthError, PageError } from '../errors.ts'
import { type Parameters, readForm } from '../http/parameters.ts'

/**
 * A form of our own pages. Another site cannot send it (C-08): browsers say where a post comes from, and we insist on
 * hearing it. Throws `PageError`.
 */
export async function readOwnForm(request: Request, issuer: string): Promise<Parameters> {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const same = origin === null ? site === 'same-origin' : origin === issuer && (site === null || site === 'same-origin')
  if (!same) throw new PageError('cross-site', 'invalid_request', 'the form was not posted by our own page')
  try {
    return await readForm(request)
  } catch (error) {
    throw error instanceof OAuthError ? new PageError('invalid-request', error.code, error.description) : error
  }
}
