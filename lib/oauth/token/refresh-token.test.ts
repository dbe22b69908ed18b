import { describe, expect, test } from 'vitest'
import { createSealing } from '../keys/sealing.ts'
import {
  createHarness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  signIn,
  TestBrowser,
  token,
} from '../testing/harness.ts'
import { codeSealer } from './authorization-code.ts'
import { refreshSealer } from './refresh-token.ts'

/** A client with a code, and what can look into codes and refresh tokens. */
async function start(redirect_uri = redirectUri) {
  const secrets = newSecrets()
  const server = createHarness({ secrets })
  const sealing = createSealing(server.issuer, secrets)
  const [codes, refreshTokens] = [codeSealer(sealing), refreshSealer(sealing)]
  const client_id = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), client_id, pkce, { redirect_uri })).searchParams.get('code')
  const opened = codes.open(code ?? '')
  if (!opened) throw new Error('no code')
  const { rh, ...without } = opened
  const form = { grant_type: 'authorization_code', client_id, code_verifier: pkce.verifier }
  const tokenOf = async (sent: Record<string, string>) => {
    const { status, body } = await token(server, { client_id, ...sent })
    expect(status, JSON.stringify(body)).toBe(200)
    return body.refresh_token ?? ''
  }
  const refresh = (refresh_token: string) => tokenOf({ grant_type: 'refresh_token', refresh_token })
  return {
    server,
    form,
    client_id,
    grant: opened.g,
    redeem: (value: string) => tokenOf({ ...form, code: value }),
    refresh,
    codes,
    refreshTokens,
    code,
    rh,
    without,
  }
}

describe('the host of the redirect URI', () => {
  test.each([
    ['http://127.0.0.1:7777/callback', '127.0.0.1:7777'],
    ['http://127.0.0.1:54321/callback', '127.0.0.1:54321'],
  ])('of %s goes from the code into every refresh token', async (uri, host) => {
    const { redeem, refresh, refreshTokens, code, rh } = await start(uri)
    expect(rh).toBe(host)
    let refreshToken = await redeem(code ?? '')
    for (let generation = 0; generation < 3; generation++) {
      expect(refreshTokens.open(refreshToken)).toMatchObject({ n: generation, rh: host })
      refreshToken = await refresh(refreshToken)
    }
  })

  test('is missing from codes and refresh tokens of older releases, which are good all the same', async () => {
    const { redeem, refresh, codes, refreshTokens, without } = await start()
    const refreshToken = await refresh(await redeem(codes.seal(without)))
    expect(refreshTokens.open(refreshToken)).toMatchObject({ n: 1 })
    expect(refreshTokens.open(refreshToken)).not.toHaveProperty('rh')
  })
})

describe('what the record of a grant has beside the members of a refresh token', () => {
  const { signal } = new AbortController()

  test('stays when it is refreshed: the code, used again after three refreshes, still ends the grant [T-13]', async () => {
    const { server, form, redeem, refresh, code, client_id } = await start()
    let refreshToken = await redeem(code ?? '')
    for (let generation = 0; generation < 3; generation++) refreshToken = await refresh(refreshToken)
    expect((await token(server, { ...form, code: code ?? '' })).body.error).toBe('invalid_grant')
    const last = await token(server, { grant_type: 'refresh_token', client_id, refresh_token: refreshToken })
    expect(last.body.error).toBe('invalid_grant')
  })

  test('another code for the same grant is refused, and its owner goes on', async () => {
    const { server, form, redeem, refresh, codes, code } = await start()
    const refreshToken = await redeem(code ?? '')
    const other = codes.seal({ ...(codes.open(code ?? '') ?? raise()), id: 'another' })
    expect((await token(server, { ...form, code: other })).body.error).toBe('invalid_grant')
    await refresh(refreshToken)
    expect(server.log).toContainEqual(expect.objectContaining({ event: 'code_superseded' }))
  })

  test('stays though this release does not know it, and whoever refreshes gets it in the token as well', async () => {
    const { server, redeem, refresh, refreshTokens, code, grant } = await start()
    const first = refreshTokens.open(await redeem(code ?? ''))
    const held = await server.store.get(grant, signal)
    // As a later release would write it, at a refresh of its own.
    const later = { zeta: { b: 1, a: 2 }, alpha: 'x' }
    const write = await server.store.replace(grant, { ...held?.value, ...later }, held?.version ?? '', signal)
    if (!first || !write.won) throw raise()
    const carried = { ...first, v: write.version, r: { ...first.r, ...later } }
    const next = await refresh(await refresh(refreshTokens.seal(carried)))
    expect((await server.store.get(grant, signal))?.value).toMatchObject({ generation: 2, ...later })
    expect(refreshTokens.open(next)?.r).toMatchObject(later)
  })
})

function raise(): never {
  throw new Error('the test has gone wrong')
}
