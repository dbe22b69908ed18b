import { hkdfSync } from 'node:crypto'

/** The operator's secrets, decoded: 32 bytes or more each (`MCP_OAUTH_SECRET` and its predecessors). */
export interface Secrets {
  /** Seals everything new. */
  readonly current: Uint8Array
  /** Still opens everything (`MCP_OAUTH_PREVIOUS_SECRETS`). */
  readonly previous: readonly Uint8Array[]
  /** Leaked ones: open public client ids only, so that registrations survive (`MCP_OAUTH_RETIRED_SECRETS`). */
  readonly retired: readonly Uint8Array[]
}

/** One derived key. `kid` names the secret it comes from; it says nothing about the secret. */
export interface DerivedKey {
  readonly kid: string
  readonly bytes: Uint8Array
}

/**
 * HKDF (RFC 5869) of a secret for one purpose of one issuer: nothing sealed for another purpose, by a preview, a mock
 * or another broker opens here.
 */
export function deriveKey(secret: Uint8Array, issuer: string, purpose: string): DerivedKey {
  return {
    kid: Buffer.from(derive(secret, issuer, 'kid', 6)).toString('base64url'),
    bytes: derive(secret, issuer, `key ${purpose}`, 32),
  }
}

function derive(secret: Uint8Array, issuer: string, info: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `mcp-oauth-broker\n${issuer}\n${info}`, length))
}
