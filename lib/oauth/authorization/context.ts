import type { Call } from '../../base/call.ts'
import type { Log } from '../../base/log.ts'
import type { RedirectPolicy } from '../clients/redirect-uri.ts'
import type { Clients } from '../clients/resolve.ts'
import type { Brand } from '../pages/index.ts'
import type { Upstream } from '../providers/provider.ts'
import type { CodeSealer } from '../token/authorization-code.ts'
import type { Responder } from './answer-to-client.ts'
import type { BrowserBinding } from './browser.ts'
import type { ConsentForms } from './consent-form.ts'
import type { Transactions } from './transaction.ts'

/** What the steps of a sign-in have in common. */
export interface AuthorizationContext {
  readonly issuer: string
  readonly resource: string
  readonly brand: Brand
  /** Whether the consent page is shown even for hosts that the operator trusts (`MCP_OAUTH_INTERSTITIAL`). */
  readonly interstitial: boolean
  /** Seconds from approval to the absolute end of a grant. */
  readonly grantLifetime: number
  /** Seconds from approval in which the person is to have signed in. */
  readonly signInLifetime: number
  readonly clients: Clients
  readonly redirectPolicy: RedirectPolicy
  readonly upstream: Upstream
  readonly browser: BrowserBinding
  readonly consentForms: ConsentForms
  readonly transactions: Transactions
  readonly codes: CodeSealer
  readonly respond: Responder
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

export type AuthorizationCall = Pick<Call, 'signal' | 'requestId'>
