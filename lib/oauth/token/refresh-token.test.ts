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
