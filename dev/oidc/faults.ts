import { createPublicKey } from 'node:crypto'
import { decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import * as v from 'valibot'
import { endpointFault } from '../stand-in.ts'
import { createSigningKey, type SigningKey } from './keys.ts'

/** What a broken or a hostile provider could put in place of a good ID token. */
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

/** What stands between us and the provider, instead of its answer: a page, a connection that ends. */
const gatewayFaults = [
  v.strictObject({ kind: v.literal('page'), status: v.pipe(v.number(), v.integer()), times }),
  v.strictObject({ kind: v.literal('drop'), times }),
] as const

/** After the provider has done what it was asked for, and taken the code: its answer is late, cut in two, or lost. */
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
  /** Seconds by which the provider's clock is ahead, or behind: in the times of its ID tokens. */
  clockOffset: v.optional(v.pipe(v.number(), v.integer())),
  /** Members of the metadata, of the token response and of the ID token that are other than they ought to be. */
  metadata: v.optional(members),
  tokenResponse: v.optional(members),
  claims: v.optional(members),
  /** ID tokens do not name the key that signed them. */
  withoutKid: v.optional(v.boolean()),
  /** Entries of the key set before the provider's own keys, and members of these; null leaves one out. */
  keySet: v.optional(v.strictObject({ before: v.optional(v.array(v.unknown())), members: v.optional(members) })),
  /** Token endpoint and key set are below `/moved`, where the metadata say so; nothing is left where they were. */
  moved: v.optional(v.boolean()),
})
/** How the provider misbehaves from now on. Set and delete members at will. */
export type ProviderFaults = v.InferOutput<typeof providerFaults>

/** @returns the ID token of a provider whose clock is so many seconds ahead, or behind */
export async function shiftClock(seconds: number, idToken: string, key: SigningKey): Promise<string> {
  const claims = decodeJwt(idToken)
  const times = ['iat', 'exp', 'nbf', 'auth_time'].flatMap((name) => {
    const time = claims[name]
    return typeof time === 'number' ? [[name, time + seconds] as const] : []
  })
  return sign({ ...claims, ...Object.fromEntries(times) }, key)
}

/** @returns the ID token with other claims, its key named or not */
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

/** The key set as it is published, with what is odd about it. */
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

/** @returns the ID token with one thing wrong, and all else as it was */
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
      // Algorithm confusion: a verifier that takes `alg` from the token checks this with the published key, and it fits.
      const pem = createPublicKey({ format: 'jwk', key }).export({ type: 'spki', format: 'pem' })
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(Buffer.from(pem))
    }
    case 'unknown-key':
      return changed({}, await createSigningKey())
    case 'bad-signature':
      return changed({}, { ...(await createSigningKey()), kid: key.kid })
  }
}
