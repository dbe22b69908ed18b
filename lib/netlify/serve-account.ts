import { withDeadline } from '../base/deadline.ts'
import { composeAccount } from '../service/account.ts'
import { allSettings } from './all-settings.ts'
import { callOf, serveWith } from './serve.ts'

/** Milliseconds until a page stands, or the first byte of an export. */
const deadline = 8000

/** The `account` function. */
export const serveAccount = serveWith(
  allSettings,
  composeAccount,
  (account, request, context) => withDeadline(deadline, (signal) => account.fetch(request, callOf(context, signal))),
  { atAccountHost: true },
)
