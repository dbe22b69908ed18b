import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hostileHeader } from './hostile.ts'
import { jsonOf, soundAnswer } from './invariants.ts'
import { discardKit, type Kit, kit } from './kit.ts'
import { changed, changes, encoded, type Pairs, single, spelling, valuesOf } from './parameters.ts'
import { property } from './property.ts'

const grantTypes = ['authorization_code', 'refresh_token'] as const
const names = [
  'grant_type',
  'client_id',
  'code',
  'code_verifier',
  'redirect_uri',
  'refresh_token',
  'scope',
  'resource',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]
const values = [
  ...grantTypes,
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  'docs:read',
  'docs:read docs:feedback',
  'offline_access',
  'https://docs.example/mcp',
  'http://127.0.0.1:7777/callback',
  'https://publisher.example/client.json',
  '',
  'null',
  '[]',
  'undefined',
]

/** Values that clients leave in the header, or that proxies add. */
const strayCredentials = fc.oneof(
  fc.constantFrom(
    'Bearer stale',
    'Bearer',
    'bearer x.y.z',
    'DPoP a',
    'Token b',
    'null',
    'Digest a="b, Basic x", c="d"',
  ),
  fc.stringMatching(/^[A-Z]{3,9} [A-Za-z0-9+/=._~-]{1,20}$/).filter((text) => !/basic/i.test(text)),
)

/** Parts of the header. `basic` marks those that are client authentication. */
const headerPart = fc.oneof(
  { weight: 6, arbitrary: fc.record({ basic: fc.constant(false), text: strayCredentials }) },
  {
    weight: 1,
    arbitrary: fc.record({
      basic: fc.constant(true),
      text: fc.constantFrom('Basic dXNlcjpwYXNz', 'basic', 'BASIC !!!', 'Basic:x', 'Basic dXNlcjpwYXNz  '),
    }),
  },
)
const authorizationHeader = fc
  .record({
    parts: fc.array(headerPart, { minLength: 1, maxLength: 3 }),
    by: fc.constantFrom(',', ', ', ' , ', ',,'),
  })
  .map(({ parts, by }) => ({ text: parts.map(({ text }) => text).join(by), basic: parts.some(({ basic }) => basic) }))

type Wrapping = {
  readonly kind: 'form' | 'joined' | 'charset' | 'json' | 'multipart' | 'text' | 'none' | 'query' | 'bytes' | 'huge'
}
const wrapping = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Wrapping[]>({ kind: 'form' }, { kind: 'charset' }, { kind: 'joined' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Wrapping[]>(
      ...(['json', 'multipart', 'text', 'none', 'query', 'bytes', 'huge'] as const).map((kind) => ({ kind })),
    ),
  },
)

export const tokenRequests = property({
  name: 'the token endpoint: a valid request gets tokens, any other gets an error of RFC 6749 §5.2 and changes nothing',
  cases: 500,
  values: fc.record({
    grantType: fc.constantFrom(...grantTypes),
    what: changes(names, values),
    how: spelling,
    wrapping,
    authorization: fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: authorizationHeader },
      // The test cannot tell whether such a header counts as Basic, and checks only that the answer is safe.
      { weight: 1, arbitrary: hostileHeader.map((text) => ({ text, basic: undefined })) },
    ),
  }),
  afterFailure: discardKit,
  async holds({ grantType, what, how, wrapping, authorization }) {
    const { server, values, contents, pkce, clientId, redirectUri } = await kit()
    const credential =
      grantType === 'refresh_token'
        ? { refresh_token: values['refresh token'] }
        : { code: values.code, code_verifier: pkce.verifier, redirect_uri: redirectUri }
    const pairs = changed(Object.entries({ grant_type: grantType, client_id: clientId, ...credential }), what)
    const before = await contents()
    const answer = await soundAnswer(
      await server.fetch(...wrapped(encoded(pairs, how), wrapping, authorization?.text ?? null)),
    )
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const isForm = ['form', 'charset', 'joined'].includes(wrapping.kind)
    const isBasic = authorization === null ? false : authorization.basic
    const mayBeGood = isForm && isBasic !== true && isGood(pairs, await kit())
    if (mayBeGood && (isBasic === false || answer.status === 200)) {
      discardKit()
      assert.equal(answer.status, 200, `refused: ${answer.text}`)
      return assert.equal(jsonOf(answer.text).token_type, 'Bearer')
    }
    assert([400, 401].includes(answer.status), `${answer.status} ${answer.text}`)
    assert.equal(answer.status === 401, jsonOf(answer.text).error === 'invalid_client')
    assert.equal(answer.headers.has('www-authenticate'), answer.status === 401 && authorization !== null)
    assert.equal(await contents(), before)
  },
})

function wrapped(body: string, { kind }: Wrapping, authorization: string | null): [string, RequestInit] {
  const types = {
    form: '',
    joined: ', application/json',
    charset: '; charset=UTF-8',
    json: '',
    multipart: '',
    text: '',
    none: '',
    query: '',
    bytes: '',
    huge: '',
  }
  const other = { json: 'application/json', multipart: 'multipart/form-data; boundary=x', text: 'text/plain' }
  const type =
    kind in other ? Object.entries(other).find(([name]) => name === kind)?.[1] : 'application/x-www-form-urlencoded'
  const headers = new Headers({ 'content-type': (type ?? '') + types[kind] })
  if (kind === 'none') headers.delete('content-type')
  if (authorization !== null) headers.set('authorization', authorization)
  const bytes = Buffer.from(kind === 'huge' ? `${body}&padding=${'x'.repeat(40_000)}` : body)
  if (kind === 'query') return [`/oauth/token?${body}`, { method: 'POST', headers, body: '' }]
  const content = kind === 'bytes' ? Buffer.concat([bytes, Buffer.from([0x26, 0xff, 0xfe])]) : bytes
  return ['/oauth/token', { method: 'POST', headers, body: new Uint8Array(content) }]
}

/** OAuth 2.1 §3.2.2, §4.1.3 and §4.3.1, as a list of conditions. */
function isGood(pairs: Pairs, { values, pkce, clientId, redirectUri }: Kit): boolean {
  const is = (name: string, ...allowed: readonly (string | undefined)[]) => {
    const value = single(pairs, name)
    return typeof value !== 'object' && allowed.includes(value)
  }
  const common =
    is('client_id', clientId) &&
    ['client_secret', 'client_assertion', 'client_assertion_type'].every((name) => is(name, undefined)) &&
    valuesOf(pairs, 'resource').every((value) => value === '' || value === 'https://docs.example/mcp')
  if (is('grant_type', 'refresh_token')) {
    const scope = single(pairs, 'scope')
    // Unknown scopes are left out. Of the known ones only `docs:read` was granted, and a granted scope must remain.
    const remains = (names: readonly string[]) => !names.includes('docs:feedback') || names.includes('docs:read')
    const good = typeof scope !== 'object' && remains((scope ?? '').split(' '))
    return common && is('refresh_token', values['refresh token']) && good
  }
  return (
    common &&
    is('grant_type', 'authorization_code') &&
    is('code', values.code) &&
    is('code_verifier', pkce.verifier) &&
    is('redirect_uri', undefined, redirectUri)
  )
}
