import { createPublicKey } from 'node:crypto'
import { decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import * as v from 'valibot'
import { endpointFault } from '../stand-in.ts'
import { createSigningKey, type SigningKey } from './keys.ts'

/** ID tokens that a broken or hostile provider could send in place of a good one. */
export const idTokenFaults = [
  'wrong-audience',
  'wrong-issuer',
  'wrong-nonce',
  'expired',
  'unsigned',
  'signed-with-public-key',
  'unknown-key',
  'bad-signature',
] as const
export type IdTokenFault = (typeof idTokenFaults)[number]

const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))

/** Answers from between the service and the provider: a web page, or a connection that ends. */
const gatewayFaults = [
  v.strictObject({ kind: v.literal('page'), status: v.pipe(v.number(), v.integer()), times }),
  v.strictObject({ kind: v.literal('drop'), times }),
] as const

/** The provider handles the request and uses the code up. Then its answer is late, cut off, or lost. */
const answerFaults = [
  v.strictObject({ kind: v.literal('late'), milliseconds: v.pipe(v.number(), v.minValue(0)), times }),
  v.strictObject({ kind: v.literal('broken'), times }),
  v.strictObject({ kind: v.literal('lost'), times }),
] as const

/** The provider's own refusal, with any status. */
const refusal = v.strictObject({
  kind: v.literal('error'),
  status: v.pipe(v.number(), v.integer()),
  error: v.unknown(),
  description: v.optional(v.string()),
  times,
})

const documentFault = v.variant('kind', [...endpointFault.options, ...gatewayFaults])
const tokenFault = v.variant('kind', [...endpointFault.options, ...gatewayFaults, ...answerFaults, refusal])
export type TokenFault = v.InferOutput<typeof tokenFault>

const members = v.record(v.string(), v.unknown())

export const providerFaults = v.strictObject({
  /** The error code of every authorization response. */
  authorization: v.optional(v.string()),
  token: v.optional(tokenFault),
  discovery: v.optional(documentFault),
  jwks: v.optional(documentFault),
  idToken: v.optional(v.picklist(idTokenFaults)),
  /** Seconds by which the provider's clock is ahead (or behind) in the times of its ID tokens. */
  clockOffset: v.optional(v.pipe(v.number(), v.integer())),
  /** Wrong members of the metadata, of the token response and of the ID token. */
  metadata: v.optional(members),
  tokenResponse: v.optional(members),
  claims: v.optional(members),
  /** ID tokens do not name the key that signed them. */
  withoutKid: v.optional(v.boolean()),
  /** Entries before the provider's own keys in the key set, and members of its keys; null omits a member. */
  keySet: v.optional(v.strictObject({ before: v.optional(v.array(v.unknown())), members: v.optional(members) })),
  /** Where logout tokens go in place of the client's own address. */
  logoutTo: v.optional(v.string()),
  /** The token endpoint and the key set are below `/moved`, as the metadata says. Nothing answers at the old place. */
  moved: v.optional(v.boolean()),
})
/** How the provider misbehaves. Set and delete members at any time. */
export type ProviderFaults = v.InferOutput<typeof providerFaults>

/** @returns the ID token of a provider whose clock is this many seconds ahead, or behind */
export async function shiftClock(seconds: number, idToken: string, key: SigningKey): Promise<string> {
  const claims = decodeJwt(idToken)
  const times = ['iat', 'exp', 'nbf', 'auth_time'].flatMap((name) => {
    const time = claims[name]
    return typeof time === 'number' ? [[name, time + seconds] as const] : []
  })
  return sign({ ...claims, ...Object.fromEntries(times) }, key)
}

/** @returns the ID token with other claims, with or without the name of its key */
export async function changeClaims(
  claims: Readonly<Record<string, unknown>>,
  withoutKid: boolean,
  idToken: string,
  key: SigningKey,
): Promise<string> {
  const changed = { ...decodeJwt(idToken), ...claims }
  if (!withoutKid) return sign(changed, key)
  return new SignJWT(changed).setProtectedHeader({ alg: 'RS256' }).sign(key)
}

const sign = (claims: JWTPayload, key: SigningKey) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key)

/** Returns the published key set with the faults applied. */
export function oddKeySet(
  keys: readonly object[],
  { before = [], members: changed = {} }: NonNullable<ProviderFaults['keySet']>,
): { readonly keys: readonly unknown[] } {
  const own = keys.map((key) => {
    const entries = Object.entries({ ...key, ...changed }).filter(([, value]) => value !== null)
    return Object.fromEntries(entries)
  })
  return { keys: [...before, ...own] }
}

/** @returns the ID token with one fault, and otherwise unchanged */
export async function forge(fault: IdTokenFault, idToken: string, key: SigningKey): Promise<string> {
  const claims = decodeJwt(idToken)
  const changed = (changes: JWTPayload, signingKey = key) => sign({ ...claims, ...changes }, signingKey)
  switch (fault) {
    case 'wrong-audience':
      return changed({ aud: 'somebody-else' })
    case 'wrong-issuer':
      return changed({ iss: 'http://localhost:1' })
    case 'wrong-nonce':
      return changed({ nonce: 'another-sign-in' })
    case 'expired':
      return changed({ iat: (claims.iat ?? 0) - 86_400, exp: (claims.iat ?? 0) - 82_800 })
    case 'unsigned':
      return new UnsecuredJWT(claims).encode()
    case 'signed-with-public-key': {
      // Algorithm confusion: a verifier that takes `alg` from the token checks this with the published key, and accepts
      // it.
      const pem = createPublicKey({ format: 'jwk', key }).export({ type: 'spki', format: 'pem' })
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(pem))
    }
    case 'unknown-key':
      return changed({}, await createSigningKey())
    case 'bad-signature':
      return changed({}, { ...(await createSigningKey()), kid: key.kid })
  }
}
