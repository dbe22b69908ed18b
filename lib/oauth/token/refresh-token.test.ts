import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  createHarness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { createSealing } from '../keys/sealing.ts'
import { deriveKey } from '../keys/secrets.ts'
import { toWireNames } from '../keys/wire-names.ts'
import { AuthorizationCode, codeNames, codeSealer } from './authorization-code.ts'
import { refreshSealer, refreshTokenNames } from './refresh-token.ts'

const { signal } = new AbortController()

/** Makes a client with a code, and sealers that open codes and refresh tokens. */
async function start(redirect_uri = redirectUri, secrets = newSecrets(), server = createHarness({ secrets })) {
  const sealing = createSealing(server.issuer, secrets)
  const [codes, refreshTokens] = [codeSealer(sealing), refreshSealer(sealing)]
  const client_id = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), client_id, pkce, { redirect_uri })).searchParams.get('code')
  const opened = codes.open(code ?? '')
  if (!opened) throw new Error('no code')
  const { redirectHost, ...without } = opened
  const form = { grant_type: 'authorization_code', client_id, code_verifier: pkce.verifier }
  const tokenOf = async (sent: Record<string, string>) => {
    const { status, body } = await token(server, { client_id, ...sent })
    expect(status, JSON.stringify(body)).toBe(200)
    return body.refresh_token ?? ''
  }
  const refresh = (refresh_token: string) => tokenOf({ grant_type: 'refresh_token', refresh_token })
  return {
    secrets,
    server,
    form,
    client_id,
    grant: opened.grant,
    redeem: (value: string) => tokenOf({ ...form, code: value }),
    refresh,
    codes,
    refreshTokens,
    code,
    redirectHost,
    without,
  }
}

describe('the host of the redirect URI', () => {
  test.each([
    ['http://127.0.0.1:7777/callback', '127.0.0.1:7777'],
    ['http://127.0.0.1:54321/callback', '127.0.0.1:54321'],
  ])('of %s goes from the code into every refresh token', async (uri, host) => {
    const { redeem, refresh, refreshTokens, code, redirectHost } = await start(uri)
    expect(redirectHost).toBe(host)
    let refreshToken = await redeem(code ?? '')
    for (let generation = 0; generation < 3; generation++) {
      expect(refreshTokens.open(refreshToken)).toMatchObject({ generation, redirectHost: host })
      refreshToken = await refresh(refreshToken)
    }
  })

  test('is missing from codes and refresh tokens of older releases, which stay valid', async () => {
    const { redeem, refresh, codes, refreshTokens, without } = await start()
    const refreshToken = await refresh(await redeem(codes.seal(without)))
    expect(refreshTokens.open(refreshToken)).toMatchObject({ generation: 1 })
    expect(refreshTokens.open(refreshToken)).not.toHaveProperty('redirectHost')
  })
})

describe('a member of the record that the refresh token only carries', () => {
  test('stays after a refresh: the code, used again after three refreshes, still ends the grant [T-13 N18]', async () => {
    const { server, form, redeem, refresh, code, client_id } = await start()
    let refreshToken = await redeem(code ?? '')
    for (let generation = 0; generation < 3; generation++) refreshToken = await refresh(refreshToken)
    expect((await token(server, { ...form, code: code ?? '' })).body.error).toBe('invalid_grant')
    const last = await token(server, { grant_type: 'refresh_token', client_id, refresh_token: refreshToken })
    expect(last.body.error).toBe('invalid_grant')
  })

  test('decides about another code for the same grant, which is refused without ending the session [N18]', async () => {
    const { server, form, redeem, refresh, codes, code } = await start()
    const refreshToken = await redeem(code ?? '')
    const other = codes.seal({ ...(codes.open(code ?? '') ?? raise()), id: 'another' })
    expect((await token(server, { ...form, code: other })).body.error).toBe('invalid_grant')
    await refresh(refreshToken)
    expect(server.log).toContainEqual(expect.objectContaining({ event: 'code_superseded' }))
  })

  test('stays even if this release does not know it, also in the next token', async () => {
    const { server, redeem, refresh, refreshTokens, code, grant } = await start()
    const first = refreshTokens.open(await redeem(code ?? ''))
    const held = await server.store.get(grant, signal)
    // As a later release would write it.
    const later = { zeta: { b: 1, a: 2 }, alpha: 'x' }
    const write = await server.store.replace(grant, { ...held?.value, ...later }, held?.version ?? '', signal)
    if (!first || !write.won) throw raise()
    const carried = { ...first, version: write.version, carried: { ...first.carried, ...later } }
    const next = await refresh(await refresh(refreshTokens.seal(carried)))
    expect((await server.store.get(grant, signal))?.value).toMatchObject({ generation: 2, ...later })
    expect(refreshTokens.open(next)?.carried).toMatchObject(later)
  })
})

function raise(): never {
  throw new Error('the test has gone wrong')
}

describe('the readable content of a refresh token', () => {
  test('is empty: a holder sees no time, generation or user [T-22 N25]', async () => {
    const { redeem, refresh, code, server } = await start()
    const tokens = [await redeem(code ?? '')]
    for (let generation = 0; generation < 3; generation++) {
      server.clock += 3_600_000
      tokens.push(await refresh(tokens.at(-1) ?? ''))
    }
    const parts = tokens.map((value) => value.split('.'))
    // The header is always the same, the second part is empty, and the rest is ciphertext.
    expect(new Set(parts.map(([header]) => header)).size).toBe(1)
    expect(JSON.parse(Buffer.from(parts[0]?.[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      typ: 'refresh-token',
      kid: expect.any(String),
    })
    for (const [, , ...rest] of parts) {
      for (const part of rest)
        expect(Buffer.from(part, 'base64url').toString('latin1')).not.toMatch(/reader|docs:read|"n":/)
    }
  })

  test('fits a header: under 2 KB with members of usual length', async () => {
    const { redeem, code } = await start()
    expect((await redeem(code ?? '')).length).toBeLessThan(1400)
  })
})

test('a code of a release without ids is redeemed, and ends the grant when it is used again [T-13]', async () => {
  const { server, secrets, form, redeem, refresh, codes, code, client_id } = await start()
  const { id: _, redirectHost: __, ...earlier } = codes.open(code ?? '') ?? raise()
  const sealed = createSealing(server.issuer, secrets)
    .encrypted('code', AuthorizationCode, { names: codeNames })
    .seal(earlier)
  const refreshToken = await refresh(await redeem(sealed))
  expect((await token(server, { ...form, code: sealed })).body.error).toBe('invalid_grant')
  const again = await token(server, { grant_type: 'refresh_token', client_id, refresh_token: refreshToken })
  expect(again.body.error).toBe('invalid_grant')
})

describe('a signed refresh token, of a release that did not encrypt them', () => {
  /** Makes a session with a token of that release. */
  async function earlier() {
    const world = await start()
    const opened = world.refreshTokens.open(await world.redeem(world.code ?? ''))
    if (!opened) throw raise()
    const { carried: _, ...payload } = opened
    const { kid, bytes } = deriveKey(world.secrets.current, world.server.issuer, 'refresh')
    const signed = await new CompactSign(
      new TextEncoder().encode(JSON.stringify(toWireNames(refreshTokenNames)(payload))),
    )
      .setProtectedHeader({ alg: 'HS256', typ: 'refresh', kid })
      .sign(bytes)
    return { ...world, signed }
  }

  test('is refreshed, and its successor is encrypted', async () => {
    const { signed, refresh, refreshTokens } = await earlier()
    const next = await refresh(signed)
    expect(next.split('.')).toHaveLength(5)
    expect(refreshTokens.open(next)).toMatchObject({ generation: 1 })
    await refresh(next)
  })

  test('has one successor, for concurrent refreshes and for a later one within the window [T-21]', async () => {
    const { signed, refresh } = await earlier()
    const successors = await Promise.all(Array.from({ length: 10 }, () => refresh(signed)))
    expect(new Set([...successors, await refresh(signed)]).size).toBe(1)
  })

  test('ends the grant when it is used again later, and can be revoked [T-21 T-26]', async () => {
    const { signed, refresh, server, client_id } = await earlier()
    const next = await refresh(signed)
    server.clock += 60_001
    const again = { grant_type: 'refresh_token', client_id }
    expect((await token(server, { ...again, refresh_token: signed })).body.error).toBe('invalid_grant')
    expect((await token(server, { ...again, refresh_token: next })).body.error).toBe('invalid_grant')

    const other = await earlier()
    const body = new URLSearchParams({ client_id: other.client_id, token: other.signed })
    expect((await other.server.fetch('/oauth/revoke', { method: 'POST', body })).status).toBe(200)
    const refused = await token(other.server, { ...again, client_id: other.client_id, refresh_token: other.signed })
    expect(refused.body.error).toBe('invalid_grant')
  })
})

describe('a repeated answer of a refresh', () => {
  const here = '198.51.100.7'
  const there = '2001:db8::7'
  const repeated = (server: { readonly log: readonly { event: string; fields: object }[] }) =>
    server.log
      .filter(({ event }) => event === 'refresh_repeated' || event === 'refresh_rested')
      .map(({ fields }) => fields)

  test.each([
    ['from the same address', here, here, false],
    ['from another address', here, there, true],
    ['from an address, after an unknown one', undefined, there, false],
    ['from an unknown address', here, undefined, false],
  ])(
    '%s: is the same, and the log says whether the address changed [T-21]',
    async (_what, first, second, elsewhere) => {
      const { server, redeem, refresh, code } = await start()
      const refreshToken = await redeem(code ?? '')
      server.address = first
      const next = await refresh(refreshToken)
      server.address = second
      expect(await refresh(refreshToken)).toBe(next)
      expect(repeated(server)).toEqual([expect.objectContaining({ generation: 1 })])
      expect(repeated(server).map((fields) => 'elsewhere' in fields)).toEqual([elsewhere])
      await refresh(next)
    },
  )

  test('of a grant that pauses its rotation: the log says whether the address changed', async () => {
    const { server, redeem, refresh, code } = await start()
    server.address = here
    let shown = await redeem(code ?? '')
    for (let rotation = 0; rotation < 3; rotation++) shown = await refresh(shown)
    await refresh(shown)
    server.address = there
    expect(await refresh(shown)).toBe(shown)
    expect(repeated(server).map((fields) => 'elsewhere' in fields)).toEqual([false, true])
  })

  test('leaves no address in the store, and no hash that links two grants of one address [O-02 N25]', async () => {
    const { server, redeem, refresh, code, grant, secrets } = await start()
    const other = await start(redirectUri, secrets, server)
    server.address = here
    const hashOf = async (key: string) => (await server.store.get(key, signal))?.value.rotatedFrom
    const shown = await redeem(code ?? '')
    const one = await hashOf(grant)
    await refresh(shown)
    await other.redeem(other.code ?? '')
    const records = [await server.store.get(grant, signal), await server.store.get(other.grant, signal)]
    expect(JSON.stringify(records)).not.toContain(here)
    expect(one).toMatch(/^[\w-]{43}$/)
    expect(await hashOf(grant)).toBe(one)
    expect(await hashOf(other.grant)).toMatch(/^[\w-]{43}$/)
    expect(await hashOf(other.grant)).not.toBe(one)
  })
})

describe('the window of grace', () => {
  const grace = 60_000
  /** Milliseconds. */
  const slow = 3_000

  /** A server whose store takes three seconds for each operation from now on. */
  async function startSlow() {
    const inner = createMemoryStore()
    let pass = () => {}
    const wait =
      <Arguments extends unknown[], Result>(operation: (...given: Arguments) => Promise<Result>) =>
      async (...given: Arguments) => {
        const result = await operation(...given)
        pass()
        return result
      }
    const store: Store = { ...inner, get: wait(inner.get), replace: wait(inner.replace) }
    const secrets = newSecrets()
    const world = await start(redirectUri, secrets, createHarness({ store, secrets }))
    const first = await world.redeem(world.code ?? '')
    pass = () => {
      world.server.clock += slow
    }
    const began = world.server.clock
    return { ...world, first, next: await world.refresh(first), began }
  }

  test('ends when a repetition comes too late, and not when the store answers too late [T-21]', async () => {
    const { server, refresh, first, next, began } = await startSlow()
    server.clock = began + grace
    expect(await refresh(first)).toBe(next)
    expect(server.clock).toBe(began + grace + 2 * slow)
  })

  test('is over a millisecond later. The log says how late the client was', async () => {
    const { server, first, client_id, began } = await startSlow()
    server.clock = began + grace + 1
    const { body } = await token(server, { grant_type: 'refresh_token', client_id, refresh_token: first })
    expect(body.error).toBe('invalid_grant')
    const [reused] = server.log.filter(({ event }) => event === 'refresh_reused')
    expect(reused?.fields).toMatchObject({ generation: 0, current: 1, seconds: 60 })
  })
})
