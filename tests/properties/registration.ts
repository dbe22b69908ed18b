import assert from 'node:assert/strict'
import fc from 'fast-check'
import { authorizePath, newPkce } from '../../dev/worlds/authorization-server.ts'
import { anything, few, hostileText, type Members } from './hostile.ts'
import { jsonOf, soundAnswer } from './invariants.ts'
import { discardKit, kit } from './kit.ts'
import { property } from './property.ts'

const goodUri = fc.constantFrom(
  'https://claude.ai/api/mcp/auth_callback',
  'https://app.example/cb?x=1',
  'http://127.0.0.1:7777/callback',
  'http://localhost/callback',
  'http://[::1]:1/cb',
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'warp://mcp/oauth2callback',
  'com.example.app:/callback',
)
const badUri = fc.constantFrom(
  'ms-settings://x/cb',
  'warp://mcp/cb?x=1',
  'web+mcp://x/cb',
  'javascript:alert(1)',
  'http://evil.example/',
  'https://evil.example/#x',
  'https://a@evil.example/',
  'https://x/\\y',
)

/** RFC 7517 §A.1. */
const publicKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
}
const key = fc.oneof(anything, fc.constantFrom({ kty: 'oct', k: 'AAAA' }, publicKey, { ...publicKey, d: 'AAAA' }))

/** Client metadata of RFC 7591 §2, with a few odd members. */
export const clientMetadata: fc.Arbitrary<Members> = fc
  .tuple(
    fc.record({
      redirect_uris: fc.array(goodUri, { minLength: 1, maxLength: 4 }),
      client_name: hostileText.map((text) => `name ${text}`),
      grant_types: fc.constantFrom(['authorization_code'], ['authorization_code', 'refresh_token']),
      response_types: fc.constant(['code']),
      token_endpoint_auth_method: fc.constantFrom('none', 'none', 'client_secret_post', 'private_key_jwt'),
      jwks: fc.constantFrom(undefined, { keys: [publicKey] }),
    }),
    few(2, {
      redirect_uris: fc.oneof(anything, fc.array(fc.oneof(goodUri, badUri, hostileText), { maxLength: 12 })),
      client_name: fc.oneof(anything, hostileText),
      grant_types: fc.oneof(anything, fc.array(fc.constantFrom('refresh_token', 'implicit', 'password'))),
      response_types: fc.oneof(anything, fc.array(fc.constantFrom('code', 'token'))),
      token_endpoint_auth_method: fc.oneof(anything, fc.constantFrom('client_secret_basic', 'client_secret_jwt')),
      token_endpoint_auth_methods_supported: fc.oneof(anything, fc.constant(['none', 'private_key_jwt'])),
      scope: fc.oneof(anything, fc.constantFrom('docs:read', 'docs:read docs:feedback', 'openid')),
      application_type: fc.oneof(anything, fc.constantFrom('web', 'native')),
      jwks: fc.oneof(
        anything,
        fc.array(key, { maxLength: 3 }).map((keys) => ({ keys })),
      ),
      jwks_uri: fc.oneof(anything, goodUri, badUri),
      client_uri: fc.oneof(anything, fc.webUrl()),
      client_secret: anything,
    }),
    fc.dictionary(hostileText, anything, { maxKeys: 2 }),
  )
  .map(([good, odd, other]) => ({ ...other, ...good, ...odd }))

/** How the JSON of the body is damaged, if at all. */
const spoilt = fc.tuple(
  fc.constantFrom('whole', 'whole', 'whole', 'cut', 'doubled', 'wrapped', 'deep', 'long'),
  fc.nat(400),
)

export const registrations = property({
  name: 'registration: a client with acceptable redirect URIs and a harmless name, or an error of RFC 7591 §3.2.2',
  cases: 500,
  values: fc.record({
    metadata: fc.oneof({ weight: 10, arbitrary: clientMetadata }, { weight: 1, arbitrary: anything }),
    how: spoilt,
  }),
  afterFailure: discardKit,
  async holds({ metadata, how: [how, at] }) {
    const { server, contents } = await kit()
    const before = await contents()
    const json = JSON.stringify(metadata) ?? ''
    const body = {
      whole: json,
      cut: json.slice(0, at),
      doubled: json + json,
      wrapped: `[${json}]`,
      deep: `{"redirect_uris":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      long: `${json.slice(0, -1)},"padding":"${'x'.repeat(17_000)}"}`,
    }[how]
    const headers = { 'content-type': 'application/json' }
    const answer = await soundAnswer(
      await server.fetch('/oauth/register', { method: 'POST', headers, body: body ?? '' }),
    )
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(await contents(), before)
    const said = jsonOf(answer.text)
    if (answer.status === 400) {
      assert(said.error === 'invalid_redirect_uri' || said.error === 'invalid_client_metadata', answer.text)
      return
    }
    assert.deepEqual([answer.status, body], [201, json])
    expectHarmlessProof(said)
    assert.deepEqual(said.grant_types, ['authorization_code', 'refresh_token'])
    assert(String(said.client_id).length <= 2_048)
    const name = said.client_name ?? 'none'
    assert(
      typeof name === 'string' && name.isWellFormed() && !/[\p{Cc}\p{Cf}]/u.test(name),
      `a dangerous name: ${JSON.stringify(name)}`,
    )
    assert(Array.isArray(said.redirect_uris))
    for (const uri of said.redirect_uris) await expectUsable(String(said.client_id), String(uri))
  },
})

/** Members that RFC 7591 §2 makes optional. */
const optionalMembers = [
  ...['client_name', 'grant_types', 'response_types', 'scope', 'application_type', 'jwks', 'jwks_uri', 'contacts'],
  ...['client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'software_id', 'software_version', 'software_statement'],
]

export const nothingIsAbsent = property({
  name: 'registration: null, an empty list and an empty text have the same effect as an absent member',
  cases: 300,
  values: fc.record({
    metadata: clientMetadata,
    nothings: fc.dictionary(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...optionalMembers) }, { weight: 1, arbitrary: hostileText }),
      fc.constantFrom(null, [], ''),
      { minKeys: 1, maxKeys: 6 },
    ),
  }),
  afterFailure: discardKit,
  async holds({ metadata, nothings }) {
    const { server } = await kit()
    const register = async (body: Members) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await server.fetch('/oauth/register', { method: 'POST', headers, body: JSON.stringify(body) })
      const { client_id: _, client_secret: secret, ...said } = jsonOf((await soundAnswer(answer)).text)
      return { status: answer.status, said, secret: typeof secret }
    }
    const without = Object.fromEntries(Object.entries(metadata).filter(([name]) => !Object.hasOwn(nothings, name)))
    assert.deepEqual(await register({ ...without, ...nothings }), await register(without))
  },
})

/** A secret only for a client that registered a secret-based method, and no private key in the answer. */
function expectHarmlessProof(said: Members): void {
  const { token_endpoint_auth_method: method, client_secret: secret, jwks, jwks_uri: uri } = said
  assert(['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'].includes(String(method)))
  const hasSecret = String(method).startsWith('client_secret_')
  assert.deepEqual([typeof secret, said.client_secret_expires_at], hasSecret ? ['string', 0] : ['undefined', undefined])
  assert.equal([jwks, uri].filter((keys) => keys !== undefined).length, method === 'private_key_jwt' ? 1 : 0)
  if (uri !== undefined) assert.match(String(uri), /^https:/)
  if (jwks === undefined) return
  const keys: unknown = Object.values(Object(jwks))[0]
  assert(Array.isArray(keys) && keys.length > 0)
  for (const one of keys) assert.deepEqual(one, publicKey)
}

/** The consent page is shown, and shows members of the client only as text. */
async function expectUsable(clientId: string, uri: string): Promise<void> {
  const { server } = await kit()
  const { protocol, hostname } = new URL(uri)
  const app = ['cursor:', 'warp:', 'com.example.app:'].includes(protocol)
  assert(protocol === 'https:' || app || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname), uri)
  const page = await soundAnswer(await server.fetch(authorizePath(clientId, newPkce(), { redirect_uri: uri })))
  assert.equal(page.status, 200, page.text)
}
