import * as v from 'valibot'
import { once } from '../../base/once.ts'
import { deterministicEnvelope, type Envelope, encryptedEnvelope, signedEnvelope } from './compact.ts'
import { createDerivedSecrets, type DerivedSecrets } from './derived-secrets.ts'
import { decodePayload, encodePayload } from './long-text.ts'
import { deriveKey, type Secrets } from './secrets.ts'
import { fromWireNames, toWireNames, type WireNames } from './wire-names.ts'

declare const purpose: unique symbol
/** A sealed value of one purpose. The purpose is part of its type, so that no code can pass for a cookie. */
export type Sealed<Purpose extends string> = string & { readonly [purpose]?: Purpose }

/** Seals and opens values of one purpose and shape. */
export interface Sealer<Purpose extends string, Payload> {
  /** Seals under the key that `kid` names, by default the current one. Throws `UnknownKey`. */
  seal(payload: Payload, kid?: string): Sealed<Purpose>
  /** Returns `null` for a value that was not sealed for this purpose, or whose shape is that of another release. */
  open(value: string): Payload | null
}

export interface SealerOptions {
  /** A text member that may be very long. It is compressed. */
  readonly long?: string
  /** The short names that members have in the sealed value. */
  readonly names?: WireNames
}

/** Makes a sealer of one purpose and shape. */
type MakeSealer<Members extends 'seal' | 'open' = 'seal' | 'open'> = <
  const P extends string,
  S extends v.GenericSchema,
>(
  typ: P,
  schema: S,
  options?: SealerOptions,
) => Pick<Sealer<P, v.InferOutput<S>>, Members>

/** Makes sealers. There is one for each issuer and set of secrets. A sealer derives its keys when it is made. */
export interface Sealing {
  /** Encrypts: the holder of a value can neither read nor change it. */
  readonly encrypted: MakeSealer
  /**
   * Encrypts so that the same payload under the same key is the same string on every instance. Concurrent requests that
   * must get the same answer need this. Opens the values of `encrypted` for the same purpose, too.
   */
  readonly deterministic: MakeSealer
  /** Signs: the holder of a value can read it, but not change it. */
  readonly signed: MakeSealer
  /** Opens values that leaked secrets have signed for this purpose. An attacker may have made them just now. */
  readonly signedByRetired: MakeSealer<'open'>
  /** Derives secrets of one purpose from the values that they belong to. Leaked secrets derive none. */
  secrets(purpose: string): DerivedSecrets
  /** The `kid` of the current secret. A record that is sealed again later carries it. */
  readonly currentKid: string
}

export function createSealing(issuer: string, secrets: Secrets): Sealing {
  const keys = (typ: string, from = [secrets.current, ...secrets.previous]) =>
    from.map((s) => deriveKey(s, issuer, typ))
  const currentKid = once(() => deriveKey(secrets.current, issuer, '').kid)
  return {
    encrypted: (typ, schema, options) => sealer(encryptedEnvelope(typ, keys(typ)), schema, options),
    deterministic: (typ, schema, options) =>
      sealer(deterministicEnvelope(typ, keys(typ), keys(`${typ} iv`)), schema, options),
    signed: (typ, schema, options) => sealer(signedEnvelope(typ, keys(typ)), schema, options),
    signedByRetired: (typ, schema, options) =>
      sealer(signedEnvelope(typ, keys(typ, [...secrets.retired])), schema, options),
    secrets: (purpose) =>
      createDerivedSecrets(
        deriveKey(secrets.current, issuer, purpose),
        secrets.previous.map((secret) => deriveKey(secret, issuer, purpose)),
      ),
    get currentKid() {
      return currentKid()
    },
  }
}

function sealer<P extends string, S extends v.GenericSchema>(
  envelope: Envelope,
  schema: S,
  { long, names = {} }: SealerOptions = {},
): Sealer<P, v.InferOutput<S>> {
  const toWire = toWireNames(names)
  const fromWire = fromWireNames(names)
  return {
    seal: (payload, kid) => envelope.seal(encodePayload(toWire(payload), long), kid),
    open(value) {
      const opened = envelope.open(value)
      if (!opened) return null
      const parsed = v.safeParse(schema, fromWire(decodePayload(opened.plaintext, long)))
      return parsed.success ? parsed.output : null
    },
  }
}
