import { createServer } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forVault } from '../providers/openid-provider.ts'
import { createAskUpstream } from './ask-upstream.ts'

// What the provider's answers to a refresh token mean, over HTTP. Only its own clear words are a refusal (N12).

const signal = new AbortController().signal
const pair = await generateKeyPair('RS256', { extractable: true })
const stranger = await generateKeyPair('RS256')
let issuer = ''
let answer: { status: number; body: string; type?: string; breaks?: boolean } = { status: 200, body: '{}' }
const bodies: URLSearchParams[] = []

const server = createServer(async (request, response) => {
  const json = (body: object) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  if (request.url?.includes('openid-configuration')) {
    const endpoint = (name: string) => `${issuer}/${name}`
    return json({ issuer, authorization_endpoint: endpoint('authorize'), token_endpoint: endpoint('token'), jwks_uri: endpoint('keys'), revocation_endpoint: endpoint('revoke') }) // biome-ignore format: one line
  }
  if (request.url === '/keys') {
    return json({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] })
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk)
  bodies.push(new URLSearchParams(Buffer.concat(chunks).toString()))
  if (answer.breaks) return void request.socket.destroy()
  return void response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body)
})
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => server.close())

const roleMarks = (claims: unknown) => [JSON.stringify((claims as { groups?: unknown }).groups)]
const ask = (more: object = {}) => createAskUpstream({ issuer, clientId: 'ours', redirectUri: `${issuer}/cb`, now: Date.now, roleMarks, ...more }, forVault) // biome-ignore format: one line
const refresh = () => ask().refresh({ refreshToken: 'old', subject: 'ada' }, signal)
const idToken = (claims: object = {}, key = pair.privateKey) =>
  new SignJWT({ iss: issuer, sub: 'ada', aud: 'ours', groups: ['x'], ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .sign(key)
const tokens = { access_token: 'access', refresh_token: 'new', expires_in: 300 }

describe('an answer to a refresh token', () => {
  test.each<[string, typeof answer, object]>([
    ['with tokens', { status: 200, body: JSON.stringify(tokens) }, { kind: 'tokens', tokens: { refreshToken: 'new', accessToken: 'access', accessLifetime: 300 } }], // biome-ignore format: one line
    ['that keeps the refresh token', { status: 200, body: '{"access_token":"a"}' }, { kind: 'tokens', tokens: { refreshToken: undefined, accessLifetime: 0 } }], // biome-ignore format: one line
    ['invalid_grant', { status: 400, body: '{"error":"invalid_grant"}' }, { kind: 'refused', doubtful: false }],
    ['invalid_grant with 403, as Auth0 says it', { status: 403, body: '{"error":"invalid_grant"}' }, { kind: 'refused' }], // biome-ignore format: one line
    ['access_denied', { status: 400, body: '{"error":"access_denied"}' }, { kind: 'refused' }],
    ['that our client is wrong', { status: 401, body: '{"error":"invalid_client"}' }, { kind: 'failed', doubtful: false }], // biome-ignore format: one line
    ['access_denied with 401, which is about our client', { status: 401, body: '{"error":"access_denied"}' }, { kind: 'failed' }], // biome-ignore format: one line
    ['that asks for interaction', { status: 400, body: '{"error":"interaction_required"}' }, { kind: 'failed' }],
    ['of an unknown code', { status: 400, body: '{"error":"too_late"}' }, { kind: 'failed' }],
    ['of a gateway that says invalid_grant', { status: 502, body: '{"error":"invalid_grant"}' }, { kind: 'failed' }],
    ['of a limit', { status: 429, body: '{"error":"invalid_grant"}' }, { kind: 'failed' }],
    ['of a web page', { status: 200, body: '<html>', type: 'text/html' }, { kind: 'failed', doubtful: true }],
    ['without a token', { status: 200, body: '{}' }, { kind: 'failed', doubtful: true }],
    ['that breaks off', { status: 0, body: '', breaks: true }, { kind: 'failed', doubtful: true }],
  ])('%s', async (_what, given, expected) => {
    answer = given
    expect(await refresh()).toMatchObject(expected)
  })

  test.each<[string, () => Promise<string>, string]>([
    ['about the person', () => idToken(), 'tokens'],
    ['about another person', () => idToken({ sub: 'eve' }), 'foreign'],
    ['of another issuer', () => idToken({ iss: 'https://evil.example' }), 'foreign'],
    ['for another client', () => idToken({ aud: 'theirs' }), 'foreign'],
    ['that another key signed', () => idToken({}, stranger.privateKey), 'foreign'],
    ['that is no JWT', async () => 'x', 'foreign'],
  ])('with an ID token %s', async (_what, make, kind) => {
    answer = { status: 200, body: JSON.stringify({ ...tokens, id_token: await make() }) }
    const given = await refresh()
    expect(given.kind).toBe(kind)
    if (given.kind === 'tokens') expect(given.claimed).toMatchObject({ roleMarks: ['["x"]'] })
  })
})

test.each<[string, string, string]>([
  ['a person who was disabled', '50057', 'refused'],
  ['a consent that was withdrawn', '65001', 'refused'],
  ['a person who must prove more', '50076', 'failed'],
  ['a secret of ours that has expired', '7000222', 'failed'],
  ['a token that was revoked', '50173', 'refused'],
])('Entra ID says by a number what invalid_grant means: %s', async (_what, number, kind) => {
  const { preset } = await import('../providers/presets/entra.ts')
  const { errorOf } = preset.oddities?.({ organizations: ['t'] } as never) ?? {}
  answer = { status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: `AADSTS${number}: x` }) }
  expect((await ask({ oddities: { errorOf } }).refresh({ refreshToken: 'old', subject: 'ada' }, signal)).kind).toBe(kind) // biome-ignore format: one line
})

test('a provider that cannot be reached says nothing', async () => {
  const nowhere = createAskUpstream({ issuer: 'http://127.0.0.1:9', clientId: 'ours', redirectUri: 'http://127.0.0.1/cb', now: Date.now }, forVault) // biome-ignore format: one line
  expect(await nowhere.refresh({ refreshToken: 'old', subject: 'ada' }, signal)).toMatchObject({ kind: 'failed', doubtful: false }) // biome-ignore format: one line
})

test('the end revokes the refresh token at the endpoint of the metadata', async () => {
  answer = { status: 200, body: '' }
  await ask().revoke({ refreshToken: 'old', subject: 'ada' }, signal)
  expect(Object.fromEntries(bodies.at(-1) ?? [])).toMatchObject({ token: 'old', token_type_hint: 'refresh_token' })
})
