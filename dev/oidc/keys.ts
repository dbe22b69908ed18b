import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import * as v from 'valibot'
import { writeWhole } from './collection.ts'

export interface ProviderKeys {
  /** The private keys; the first one signs. */
  readonly signing: readonly SigningKey[]
  /** The secrets with which the provider signs its cookies. */
  readonly cookies: readonly string[]
}

export type SigningKey = JWK & { readonly kty: 'RSA'; readonly kid: string }

const rsaKey = v.looseObject({
  kty: v.literal('RSA'),
  use: v.literal('sig'),
  alg: v.literal('RS256'),
  kid: v.string(),
  n: v.string(),
  e: v.string(),
  d: v.string(),
})
const providerKeys = v.object({ signing: v.array(rsaKey), cookies: v.array(v.string()) })

const fileName = 'keys.json'

/** Returns the keys of an earlier run, or new ones. @throws Error if existing keys cannot be read */
export async function openKeys(directory?: string): Promise<ProviderKeys> {
  const path = join(directory ?? '', fileName)
  if (directory !== undefined && existsSync(path)) return v.parse(providerKeys, JSON.parse(readFileSync(path, 'utf8')))
  return save({ signing: [await createSigningKey()], cookies: [randomBytes(32).toString('base64url')] }, directory)
}

/**
 * Adds a key that signs from now on. The earlier keys stay published, because tokens that they signed may still arrive.
 */
export async function rotateKeys(keys: ProviderKeys, directory?: string): Promise<ProviderKeys> {
  return save({ ...keys, signing: [await createSigningKey(), ...keys.signing] }, directory)
}

export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return v.parse(rsaKey, { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' })
}

function save(keys: ProviderKeys, directory: string | undefined): ProviderKeys {
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeWhole(join(directory, fileName), JSON.stringify(keys))
  }
  return keys
}
