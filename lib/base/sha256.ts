import { hash } from 'node:crypto'

/** The base64url SHA-256 of a text. Sealed values, records, keys and log lines carry it instead of a long or telling text. */
export const sha256 = (text: string): string => hash('sha256', text, 'base64url')
