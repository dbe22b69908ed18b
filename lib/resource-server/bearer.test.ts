import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { claims, createSigningKey, issuer, resource, type SigningKey, sign } from '../../dev/worlds/mcp-endpoint.ts'
import { StoreUnavailable } from '../store/store.ts'
import { createBearerVerifier } from './bearer.ts'

const start = Date.UTC(2026, 10, 1)
const signal = new AbortController().signal
let first: SigningKey
let second: SigningKey

beforeAll(async () => {
  ;[first, second] = await Promise.all([createSigningKey('key-1'), createSigningKey('key-2')])
})

/** Makes a verifier on a key store with a cache, like the real one. Only `fresh` sees keys published since. */
function createWorld(published: SigningKey[]) {
  const world = {
    now: start,
    published,
    cached: toSet(published),
    reads: 0,
    freshReads: 0,
    down: false,
    verify: (token: string) =>
      verifier.verify(new Request(resource, { headers: { authorization: `Bearer ${token}` } }), signal),
  }
  const verifier = createBearerVerifier({
    issuer,
    resource,
    now: () => world.now,
    publicKeys: async (_signal, options) => {
      world.reads += 1
      if (options?.fresh === true) {
        world.freshReads += 1
        await Promise.resolve()
        if (world.down) throw new StoreUnavailable('down')
        world.cached = toSet(world.published)
      }
      return world.cached
    },
  })
  return world
}

function toSet(keys: SigningKey[]): JSONWebKeySet {
  return { keys: keys.map((key) => key.publicJwk) }
}

describe('keys', () => {
  test('a newly published key is found by one fresh read, also for concurrent tokens', async () => {
    const world = createWorld([first])
    world.published = [first, second]
    const tokens = await Promise.all([1, 2, 3, 4].map(() => sign(second, claims(start))))
    const outcomes = await Promise.all(tokens.map(world.verify))
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['valid', 'valid', 'valid', 'valid'])
    expect(world.freshReads).toBe(1)
  })

  test('a stream of made-up kids causes one fresh read in 30 s, and all are refused', async () => {
    const world = createWorld([first])
    for (let round = 0; round < 20; round += 1) {
      const junk = await sign(second, claims(start), { kid: `junk-${round}` })
      expect(await world.verify(junk)).toMatchObject({ kind: 'invalid', reason: 'unknown kid' })
      world.now += 1_000
    }
    expect(world.freshReads).toBe(1)
    world.now = start + 31_000
    await world.verify(await sign(second, claims(start), { kid: 'junk' }))
    expect(world.freshReads).toBe(2)
  })

  test('a token younger than the last read is not invalid during the cooldown, since its key may be new', async () => {
    const world = createWorld([first])
    await world.verify(await sign(second, claims(start), { kid: 'junk' }))
    world.now += 10_000
    world.published = [first, second]
    const young = await sign(second, claims(world.now))
    await expect(world.verify(young)).rejects.toThrow(StoreUnavailable)
    world.now += 21_000
    expect(await world.verify(young)).toMatchObject({ kind: 'valid' })
  })

  test('a failed fresh read gives an error for 30 s, and then is repeated', async () => {
    const world = createWorld([first])
    world.published = [first, second]
    world.down = true
    const token = await sign(second, claims(start))
    await expect(world.verify(token)).rejects.toThrow(StoreUnavailable)
    await expect(world.verify(token)).rejects.toThrow(StoreUnavailable)
    expect(world.freshReads).toBe(1)
    world.down = false
    world.now += 31_000
    expect(await world.verify(token)).toMatchObject({ kind: 'valid' })
  })

  test('the tokens of a withdrawn key are refused, also remembered ones [O-09]', async () => {
    const world = createWorld([first, second])
    const leaked = await sign(first, claims(start))
    expect(await world.verify(leaked)).toMatchObject({ kind: 'valid' })
    world.cached = toSet([second])
    world.published = [second]
    // No token of the new key has to arrive first.
    expect(await world.verify(leaked)).toMatchObject({ kind: 'invalid' })
  })

  test('a kid that now names another key verifies with the new key only', async () => {
    const world = createWorld([first])
    const old = await sign(first, claims(start))
    await world.verify(old)
    world.cached = toSet([{ ...second, publicJwk: { ...second.publicJwk, kid: first.kid } }])
    expect(await world.verify(await sign(second, claims(start), { kid: first.kid }))).toMatchObject({ kind: 'valid' })
    expect(await world.verify(old)).toMatchObject({ kind: 'invalid' })
  })

  test('an ID token of another issuer is refused without a read of the keys [S-08]', async () => {
    const world = createWorld([first])
    const idToken = await sign(second, claims(start, { iss: 'https://idp.example' }), { typ: 'JWT', kid: 'idp' })
    expect(await world.verify(idToken)).toMatchObject({ kind: 'invalid', reason: 'typ' })
    expect(world.reads).toBe(0)
  })

  test('a token from the future is refused, and does not look like one whose key may be new', async () => {
    const world = createWorld([first])
    await world.verify(await sign(second, claims(start), { kid: 'junk' }))
    world.now += 10_000
    const future = await sign(second, claims(world.now + 6_000), { kid: 'junk' })
    expect(await world.verify(future)).toMatchObject({ kind: 'invalid', reason: 'claim iat' })
  })

  test('a very long kid is refused without a read', async () => {
    const world = createWorld([first])
    const long = await sign(first, claims(start), { kid: 'k'.repeat(129) })
    expect(await world.verify(long)).toMatchObject({ kind: 'invalid', reason: 'kid' })
    expect(world.reads).toBe(0)
  })

  test('a published key of 1024 bits verifies nothing', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const publicJwk = { ...publicKey.export({ format: 'jwk' }), kty: 'RSA', kid: 'short' }
    const world = createWorld([{ ...first, publicJwk }])
    const [, payload] = (await sign(first, claims(start))).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: 'short' })).toString('base64url')
    const signature = signBytes('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url')
    await expect(world.verify(`${header}.${payload}.${signature}`)).rejects.toThrow('too short')
  })

  test.each([
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'PS256' }],
    ['of another type', { kty: 'EC', crv: 'P-256' }],
  ])('a published key %s verifies nothing', async (_name, change) => {
    const world = createWorld([{ ...first, publicJwk: { ...first.publicJwk, ...change } }])
    expect(await world.verify(await sign(first, claims(start)))).toMatchObject({ kind: 'invalid' })
  })
})

test('times have a tolerance of exactly five seconds', async () => {
  const kindOf = async (changes: Readonly<Record<string, unknown>>) => {
    const { kind } = await createWorld([first]).verify(await sign(first, claims(start, changes)))
    return kind
  }
  const now = start / 1000
  const past = { iat: now - 60 }
  expect([await kindOf({ ...past, exp: now - 4 }), await kindOf({ ...past, exp: now - 5 })]).toEqual([
    'valid',
    'invalid',
  ])
  expect([await kindOf({ nbf: now + 5 }), await kindOf({ nbf: now + 6 })]).toEqual(['valid', 'invalid'])
  expect([await kindOf({ iat: now + 5 }), await kindOf({ iat: now + 6 })]).toEqual(['valid', 'invalid'])
})

describe('memory', () => {
  test('a remembered token is valid until it expires, without the store [S-07]', async () => {
    const world = createWorld([first])
    const token = await sign(first, claims(start))
    const outcome = await world.verify(token)
    world.down = true
    expect(await world.verify(token)).toEqual(outcome)
    world.now += 3_604_000
    expect(await world.verify(token)).toEqual(outcome)
    expect(world.freshReads).toBe(0)
    world.now += 2_000
    expect(await world.verify(token)).toMatchObject({ kind: 'invalid', reason: 'expired' })
  })

  test('another signature over a remembered header and payload is still checked', async () => {
    const world = createWorld([first])
    const token = await sign(first, claims(start))
    await world.verify(token)
    expect(await world.verify(`${token.slice(0, -6)}AAAAAA`)).toMatchObject({ kind: 'invalid' })
  })

  test('a failure is never remembered', async () => {
    const world = createWorld([first])
    const early = await sign(first, claims(start, { nbf: start / 1000 + 60 }))
    expect(await world.verify(early)).toMatchObject({ kind: 'invalid' })
    world.now += 60_000
    expect(await world.verify(early)).toMatchObject({ kind: 'valid' })
  })

  test('beyond the limit the oldest token is forgotten, and all tokens stay valid', async () => {
    const world = createWorld([first])
    const oldest = await sign(first, claims(start))
    await world.verify(oldest)
    for (let count = 0; count < 1_000; count += 1) await world.verify(await sign(first, claims(start)))
    const { reads } = world
    expect(await world.verify(oldest)).toMatchObject({ kind: 'valid' })
    expect(world.reads).toBe(reads + 1)
  })
})

test('claims are returned as they were signed', async () => {
  const world = createWorld([first])
  const outcome = await world.verify(await sign(first, claims(start, { jti: 'jti-1' })))
  expect(outcome).toEqual({
    kind: 'valid',
    scheme: 'bearer',
    text: expect.any(String),
    token: {
      sub: 'user-1',
      clientId: 'client-1',
      scope: ['docs:read', 'docs:feedback'],
      email: 'ada@example.org',
      emailVerified: true,
      organization: { id: 'org-1', name: 'Analytical Engines' },
      grant: 'grants/202611/user-1/grant-1',
      jti: 'jti-1',
      expiresAt: start / 1000 + 3600,
    },
  })
  const empty = await world.verify(await sign(first, claims(start, { org_id: '', org_name: '' })))
  expect([empty.kind, empty.kind === 'valid' && empty.token.organization]).toEqual(['valid', undefined])
  const withoutProfile = { email: undefined, email_verified: undefined, org_id: undefined, org_name: undefined }
  const bare = await world.verify(await sign(first, claims(start, withoutProfile)))
  if (bare.kind !== 'valid') throw new Error('not valid')
  expect(Object.keys(bare.token).sort()).toEqual(['clientId', 'expiresAt', 'grant', 'jti', 'scope', 'sub'])
})
