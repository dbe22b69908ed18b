import { hash } from 'node:crypto'

/** base64url SHA-256: what sealed values, records, keys and log lines carry instead of a long or telling string. */
export const sha256 = (text: string): string => hash('sha256', text, 'base64url')
