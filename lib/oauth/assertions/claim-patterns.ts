import { isObject } from '../../base/json.ts'
import type { ClaimPatterns } from './trusted-issuer.ts'

/** What a `*` stands for: one segment, never empty. */
const segment = '[A-Za-z0-9_.~-]+'

/**
 * Whether the claims of a token are what the patterns say (W-04). A pattern is compared as a whole, byte for byte. `*` stands for one
 * segment and crosses neither `:` nor `/`. A claim that is missing, or of another type, fits no pattern.
 */
export function fitsPatterns(claims: Readonly<Record<string, unknown>>, patterns: ClaimPatterns): boolean {
  return Object.entries(patterns).every(([name, pattern]) => {
    const claim = Object.hasOwn(claims, name) ? claims[name] : undefined
    if (typeof pattern !== 'string') return isObject(claim) && fitsPatterns(claim, pattern)
    return typeof claim === 'string' && fits(claim, pattern)
  })
}

function fits(text: string, pattern: string): boolean {
  if (!pattern.includes('*')) return text === pattern
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(`^${parts.join(segment)}$`).test(text)
}
