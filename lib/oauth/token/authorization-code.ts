import * as v from 'valibot'
import { capabilities } from '../capabilities.ts'
import type { Sealer, Sealing } from '../keys/sealing.ts'
import { Person } from './claims.ts'

/**
 * What an authorization code says. Encrypted, at most 1 KB, valid for 60 s. Nothing is stored until it is
 * redeemed; redeeming it creates the grant under `g`, and that can happen once. The same members are the same code.
 */
export const AuthorizationCode = v.object({
  /** Random: tells one code for a grant from another; absent in codes of older releases. */
  id: v.exactOptional(v.string()),
  /** The whole key of the grant to be. */
  g: v.string(),
  /** base64url SHA-256 of client_id and of redirect_uri. */
  c: v.string(),
  r: v.string(),
  /** Host of redirect_uri, with its port, if it has one: what an operator may block. */
  rh: v.exactOptional(v.string()),
  /** code_challenge (S256). */
  p: v.string(),
  resource: v.string(),
  scope: v.string(),
  /** Scopes that the person has left out; absent in codes of older releases. */
  lo: v.exactOptional(v.string()),
  /** The client's name and verified host, for the grant and for whoever reads who signed in. */
  cn: v.exactOptional(v.string()),
  ch: v.exactOptional(v.string()),
  /** Client authentication methods that may redeem it (T-10). */
  m: v.array(v.picklist(capabilities.tokenEndpointAuthMethods)),
  /** The address of the client's keys, if it publishes them (M-13). */
  ju: v.exactOptional(v.string()),
  /** Whether the client uses refresh tokens (T-19). */
  rt: v.boolean(),
  u: Person,
  /** Seconds since the epoch: expiry of the code, absolute end of the grant. */
  exp: v.number(),
  end: v.number(),
})
export type AuthorizationCode = v.InferOutput<typeof AuthorizationCode>

export type CodeSealer = Sealer<'code', AuthorizationCode>

export const codeSealer = (sealing: Sealing): CodeSealer => sealing.deterministic('code', AuthorizationCode)
