import type { Log } from '../../base/log.ts'
import type { Brand } from '../../pages/brand.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { RedirectPolicy } from '../clients/redirect-uri.ts'
import type { Clients } from '../clients/resolve.ts'
import type { Handler } from '../options.ts'
import type { Provider } from '../providers/provider.ts'
import type { CodeSealer } from '../token/authorization-code.ts'
import type { Responder } from './answer-to-client.ts'
import type { BrowserBinding } from './browser.ts'
import type { ConsentForms } from './consent-form.ts'
import type { Transactions } from './transaction.ts'

/** What the steps of a sign-in share. */
export interface AuthorizationContext {
  readonly issuer: string
  readonly resource: string
  readonly brand: Brand
  /** Whether the consent page is shown even for trusted hosts (`MCP_OAUTH_INTERSTITIAL`). */
  readonly interstitial: boolean
  /** Seconds from approval to the absolute end of a grant. */
  readonly grantLifetime: number
  /** Seconds that the user has for the sign-in after approval. */
  readonly signInLifetime: number
  readonly clients: Clients
  readonly blocked: BlockedClients
  readonly redirectPolicy: RedirectPolicy
  readonly provider: Provider
  readonly browser: BrowserBinding
  readonly consentForms: ConsentForms
  readonly transactions: Transactions
  readonly codes: CodeSealer
  readonly respond: Responder
  /** The URL of the account page. Absent: there is none. */
  readonly accountUrl?: string | undefined
  /** Finishes the sign-in of a browser to our own pages. Absent where those pages are not. */
  readonly sessionCallback?: Handler
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}
