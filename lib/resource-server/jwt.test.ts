import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { rs256 } from './algorithms.ts'
import { parseJwt, Refused } from './jwt.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const header = { alg: 'RS256', typ: 'at+jwt', kid: 'key-1' }
const claims = { sub: 'user-1' }

const encode = (part: object | Buffer) =>
  (Buffer.isBuffer(part) ? part : Buffer.from(JSON.stringify(part))).toString('base64url')

/** A JWT with a valid signature over any header and claims. */
function signed(header: object | Buffer, payload: object | Buffer = claims): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}

/** The claims of a JWT that is signed by the key; `null` if another part of it is wrong. */
function read(token: string): unknown {
  try {
    const jwt = parseJwt(token, new Map([['RS256', rs256]]))
    return jwt.isSignedBy(publicKey) ? jwt.claims() : null
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

test('a JWT that is signed with RS256 is read', () => {
  expect(read(signed(header))).toEqual(claims)
})

describe('a good signature does not help', () => {
  test.each([
    ['another algorithm', signed({ ...header, alg: 'RS512' })],
    ['the algorithm in lower case', signed({ ...header, alg: 'rs256' })],
    ['a list as the algorithm', signed({ ...header, alg: ['RS256'] })],
    ['the algorithm in the prototype only', signed(Buffer.from('{"__proto__":{"alg":"RS256"}}'))],
    ['a second alg with the value none', signed(Buffer.from('{"alg":"RS256","alg":"none"}'))],
    ['an extension that the header requires', signed({ ...header, crit: ['exp'] })],
    ['no required extension', signed({ ...header, crit: [] })],
    ['a payload that the header calls unencoded', signed({ ...header, crit: ['b64'], b64: false })],
    ['a header that is no object', signed([header])],
    ['claims that are no object', signed(header, [claims])],
    ['claims that are null', signed(header, Buffer.from('null'))],
    ['claims that are not JSON', signed(header, Buffer.from('{'))],
    ['a header that is not UTF-8', signed(Buffer.from('{"alg":"RS256","x":"\xE9"}', 'latin1'))],
    ['claims that are not UTF-8', signed(header, Buffer.from('{"sub":"\xE9"}', 'latin1'))],
  ])('%s', (_what, token) => expect(read(token)).toBeNull())
})

describe('a token that was changed', () => {
  const token = signed(header)
  const [head, payload, signature = ''] = token.split('.')
  test.each([
    ['a fourth part', `${token}.x`],
    ['an empty fourth part', `${token}.`],
    ['five parts, as of an encrypted token', `${token}..`],
    ['no signature', `${head}.${payload}`],
    ['an empty signature', `${head}.${payload}.`],
    ['padding', `${token}==`],
    ['another spelling of the signature', `${head}.${payload}.${signature.replace(/.$/, nextCharacter)}`],
    ['a line break', `${token}\n`],
    ['other claims', `${head}.${encode({ sub: 'user-2' })}.${signature}`],
  ])('%s', (_what, changed) => expect(read(changed)).toBeNull())
})

/** The last character of 256 bytes uses only four of its bits, so the next character encodes the same bytes. */
function nextCharacter(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) + 1] ?? ''
}
