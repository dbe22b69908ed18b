import type { Asked } from './asked.ts'

/** One address of the admin API. */
export interface AdminApiRoute {
  readonly method: 'GET' | 'POST'
  /** Whether it needs a caller that may write. A route that does not changes nothing except the audit log. */
  readonly changes: boolean
  /** Below `/admin/api`. A segment with a colon before it names a part of the path. */
  readonly path: string
  readonly about: string
  /** The parameters of the query. Any other is refused, since a misspelled one would be ignored. */
  readonly query?: readonly string[]
  /** The person must have signed in within the last 10 minutes (N5). */
  readonly recent?: boolean
  /** Returns what is sent as JSON, or an answer of its own. Throws `Refusal` and `StoreUnavailable`. */
  answer(asked: Asked): Promise<object>
}
