import { OAuthError, PageError } from '../errors.ts'
import type { ErrorKind } from '../pages/index.ts'

/** Whatever the work refuses is shown on a page of ours: nothing has been proven yet that could be redirected to. */
export function onPage<T>(kind: ErrorKind, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof OAuthError) throw new PageError(kind, error.code, error.description)
    throw error
  }
}
