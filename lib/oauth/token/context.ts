import type { Grants } from '../grants/grants.ts'
import type { GrantKey } from '../grants/record.ts'
import type { SignJwt } from '../keys/compact.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { EndedAddresses } from '../logout/ended-addresses.ts'
import type { ScopeContext } from '../scope-rules.ts'
import type { FlowCall } from '../trail.ts'
import type { Rechecked } from '../vault/recheck.ts'
import type { CodeSealer } from './authorization-code.ts'
import type { Binding } from './bound-key.ts'
import type { RefreshSealer, RefreshToken } from './refresh-token.ts'
import type { RecordSignIn } from './sign-in.ts'

/** The successful answer of the token endpoint (RFC 6749 §5.1). A member without a value is left out: `null` breaks clients (T-04). */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds. */
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string | undefined
}

/** What every grant type needs. */
export interface TokenContext extends ScopeContext {
  readonly issuer: string
  readonly resource: string
  /** Seconds. */
  readonly accessTokenLifetime: number
  /** Seconds that a refresh token lives unless it is used. */
  readonly refreshTokenLifetime: number
  readonly codes: CodeSealer
  readonly refreshTokens: RefreshSealer
  readonly currentKid: string
  /** Hashes the address of a caller for the record of a grant, with a key, and differently for each grant. */
  readonly addressHash: (grant: GrantKey, address: string | undefined) => string | undefined
  readonly grants: Grants
  readonly signingKeys: SigningKeys
  readonly signJwt: SignJwt
  readonly recordSignIn: RecordSignIn
  /** Asks the provider about the person. If absent, the token says who it is. */
  readonly recheck?: ((token: RefreshToken, signal: AbortSignal) => Promise<Rechecked>) | undefined
  /** Absent: people are ended by their id only. */
  readonly endedAddresses?: (() => Promise<EndedAddresses>) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The surroundings of one request to the token endpoint. */
export interface TokenCall extends Pick<FlowCall, 'signal' | 'address' | 'waitUntil' | 'trail'> {
  /** The key of the request's DPoP proof. Absent: the request has no proof. */
  readonly binding?: Binding | undefined
}
