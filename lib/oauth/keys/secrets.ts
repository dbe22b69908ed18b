import { hkdfSync } from 'node:crypto'

/** The operator's secrets, decoded: `MCP_OAUTH_SECRET` and its predecessors, each of 32 bytes or more. */
export interface Secrets {
  /** Seals all new values. */
  readonly current: Uint8Array
  /** Still open all values (`MCP_OAUTH_PREVIOUS_SECRETS`). */
  readonly previous: readonly Uint8Array[]
  /** Leaked secrets. They open only the ids of public clients, so that registrations survive (`MCP_OAUTH_RETIRED_SECRETS`). */
  readonly retired: readonly Uint8Array[]
}

/** A key derived from a secret. `kid` identifies the secret and reveals nothing about it. */
export interface DerivedKey {
  readonly kid: string
  readonly bytes: Uint8Array
}

/**
 * Derives a key from a secret with HKDF (RFC 5869), for one purpose of one issuer. Values that a preview, a mock or another
 * broker sealed, or that were sealed for another purpose, do not open with it.
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
