import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { Parameters } from '../http/parameters.ts'
import type { DiscoveryOptions, FlowOptions, Handler } from '../options.ts'
import type { OpenedRequest } from '../par/request-uri.ts'
import type { CodeSealer } from '../token/authorization-code.ts'
import type { Responder } from './answer-to-client.ts'
import type { BrowserBinding } from './browser.ts'
import type { ConsentForms } from './consent-form.ts'
import type { Transactions } from './transaction.ts'

/** What the steps of a sign-in share. */
export interface AuthorizationContext
  extends Pick<DiscoveryOptions, 'issuer' | 'resource' | 'brand' | 'log'>,
    Pick<FlowOptions, 'clients' | 'redirectPolicy' | 'interstitial' | 'provider' | 'now'> {
  readonly scopeRules?: FlowOptions['scopeRules'] | undefined
  readonly vault?: FlowOptions['vault'] | undefined
  /** Seconds from approval to the absolute end of a grant. */
  readonly grantLifetime: number
  /** Seconds that the user has for the sign-in after approval. */
  readonly signInLifetime: number
  readonly blocked: BlockedClients
  readonly browser: BrowserBinding
  readonly consentForms: ConsentForms
  readonly transactions: Transactions
  readonly codes: CodeSealer
  readonly respond: Responder
  /** Opens the request_uri of a pushed request. Its code is loaded when such a request comes. Throws `PageError`. */
  readonly openPushed: (given: Parameters) => Promise<OpenedRequest>
  /** The URL of the account page. Absent: there is none. */
  readonly accountUrl?: string | undefined
  /** Finishes the sign-in of a browser to our own pages. Absent where those pages are not. */
  readonly sessionCallback?: Handler
}
