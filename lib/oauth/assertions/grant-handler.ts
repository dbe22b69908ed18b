import type { Log } from '../../base/log.ts'
import type { GuessLimit } from '../../base/rate-limit.ts'
import type { Store } from '../../store/store.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import type { BlockedClients } from '../clients/blocked-clients.ts'
import type { Clients } from '../clients/resolve.ts'
import type { Parameters } from '../http/parameters.ts'
import type { TokenCall, TokenContext, TokenResponse } from '../token/context.ts'
import type { ReadIssuerDocument } from './issuer-keys.ts'
import type { Assertions } from './trusted-issuer.ts'

/** A request to the token endpoint with a grant type that the operator has switched on. */
export interface GrantRequest {
  readonly request: Request
  readonly form: Parameters
  readonly context: TokenContext
  readonly call: TokenCall
  /** Authenticates the client. Throws `OAuthError` and `StoreUnavailable`. */
  readonly authenticate: () => Promise<AuthenticatedClient>
}

/** Answers one grant type. Throws `OAuthError` and `StoreUnavailable`. */
export type GrantHandler = (request: GrantRequest) => Promise<TokenResponse>

export interface GrantHandlerOptions {
  readonly issuer: string
  readonly resource: string
  readonly assertions: Assertions
  readonly store: Store
  readonly clients: Clients
  /** Reads the clients that are blocked. Throws `StoreUnavailable`. */
  readonly readBlocked: (signal: AbortSignal) => Promise<BlockedClients>
  readonly readIssuerDocument: ReadIssuerDocument
  /** Limits the refused assertions that one address may send. */
  readonly refusals: GuessLimit
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}
