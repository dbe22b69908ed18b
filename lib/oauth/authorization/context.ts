import type { Markup } from '../../pages/markup.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { Parameters } from '../http/parameters.ts'
import type { DiscoveryOptions, FlowOptions, Handler } from '../options.ts'
import type { OpenedRequest } from '../par/request-uri.ts'
import type { CodeSealer } from '../token/authorization-code.ts'
import type { Responder } from './answer-to-client.ts'
import type { BrowserBinding } from './browser.ts'
import type { ConsentForms } from './consent-form.ts'
import type { Transaction, Transactions } from './transaction.ts'

/** What the steps of a sign-in share. */
export interface AuthorizationContext
  extends Pick<DiscoveryOptions, 'issuer' | 'resource' | 'scopes' | 'brand' | 'log'>,
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
  /** The choice among the providers of the list. Absent: there is none, and `provider` is the only one. */
  readonly choice?: (() => Promise<ProviderChoice>) | undefined
  /** Finishes the sign-in of a browser to our own pages. Absent where those pages are not. */
  readonly sessionCallback?: Handler
}

/** What a user has told about the provider to use. */
export interface Wanted {
  /** An email address, from the client or from the form. Only its domain counts. */
  readonly address?: string | undefined
  /** The user has entered that address, and no provider is for its domain. */
  readonly unknown?: boolean
}

/** The providers of the list, each with the context of its sign-ins. */
export interface ProviderChoice {
  /** Makes the buttons of the consent page, and the styles that they need. */
  buttons(wanted: Wanted): { readonly markup: Markup; readonly rules?: string }
  /** Returns the context of the provider that the user chose. `unknown`: none is for that domain. `null`: the user canceled. */
  chosen(form: Parameters): AuthorizationContext | 'unknown' | null
  /**
   * Returns the context of the provider that the browser was sent to, for a request to that provider's callback. Throws `PageError`
   * if the provider is not in service any more, or if the request came to the callback of another one.
   */
  contextOf(transaction: Transaction, request: Request): AuthorizationContext
}
