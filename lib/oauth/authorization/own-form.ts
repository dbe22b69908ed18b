import { OAuthError, PageError } from '../errors.ts'
import { type Parameters, readForm } from '../http/parameters.ts'

/**
 * Reads a form that one of our own pages posts. Browsers name the origin of a post, and this requires them to, so that
 * another site cannot post it (C-08). Throws `PageError`.
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
