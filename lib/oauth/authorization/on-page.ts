import { type ErrorKind, OAuthError, PageError } from '../errors.ts'

/** Runs work whose errors must be shown on a page, since no redirect URI is validated yet. Throws `PageError`. */
export function onPage<T>(kind: ErrorKind, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof OAuthError) throw new PageError(kind, error.code, error.description)
    throw error
  }
}
