import { createSecretKey } from 'node:crypto'
import * as v from 'valibot'
import { jsonOf } from '../../base/json.ts'
import { openText, sealText } from '../../base/sealed-text.ts'
import { deriveKey } from '../keys/secrets.ts'

/** What the vault keeps of one sign-in at the OpenID Provider. */
export const Kept = v.object({
  /** The subject at the provider. Every later ID token must have the same. */
  subject: v.string(),
  /** The name of the provider in the settings. Absent: the default provider. */
  provider: v.optional(v.string()),
  /** The issuer of the person, as at the sign-in. Absent in records of earlier releases. */
  issuer: v.optional(v.string()),
  /** The provider and our client there, as `sourceOf` names them. Absent in records of earlier releases. */
  source: v.optional(v.string()),
  refreshToken: v.string(),
  accessToken: v.optional(v.string()),
  /** When the access token ends, in seconds since the epoch. */
  accessEndsAt: v.optional(v.number()),
  /** What the last ID token with claims said about the role. Absent: no later ID token came. */
  claimed: v.optional(
    v.object({
      /** Seconds since the epoch. */
      at: v.number(),
      roleMarks: v.optional(v.array(v.string())),
      organizationId: v.optional(v.string()),
    }),
  ),
  /** When the provider last gave tokens, in seconds since the epoch. */
  givenAt: v.number(),
})
export type Kept = v.InferOutput<typeof Kept>

export interface VaultSeal {
  seal(kept: Kept, record: string): string
  /** Returns `null` for a text that no key opens, or that was made for another record. */
  open(sealed: string, record: string): Kept | null
  /** Returns the id of the key that sealed a text, and whether that key seals now, only opens, or is not here. */
  keyOf(sealed: string): { readonly kid: string; readonly is: 'current' | 'earlier' | 'unknown' }
}

/**
 * Makes the seal of the vault. Its keys are apart from the secrets of the service. The first key seals, every key opens. The record of
 * a sealed text, and so its grant and person, is bound to it.
 */
export function createVaultSeal(issuer: string, keys: readonly [Uint8Array, ...Uint8Array[]]): VaultSeal {
  const ring = keys.map((key) => {
    const { kid, bytes } = deriveKey(key, issuer, 'vault')
    return { kid, secret: createSecretKey(bytes) }
  })
  return {
    seal(kept, record) {
      const [first] = ring
      if (!first) throw new TypeError('the vault has no key')
      return `${first.kid}.${sealText(JSON.stringify(kept), record, first.secret)}`
    },
    open(sealed, record) {
      const kid = kidOf(sealed)
      const found = ring.find((key) => key.kid === kid)
      const text = found && openText(sealed.slice(kid.length + 1), record, found.secret)
      const parsed = v.safeParse(Kept, jsonOf(text ?? ''))
      return parsed.success ? parsed.output : null
    },
    keyOf(sealed) {
      const kid = kidOf(sealed)
      const place = ring.findIndex((key) => key.kid === kid)
      return { kid, is: place === 0 ? 'current' : place > 0 ? 'earlier' : 'unknown' }
    },
  }
}

/** The id of a key stands before the first dot. */
const kidOf = (sealed: string) => sealed.split('.', 1)[0]?.slice(0, 64) ?? ''
