import * as v from 'valibot'
import { deterministicEnvelope, type Envelope, encryptedEnvelope, signedEnvelope } from './compact.ts'
import { createDerivedSecrets, type DerivedSecrets } from './derived-secrets.ts'
import { decodePayload, encodePayload } from './long-text.ts'
import { deriveKey, type Secrets } from './secrets.ts'

declare const purpose: unique symbol
/** A sealed value of one purpose. The purpose is part of its type, so that a code cannot be handed on as a cookie. */
export type Sealed<Purpose extends string> = string & { readonly [purpose]?: Purpose }

/** Seals and opens values of one purpose and shape. */
export interface Sealer<Purpose extends string, Payload> {
  /** `kid`: the key to use, where a record names it; by default the current one. Throws `UnknownKey`. */
  seal(payload: Payload, kid?: string): Sealed<Purpose>
  /** `null` for anything that was not sealed for this purpose, or by an older release with another shape. */
  open(value: string): Payload | null
}

/** Makes sealers. One per issuer and set of secrets; keys are derived when a sealer is made. */
export interface Sealing {
  /** Encrypted: its holder learns nothing and can change nothing. `long`: a text member that may be very long. */
  encrypted<const P extends string, S extends v.GenericSchema>(
    typ: P,
    schema: S,
    options?: { readonly long?: string },
  ): Sealer<P, v.InferOutput<S>>
  /**
   * Encrypted, and the same payload under the same key is the same string, on every instance: for what several requests at
   * once have to answer alike. Opens what `encrypted` has sealed for this purpose, too.
   */
  deterministic<const P extends string, S extends v.GenericSchema>(typ: P, schema: S): Sealer<P, v.InferOutput<S>>
  /** Signed: its holder may read it. */
  signed<const P extends string, S extends v.GenericSchema>(typ: P, schema: S): Sealer<P, v.InferOutput<S>>
  /** Opens what leaked secrets have signed for this purpose: whoever has one of them may have made it just now. */
  signedByRetired<const P extends string, S extends v.GenericSchema>(
    typ: P,
    schema: S,
  ): Pick<Sealer<P, v.InferOutput<S>>, 'open'>
  /** Secrets of one purpose, computed from what they belong to: those of leaked secrets are no good. */
  secrets(purpose: string): DerivedSecrets
  /** Names the current secret: what a record that is to be signed again later carries. */
  readonly currentKid: string
}

export function createSealing(issuer: string, secrets: Secrets): Sealing {
  const keys = (typ: string, from = [secrets.current, ...secrets.previous]) =>
    from.map((s) => deriveKey(s, issuer, typ))
  return {
    encrypted: (typ, schema, options) => sealer(encryptedEnvelope(typ, keys(typ)), schema, options?.long),
    deterministic: (typ, schema) => sealer(deterministicEnvelope(typ, keys(typ), keys(`${typ} iv`)), schema),
    signed: (typ, schema) => sealer(signedEnvelope(typ, keys(typ)), schema),
    signedByRetired: (typ, schema) => sealer(signedEnvelope(typ, keys(typ, [...secrets.retired])), schema),
    secrets: (purpose) =>
      createDerivedSecrets(
        deriveKey(secrets.current, issuer, purpose),
        secrets.previous.map((secret) => deriveKey(secret, issuer, purpose)),
      ),
    currentKid: deriveKey(secrets.current, issuer, '').kid,
  }
}

function sealer<P extends string, S extends v.GenericSchema>(
  envelope: Envelope,
  schema: S,
  long?: string,
): Sealer<P, v.InferOutput<S>> {
  return {
    seal: (payload, kid) => envelope.seal(encodePayload(payload, long), kid),
    open(value) {
      const opened = envelope.open(value)
      if (!opened) return null
      const parsed = v.safeParse(schema, decodePayload(opened.plaintext, long))
      return parsed.success ? parsed.output : null
    },
  }
}
