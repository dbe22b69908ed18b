import { generateKeyPairSync, KeyObject, randomBytes, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { defined } from '../../base/defined.ts'
import { createOpenIdProvider, type OpenIdProviderOptions } from './openid-provider.ts'
import { type Identity, type Login, ProviderError } from './provider.ts'
import { meaningOf } from './provider-words.ts'

/** What each kind of answer of an OpenID Provider means, shown with a small provider of our own. */

interface Asked {
  readonly path: string
  readonly authorization: string | undefined
  readonly form: URLSearchParams
}
type Answer = (response: ServerResponse, asked: Asked) => unknown

const keys = generateKeyPair('RS256', { extractable: true })
const login: Login = { state: 'our-state', nonce: 'our-nonce', codeVerifier: 'v'.repeat(43) }
const callback = 'https://docs.example/mcp/callback'
let issuer = ''
let clock = Date.now()
let asked: Asked[] = []
let answers: Record<string, Answer> = {}
let metadata: Record<string, unknown> = {}
let jwks: unknown
let idToken: string

const server = createServer((request, response) => void handle(request, response))

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { pathname: path } = new URL(request.url ?? '', issuer)
  const form = new URLSearchParams(Buffer.concat(chunks).toString())
  const current = { path, authorization: request.headers.authorization, form }
  asked.push(current)
  const answer = answers[path]
  if (answer) return void answer(response, current)
  if (path === '/.well-known/openid-configuration') return json(response, metadata)
  if (path.startsWith('/jwks')) return json(response, jwks)
  json(response, { access_token: 'theirs', token_type: 'Bearer', id_token: idToken })
}

const json = (response: ServerResponse, body: unknown, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

async function sign(claims: Record<string, unknown> = {}, header: object = { kid: 'k' }): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  const usual = { iss: issuer, aud: 'us', sub: 'person', nonce: login.nonce, iat, exp: iat + 300 }
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'RS256', ...header })
    .sign((await keys).privateKey)
}

/** A token that jose would not sign. */
const signed = (input: string, key: KeyObject) =>
  `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`

let own: JWK
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  own = { ...(await exportJWK((await keys).publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
})
beforeEach(async () => {
  clock = Date.now()
  asked = []
  answers = {}
  metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  }
  jwks = { keys: [own] }
  idToken = await sign()
})
let deadlines: AbortController[] = []
afterEach(() => {
  for (const deadline of deadlines) deadline.abort()
  deadlines = []
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const provider = (options: Partial<OpenIdProviderOptions> = {}) =>
  createOpenIdProvider({ issuer, clientId: 'us', redirectUri: callback, now: () => clock, ...options })

type Provider = ReturnType<typeof provider>

async function identify(at: Provider = provider(), parameters: Record<string, string> = { code: 'c' }, ms = 30_000) {
  const deadline = new AbortController()
  deadlines.push(deadline)
  const timer = setTimeout(() => deadline.abort(), ms)
  try {
    return await at.identify(new URLSearchParams({ state: login.state, ...parameters }), login, deadline.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** The kind and code of the failure. */
async function failureOf(work: Promise<Identity>): Promise<{ kind: string; code: string | undefined }> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    return { kind: error.kind, code: error.code }
  }
  return { kind: 'identified', code: undefined }
}

const countOf = (path: string) => asked.filter((each) => each.path === path).length

const text =
  (status: number, type: string, body: string): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': type }).end(body)
const error =
  (status: number, code: unknown, more: object = {}): Answer =>
  (response) =>
    json(response, { error: code, ...more }, status)

const passing: readonly [string, Answer][] = [
  ...[403, 404, 405, 408, 410, 425, 429, 500, 502, 503, 504, 520, 529].flatMap((status): [string, Answer][] => [
    [`${status} with a web page`, text(status, 'text/html; charset=utf-8', '<!doctype html><h1>Sorry</h1>')],
    [`${status} without a body`, text(status, '', '')],
  ]),
  ['403 {"error":"Forbidden"}, as frameworks say', error(403, 'Forbidden')],
  ['404 {"error":"Not Found"}', error(404, 'Not Found')],
  ['403 of a gateway that answers in JSON', (response) => json(response, { message: 'Forbidden' }, 403)],
  ['429 with a code that would mean something else', error(429, 'access_denied')],
  ...[408, 425, 429, 500, 502, 503, 504].map((status): [string, Answer] => [
    `${status} with invalid_grant`,
    error(status, 'invalid_grant'),
  ]),
  ['503 with a flood', text(503, 'text/html', 'x'.repeat(600_000))],
  ['401 with a web page', text(401, 'text/html', '<!doctype html><h1>Authorization Required</h1>')],
  ['401 with XML without a content type', text(401, '', '<?xml version="1.0"?><Error/>')],
  ['201 with a web page', text(201, 'text/html', '<html>We will be back soon')],
  ['400 with a web page', text(400, 'text/html', '<html>Bad Request')],
  ['200 with a web page', text(200, 'text/html', '<html>We will be back soon')],
  ['200 with a web page with a JSON content type', text(200, 'application/json', ' <html>Sign in to the Wi-Fi</html>')],
  ['302', (response) => response.writeHead(302, { location: `${issuer}/elsewhere` }).end()],
  ['400 temporarily_unavailable', error(400, 'temporarily_unavailable')],
  ['400 server_error', error(400, 'server_error')],
]

const spent: readonly [string, Answer][] = [
  ['400 invalid_grant', error(400, 'invalid_grant')],
  [
    '403 invalid_grant, as Auth0 says',
    error(403, 'invalid_grant', { error_description: 'Invalid authorization code' }),
  ],
  ['200 with invalid_grant', error(200, 'invalid_grant')],
  ['400 invalid_grant with a text content type', text(400, 'text/plain', '{"error":"invalid_grant"}')],
  ['200 bad_verification_code', error(200, 'bad_verification_code')],
  ['400 with a code of its own', error(400, 'code_was_seen_before')],
  ['200 with nothing', text(200, 'application/json', '')],
  ['201 with half of the answer', text(201, 'application/json', '{"access_token":"x","id_tok')],
  ['204', text(204, '', '')],
  ['200 with half of the answer', text(200, 'application/json', '{"access_token":"x","id_tok')],
  [
    'an answer that breaks off',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
      response.write('{"access_token":', () => response.destroy())
    },
  ],
  ['a connection that ends without an answer', (response) => response.destroy()],
  ['an answer without an end', text(200, 'application/json', 'x'.repeat(600_000))],
]

const misconfigured: readonly [string, Answer, string][] = [
  ['401 invalid_client', error(401, 'invalid_client'), 'invalid_client'],
  ['400 invalid_client', error(400, 'invalid_client'), 'invalid_client'],
  ['401 access_denied, as Auth0 says', error(401, 'access_denied'), 'access_denied'],
  ['401 without a body', text(401, '', ''), 'invalid_client'],
  ['400 unauthorized_client', error(400, 'unauthorized_client'), 'unauthorized_client'],
  ['400 unsupported_grant_type', error(400, 'unsupported_grant_type'), 'unsupported_grant_type'],
  ['400 invalid_request', error(400, 'invalid_request'), 'invalid_request'],
  ['400 redirect_uri_mismatch', error(400, 'redirect_uri_mismatch'), 'redirect_uri_mismatch'],
  [
    '400 invalid_grant for the redirect URI',
    error(400, 'invalid_grant', { error_description: "The 'redirect_uri' does not match" }),
    'invalid_grant',
  ],
  [
    '400 invalid_grant for the redirect URI, in other words',
    error(400, 'invalid_grant', { error_description: 'Redirect URI mismatch' }),
    'invalid_grant',
  ],
]

describe('the token endpoint answers', () => {
  test.each(passing)('%s: the code is still valid [F-13]', async (_what, answer) => {
    answers = { '/token': answer }
    expect((await failureOf(identify())).kind).toBe('passing')
  })

  test.each(spent)('%s: the code is spent, and no user was identified [F-13]', async (_what, answer) => {
    answers = { '/token': answer }
    expect((await failureOf(identify())).kind).toBe('spent')
  })

  test.each(misconfigured)(
    '%s: the operator must change a setting, and the log names it [F-08]',
    async (_w, answer, code) => {
      answers = { '/token': answer }
      expect(await failureOf(identify())).toEqual({ kind: 'misconfigured', code })
    },
  )

  test.each([
    ['403 access_denied', error(403, 'access_denied'), 'access_denied'],
    ['400 interaction_required', error(400, 'interaction_required'), 'interaction_required'],
    ['403 unauthorized', error(403, 'unauthorized'), 'unauthorized'],
  ])('%s: the user was refused [F-08]', async (_what, answer, code) => {
    answers = { '/token': answer }
    expect(await failureOf(identify())).toEqual({ kind: 'refused', code })
  })

  test('not before the deadline: the code may be spent [T-25]', async () => {
    answers = { '/token': () => undefined }
    expect((await failureOf(identify(provider(), { code: 'c' }, 300))).kind).toBe('spent')
  })

  test('not at all, and then with an outage: the code may be spent', async () => {
    answers = { '/token': (response) => (countOf('/token') === 1 ? response.destroy() : json(response, {}, 503)) }
    expect((await failureOf(identify())).kind).toBe('spent')
  })

  test('not at first, and then correctly: the sign-in succeeds, and the code is sent with the same authentication', async () => {
    answers = {
      '/token': (response) =>
        countOf('/token') === 1 ? response.destroy() : json(response, { id_token: idToken, token_type: 'Bearer' }),
    }
    expect(await identify(provider({ clientSecret: 'secret' }))).toMatchObject({ sub: 'person' })
    const [first, second] = asked.filter(({ path }) => path === '/token')
    expect(first).toEqual(second)
  })

  test('not, because nothing listens at its address: the code is still valid', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const address = closed.address()
    const port = typeof address === 'object' ? address?.port : 0
    await new Promise((resolve) => closed.close(resolve))
    metadata.token_endpoint = `http://127.0.0.1:${port}/token`
    expect((await failureOf(identify())).kind).toBe('passing')
    metadata.token_endpoint = 'http://unknown.invalid/token'
    expect((await failureOf(identify())).kind).toBe('passing')
  })
})

describe('unused members cannot fail a sign-in', () => {
  test.each<[string, unknown]>([
    ['refresh_token: null', { refresh_token: null }],
    ['expires_in: ""', { expires_in: '' }],
    ['expires_in: -1', { expires_in: -1 }],
    ['scope: null', { scope: null }],
    ['scope: []', { scope: [] }],
    ['scope: {}', { scope: {} }],
    ['access_token: null', { access_token: null }],
    ['access_token: ""', { access_token: '' }],
    ['access_token: 1', { access_token: 1 }],
    ['token_type: null', { token_type: null }],
    ['token_type: "MAC"', { token_type: 'MAC' }],
    ['error: null', { error: null }],
    ['error: ""', { error: '' }],
    ['unknown members', { not_before_policy: null, '': 0 }],
  ])('in the token response: %s [F-09]', async (_what, more) => {
    answers = {
      '/token': (response) =>
        json(response, { access_token: 'x', token_type: 'Bearer', id_token: idToken, ...(more as object) }),
    }
    expect(await identify()).toMatchObject({ sub: 'person' })
  })

  test.each([
    'application/json;charset=UTF-8',
    'Application/JSON',
    'text/plain',
    'application/json, application/json',
    '',
  ])('the content type of the token response is %j', async (type) => {
    answers = {
      '/token': (response) => response.writeHead(200, { 'content-type': type }).end(`{"id_token":"${idToken}"}`),
    }
    expect(await identify()).toMatchObject({ sub: 'person' })
  })

  test.each([201, 202, 203, 206])('the status of a good answer is %i', async (status) => {
    const document: Answer = (response) => json(response, metadata, status)
    answers = {
      '/token': (response) => json(response, { id_token: idToken }, status),
      '/jwks': (response) => json(response, jwks, status),
      '/.well-known/openid-configuration': document,
    }
    expect(await identify()).toMatchObject({ sub: 'person' })
  })

  test.each<Record<string, string>>([
    { access_token: 'x', expires_in: '3600' },
    { session_state: 'a.b', scope: 'openid', authuser: '0', prompt: 'none', hd: 'example.com' },
    { client_info: 'eyJ', cloud_instance_name: 'x' },
    { '': '', 'code[]': 'x', error_code: '0' },
  ])('in the authorization response: %j', async (more) => {
    expect(await identify(provider(), { code: 'c', ...more })).toMatchObject({ sub: 'person' })
  })

  test.each<[string, Record<string, unknown>]>([
    ['mtls_endpoint_aliases: null', { mtls_endpoint_aliases: null }],
    ['userinfo_endpoint: ""', { userinfo_endpoint: '' }],
    ['scopes_supported: null', { scopes_supported: null }],
    ['response_types_supported: {}', { response_types_supported: {} }],
    ['id_token_signing_alg_values_supported: null', { id_token_signing_alg_values_supported: null }],
    ['token_endpoint_auth_methods_supported: null', { token_endpoint_auth_methods_supported: null }],
    ['token_endpoint_auth_methods_supported: [null]', { token_endpoint_auth_methods_supported: [null] }],
    ['code_challenge_methods_supported: []', { code_challenge_methods_supported: [] }],
    ['…iss_parameter_supported: null', { authorization_response_iss_parameter_supported: null }],
    ['…iss_parameter_supported: "false"', { authorization_response_iss_parameter_supported: 'false' }],
  ])('in the metadata: %s', async (_what, more) => {
    Object.assign(metadata, more)
    expect(await identify()).toMatchObject({ sub: 'person' })
    expect(await identify(provider({ clientSecret: 's' }))).toMatchObject({ sub: 'person' })
  })

  test.each<[string, Record<string, unknown>]>([
    ['auth_time: null', { auth_time: null }],
    ['auth_time: ""', { auth_time: '' }],
    ['auth_time: -1', { auth_time: -1 }],
    ['amr: {}', { amr: {} }],
    ['at_hash: ""', { at_hash: '' }],
    ['jti: null', { jti: null }],
    ['name: null', { name: null }],
    ['email: null', { email: null }],
    ['email: {}', { email: {} }],
    ['org_id: ""', { org_id: '' }],
    ['org_name: 7', { org_name: 7 }],
  ])('in the ID token: %s [F-05]', async (_what, claims) => {
    idToken = await sign(claims)
    expect(await identify()).toMatchObject({ sub: 'person' })
  })

  test.each<[string, Record<string, unknown>]>([
    ['nonce: null', { nonce: null }],
    ['nonce: []', { nonce: [] }],
    ['aud: null', { aud: null }],
    ['aud: []', { aud: [] }],
    ['sub: null', { sub: null }],
    ['sub: ""', { sub: '' }],
    ['sub: half a surrogate pair', { sub: 'person\ud800' }],
    ['exp: null', { exp: null }],
    ['exp: ""', { exp: '' }],
    ['iat: null', { iat: null }],
    ['nbf: null', { nbf: null }],
    ['iss: null', { iss: null }],
    ['azp: null beside another audience', { aud: ['us', 'them'], azp: null }],
  ])('a decisive claim must be in the signed token: %s [F-05 N23]', async (_what, claims) => {
    idToken = await sign(claims)
    expect((await failureOf(identify())).kind).toBe('invalid')
  })

  test('a subject with bytes that are not UTF-8 is refused: two users could become one [F-05 F-07]', async () => {
    const iat = Math.floor(Date.now() / 1000)
    const claims = JSON.stringify({ iss: issuer, aud: 'us', sub: 'person?', nonce: login.nonce, iat, exp: iat + 300 })
    const [header = ''] = idToken.split('.')
    const { privateKey } = await keys
    for (const [byte, kind] of [
      ['?', 'identified'],
      ['\xff', 'invalid'],
      ['\xc0', 'invalid'],
    ] as const) {
      const payload = Buffer.from(claims.replace('?', byte), 'latin1').toString('base64url')
      idToken = signed(`${header}.${payload}`, KeyObject.from(privateKey))
      expect((await failureOf(identify())).kind).toBe(kind)
    }
  })

  test.each([
    [['us', 'them'], 'us', 'identified'],
    [['us', 'them'], 'them', 'invalid'],
    [['us', 'them'], undefined, 'invalid'],
    [['them'], 'us', 'invalid'],
    [['us'], undefined, 'identified'],
  ])('a token for %j, made for %j: %s [F-05]', async (aud, azp, kind) => {
    idToken = await sign({ aud, azp })
    expect((await failureOf(identify())).kind).toBe(kind)
  })

  test.each(['code=c&code=d', 'code=c&code=c', 'code=&code=c', 'code=', ''])(
    'an answer with %j does not have exactly one code: no code is sent [F-06]',
    async (answer) => {
      const { signal } = new AbortController()
      const identified = provider().identify(new URLSearchParams(`state=${login.state}&${answer}`), login, signal)
      expect([(await failureOf(identified)).kind, countOf('/token')]).toEqual(['invalid', 0])
    },
  )

  test('a lone surrogate in a name or an email address is left out', async () => {
    idToken = await sign({ email: 'ada\udc00@example.com', org_name: 'Exam\ud83dple', org_id: '\udfff' })
    expect(await identify()).toEqual({ issuer, sub: 'person', organization: { name: 'Example' } })
  })
})

describe('a key set', () => {
  const other = (): JWK => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    return { ...publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }
  }

  test.each<[string, () => unknown[]]>([
    ['an entry without kty', () => [{ kid: 'x', use: 'sig' }, own]],
    ['an unknown kty', () => [{ kty: 'XYZ', kid: 'k' }, own]],
    ['kty: null', () => [{ kty: null, kid: 'k' }, own]],
    ['entries that are no objects', () => [null, 'key', 7, [], own]],
    ['one key twice', () => [own, { ...own }]],
    ['one key three times, and another of its kid', () => [own, { ...own }, { ...own }, { ...other(), kid: 'k' }]],
    ['another key of the same kid before it', () => [{ ...other(), kid: 'k' }, own]],
    ['two other keys of the same kid before it', () => [{ ...other(), kid: 'k' }, { ...other(), kid: 'k' }, own]],
    ['a broken key of the same kid', () => [{ kty: 'RSA', kid: 'k', n: '!', e: '' }, { kty: 'RSA', kid: 'k' }, own]],
    ['a key for encryption of the same kid', () => [{ ...other(), kid: 'k', use: 'enc' }, own]],
    ['a symmetric key of the same kid', () => [{ kty: 'oct', kid: 'k', k: 'AAAA' }, own]],
    ['a key of another curve', () => [{ kty: 'EC', crv: 'P-521', kid: 'k', x: 'AA', y: 'AA' }, own]],
    ['empty members', () => [{ ...own, use: null, alg: '', key_ops: null, x5c: null }]],
    ['its key without a kid', () => [{ ...own, kid: undefined }]],
  ])('with %s is good [F-05]', async (_what, entries) => {
    jwks = { keys: entries() }
    expect(await identify()).toMatchObject({ sub: 'person' })
  })

  test.each(['application/jwk-set+json', 'text/plain', 'application/octet-stream'])(
    'called %s is good',
    async (type) => {
      answers = { '/jwks': (response) => response.writeHead(200, { 'content-type': type }).end(JSON.stringify(jwks)) }
      expect(await identify()).toMatchObject({ sub: 'person' })
    },
  )

  test('with four unnamed keys: at most three are tried [F-05 N24]', async () => {
    idToken = await sign({}, {})
    jwks = { keys: [{ use: 'sig' }, other(), other(), { ...own, kid: undefined }] }
    expect(await identify()).toMatchObject({ sub: 'person' })
    jwks = { keys: [other(), other(), other(), own] }
    expect((await failureOf(identify())).kind).toBe('invalid')
  })

  test.each([
    ['symmetric', () => ({ kty: 'oct', kid: 'k', k: Buffer.from(String(own.n)).toString('base64url') })],
    ['of another owner', () => ({ ...other(), kid: 'k' })],
  ])('with a key that is %s verifies no token [F-05 A14]', async (_what, key) => {
    jwks = { keys: [key()] }
    expect((await failureOf(identify())).kind).toBe('invalid')
  })

  test.each([
    [2048, 'identified'],
    [2047, 'invalid'],
    [1024, 'invalid'],
  ])('a key of %i bits that signed the token: %s [F-05 A14]', async (modulusLength, kind) => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength })
    jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }
    idToken = signed(idToken.split('.').slice(0, 2).join('.'), privateKey)
    expect((await failureOf(identify())).kind).toBe(kind)
  })

  test('a new key without a name is found by one read that concurrent callers share [N24]', async () => {
    const at = provider()
    jwks = { keys: [other()] }
    idToken = await sign({}, {})
    expect((await failureOf(identify(at))).kind).toBe('invalid')
    expect(countOf('/jwks')).toBe(2)
    clock += 30_000
    jwks = { keys: [own] }
    await Promise.all(Array.from({ length: 10 }, () => identify(at)))
    expect(countOf('/jwks')).toBe(3)
  })

  test.each([{}, { kid: 'k' }])(
    'tokens that no key has signed, with the header %j, cause one new read of the keys in 30 s',
    async (header) => {
      const at = provider()
      await identify(at)
      const forged = await new SignJWT({ iss: issuer, aud: 'us', sub: 'x', nonce: login.nonce })
        .setIssuedAt()
        .setExpirationTime('5m')
        .setProtectedHeader({ alg: 'RS256', ...header })
        .sign((await generateKeyPair('RS256')).privateKey)
      idToken = forged
      for (let n = 0; n < 5; n++) expect((await failureOf(identify(at))).kind).toBe('invalid')
      expect(countOf('/jwks')).toBe(2)
      clock += 30_000
      expect((await failureOf(identify(at))).kind).toBe('invalid')
      expect(countOf('/jwks')).toBe(3)
    },
  )

  test('tokens that name an unknown key cause at most five new reads of the keys in 30 s [N24]', async () => {
    const at = provider()
    await identify(at)
    idToken = await sign({}, { kid: 'made-up' })
    for (let n = 0; n < 10; n++) expect((await failureOf(identify(at))).kind).toBe('invalid')
    expect(countOf('/jwks')).toBe(6)
  })

  test('that cannot be read again after the code was sent: the code is spent, and no user is identified', async () => {
    const at = provider()
    await identify(at)
    answers = { '/jwks': text(503, '', '') }
    idToken = await new SignJWT({ iss: issuer, aud: 'us', sub: 'x', nonce: login.nonce })
      .setIssuedAt()
      .setExpirationTime('5m')
      .setProtectedHeader({ alg: 'RS256', kid: 'new' })
      .sign((await generateKeyPair('RS256')).privateKey)
    expect((await failureOf(identify(at))).kind).toBe('spent')
  })

  test('a signature is accepted in one spelling only [A14]', async () => {
    const [header, payload, signature = ''] = idToken.split('.')
    for (const varied of [`${signature}=`, `${signature} `, signature.replaceAll('_', '/').replaceAll('-', '+')]) {
      if (varied === signature) continue
      idToken = [header, payload, varied].join('.')
      expect((await failureOf(identify())).kind).toBe('invalid')
    }
  })

  test('another signing algorithm is named in the log', async () => {
    const es = await generateKeyPair('ES256', { extractable: true })
    jwks = { keys: [{ ...(await exportJWK(es.publicKey)), kid: 'k' }] }
    const iat = Math.floor(Date.now() / 1000)
    idToken = await new SignJWT({ iss: issuer, aud: 'us', sub: 'x', nonce: login.nonce, iat, exp: iat + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(es.privateKey)
    expect(await failureOf(identify())).toEqual({ kind: 'misconfigured', code: 'unsupported_algorithm' })
  })
})

describe('the metadata', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['of another issuer', { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }, 'issuer_mismatch'],
    ['without an issuer', { issuer: null }, 'issuer_mismatch'],
    ['without a token endpoint', { token_endpoint: undefined }, 'endpoint_missing'],
    ['with an endpoint that is not a URL', { authorization_endpoint: '/authorize' }, 'endpoint_missing'],
    ['with keys at a script', { jwks_uri: 'javascript:alert(1)' }, 'endpoint_missing'],
  ])('%s: a misconfiguration with a name, at the approval and at the callback', async (_what, more, code) => {
    Object.assign(metadata, more)
    expect(await failureOf(identify())).toEqual({ kind: 'misconfigured', code })
    const url = provider().authorizationUrl(login, undefined, AbortSignal.timeout(30_000))
    await expect(url).rejects.toMatchObject({ kind: 'misconfigured', code })
    expect(countOf('/token')).toBe(0)
  })

  test.each([
    ['404', text(404, 'text/html', '<html>')],
    ['200 with a web page', text(200, 'text/html', '<html>')],
    ['200 with an array', text(200, 'application/json', '[]')],
    ['a redirect', (response: ServerResponse) => response.writeHead(302, { location: `${issuer}/elsewhere` }).end()],
    ['nothing', (response: ServerResponse) => response.destroy()],
  ])('answered by %s: the fault is temporary', async (_what, answer) => {
    answers = { '/.well-known/openid-configuration': answer }
    expect((await failureOf(identify())).kind).toBe('passing')
    expect(countOf('/elsewhere')).toBe(0)
  })

  test('that cannot be read again is used for an hour', async () => {
    const at = provider()
    await identify(at)
    answers = { '/.well-known/openid-configuration': text(503, '', '') }
    clock += 3_599_000
    expect(await identify(at)).toMatchObject({ sub: 'person' })
    clock += 60_000
    expect((await failureOf(identify(at))).kind).toBe('passing')
  })

  test.each<[string, Answer]>([
    ['404', text(404, 'text/html', '<html>')],
    ['410', text(410, '', '')],
    ['301', (response) => response.writeHead(301, { location: '/new/token' }).end()],
    ['503', text(503, '', '')],
    ['a web page', text(200, 'text/html', '<html>')],
  ])('a token endpoint that has moved and left %s behind is found again at once', async (_what, left) => {
    const at = provider()
    await identify(at)
    metadata.token_endpoint = `${issuer}/new/token`
    answers = { '/token': left }
    expect(await identify(at)).toMatchObject({ sub: 'person' })
    expect(countOf('/new/token')).toBe(1)
    await identify(at)
    expect(countOf('/.well-known/openid-configuration')).toBe(2)
  })

  test('keys that have moved are found again at once', async () => {
    const at = provider()
    await identify(at)
    metadata.jwks_uri = `${issuer}/jwks-new`
    answers = { '/jwks': text(404, '', '') }
    clock += 240_000
    expect(await identify(at)).toMatchObject({ sub: 'person' })
  })

  test('an endpoint that fails without having moved: all callers together read the metadata again once in 5 s', async () => {
    const at = provider()
    await identify(at)
    answers = { '/token': text(404, '', '') }
    await Promise.all(Array.from({ length: 10 }, () => failureOf(identify(at))))
    for (let n = 0; n < 5; n++) await failureOf(identify(at))
    expect(countOf('/.well-known/openid-configuration')).toBe(2)
    clock += 5_000
    await failureOf(identify(at))
    expect(countOf('/.well-known/openid-configuration')).toBe(3)
  })

  test('a code that the provider has seen is not sent to another address [N10]', async () => {
    const at = provider()
    await identify(at)
    metadata.token_endpoint = `${issuer}/new/token`
    answers = { '/token': error(400, 'invalid_grant') }
    expect((await failureOf(identify(at))).kind).toBe('spent')
    expect(countOf('/new/token')).toBe(0)
  })
})

describe('client authentication at the provider', () => {
  const secret = `s3cr:t+/${randomBytes(4).toString('hex')} ü`
  const basic = `Basic ${Buffer.from(`us:${new URLSearchParams({ x: secret }).toString().slice(2)}`).toString('base64')}`

  test.each<[string, unknown, 'basic' | 'post']>([
    ['the metadata has no list', undefined, 'basic'],
    ['the list is empty', [], 'basic'],
    ['it lists Basic', ['client_secret_basic'], 'basic'],
    ['it lists Basic and keys', ['private_key_jwt', 'client_secret_basic'], 'basic'],
    ['it lists post', ['client_secret_post'], 'post'],
    ['it lists both', ['client_secret_basic', 'client_secret_post'], 'post'],
  ])('uses the secret in the way that the metadata lists: %s', async (_what, methods, expected) => {
    metadata.token_endpoint_auth_methods_supported = methods
    await identify(provider({ clientSecret: secret }))
    const sent = asked.find(({ path }) => path === '/token')
    expect(sent?.authorization).toBe(expected === 'basic' ? basic : undefined)
    expect(sent?.form.get('client_secret')).toBe(expected === 'basic' ? null : secret)
    expect(sent?.form.get('client_id')).toBe(expected === 'basic' ? null : 'us')
  })

  test('is not tried if the provider accepts no secret: a named misconfiguration, and the code is not sent', async () => {
    metadata.token_endpoint_auth_methods_supported = ['private_key_jwt', 'tls_client_auth']
    const failure = await failureOf(identify(provider({ clientSecret: secret })))
    expect(failure).toEqual({ kind: 'misconfigured', code: 'unsupported_client_authentication' })
    expect(countOf('/token')).toBe(0)
  })

  test.each([undefined, secret])(
    'that is refused is not repeated with another method (secret: %j)',
    async (clientSecret) => {
      metadata.token_endpoint_auth_methods_supported = ['client_secret_basic', 'client_secret_post', 'none']
      answers = { '/token': error(401, 'invalid_client') }
      const at = provider(defined({ clientSecret }))
      expect((await failureOf(identify(at))).kind).toBe('misconfigured')
      expect(countOf('/token')).toBe(1)
    },
  )

  test.each<[string, unknown, unknown]>([
    ['from post to Basic', ['client_secret_post'], ['client_secret_basic']],
    ['from Basic to post', ['client_secret_basic'], ['client_secret_post']],
    ['from no list to post', undefined, ['client_secret_post']],
    ['from post to no list', ['client_secret_post'], undefined],
    ['from keys to Basic', ['private_key_jwt'], ['client_secret_basic']],
  ])(
    '%s: a user who signs in during the change goes through the provider once more, and no code is sent with two methods',
    async (_what, before, after) => {
      const at = provider({ clientSecret: secret })
      metadata.token_endpoint_auth_methods_supported = before
      await failureOf(identify(at))
      asked = []
      clock += 5_000
      metadata.token_endpoint_auth_methods_supported = after
      const wantsPost = Array.isArray(after) && after.includes('client_secret_post')
      answers = {
        '/token': (response, { form }) =>
          form.has('client_secret') === wantsPost
            ? json(response, { id_token: idToken })
            : json(response, { error: 'invalid_client' }, 401),
      }
      expect((await failureOf(identify(at, { code: 'first' }))).kind).toBe('spent')
      expect(await identify(at, { code: 'second' })).toMatchObject({ sub: 'person' })
      const codes = asked.flatMap(({ path, form }) => (path === '/token' ? [form.get('code')] : []))
      expect(new Set(codes).size).toBe(codes.length)
    },
  )

  test('that the provider keeps refusing: the metadata is read again once in 5 s, and the result stays a misconfiguration', async () => {
    const at = provider({ clientSecret: secret })
    answers = { '/token': error(401, 'invalid_client') }
    for (let n = 0; n < 5; n++) expect((await failureOf(identify(at))).kind).toBe('misconfigured')
    expect(countOf('/.well-known/openid-configuration')).toBe(2)
  })

  test('a public client names itself in the form, whatever the metadata says', async () => {
    metadata.token_endpoint_auth_methods_supported = ['client_secret_basic']
    await identify()
    expect(asked.at(-1)?.form.get('client_id')).toBe('us')
  })
})

test.each([
  ['access_denied', 'access_denied'],
  ['ACCESS_DENIED', 'access_denied'],
  ['unauthorized', 'access_denied'],
  ['Unauthorized', 'access_denied'],
  ['user_cancelled_authorize', 'access_denied'],
  ['user_cancelled_login', 'access_denied'],
  ['user_denied', 'access_denied'],
  ['consent_denied', 'access_denied'],
  ['login-cancelled', 'access_denied'],
  ['account_disabled', 'access_denied'],
  ['account_expired', 'access_denied'],
  ['email_not_verified', 'access_denied'],
  ['unverified_user', 'access_denied'],
  ['user_aborted', 'access_denied'],
  ['not_a_member', 'access_denied'],
  ['user_not_eligible', 'access_denied'],
  ['no_access', 'access_denied'],
  ['expired_token', 'access_denied'],
  ['user_blocked', 'access_denied'],
  ['user_not_allowed', 'access_denied'],
  ['admin_policy_enforced', 'access_denied'],
  ['too_many_attempts', 'access_denied'],
  ['unmet_authentication_requirements', 'access_denied'],
  ['interaction_required', 'interaction_required'],
  ['login_required', 'login_required'],
  ['consent_required', 'consent_required'],
  ['account_selection_required', 'account_selection_required'],
  ['mfa_required', 'interaction_required'],
  ['temporarily_unavailable', 'passing'],
  ['server_error', 'passing'],
  ['unauthorized_client', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
  ['unsupported_response_type', 'misconfigured'],
  ['redirect_uri_mismatch', 'misconfigured'],
  ['teapot', 'unknown'],
  ['undeniable', 'unknown'],
  ['', 'unknown'],
  ['__proto__', 'unknown'],
  ['constructor', 'unknown'],
])('error=%s of an authorization response means %s [F-08]', async (code, meaning) => {
  expect(meaningOf(code)).toBe(meaning)
  const kind = code === '' ? 'invalid' : meaning === 'misconfigured' ? 'misconfigured' : 'refused'
  expect((await failureOf(identify(provider(), { error: code }))).kind).toBe(kind)
  expect(countOf('/token')).toBe(0)
})
