/** What is known of an authorization server after `ready`. */
export interface AuthorizationServerReport {
  readonly issuer: string
  /** `unreachable`: it did not answer. It is asked again when a token arrives. */
  readonly state: 'ready' | 'unreachable'
  /** How a client without a registration gets one. Empty: clients need a client ID from the operator. */
  readonly registration: readonly ('dynamic' | 'metadata documents')[]
  /** What an MCP client may stumble over, in plain words. */
  readonly warnings: readonly string[]
}
