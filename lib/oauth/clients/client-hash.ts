import { hash } from 'node:crypto'

/** base64url SHA-256 of a client_id: what sealed values, records and log lines carry instead of it. */
export function clientHash(clientId: string): string {
  return hash('sha256', clientId, 'base64url')
}
