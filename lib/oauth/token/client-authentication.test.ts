import { describe, expect, test } from 'vitest'
import { assertionParameters, createClientKey } from '../../../dev/worlds/client-key.ts'
import {
  basic,
  codeFor,
  type Form,
  issuer,
  post,
  refreshing,
  registerClientOf,
  verdict,
  world,
} from '../../../dev/worlds/proving-clients.ts'

describe('a registered client must use the method that it registered [T-07]', () => {
  test.each<[string, Record<'none' | 'post' | 'basic' | 'assertion' | 'wrong', string>]>([
    ['none', { none: '200', post: '401', basic: '401', assertion: '401', wrong: '401' }],
    ['client_secret_post', { none: '401', post: '200', basic: '200', assertion: '401', wrong: '401' }],
    ['client_secret_basic', { none: '401', post: '200', basic: '200', assertion: '401', wrong: '401' }],
    ['private_key_jwt', { none: '401', post: '401', basic: '401', assertion: '200', wrong: '401' }],
  ])('%s', async (token_endpoint_auth_method, expected) => {
    const { server, key, clock } = await world()
    const keys = token_endpoint_auth_method === 'private_key_jwt' ? { jwks: { keys: [key.publicKey] } } : {}
    const { client_id, client_secret } = await registerClientOf(server, { token_endpoint_auth_method, ...keys })
    const secret = client_secret ?? 'a-secret-that-was-never-issued'
    const impostor = await createClientKey({ now: clock })
    const tries = {
      none: async (form: Form) => post(server, { ...form, client_id }),
      post: async (form: Form) => post(server, { ...form, client_id, client_secret: secret }),
      basic: async (form: Form) => post(server, form, basic(client_id, secret)),
      assertion: async (form: Form) =>
        post(server, { ...form, ...assertionParameters(await key.assertion(client_id, issuer)) }),
      wrong: async (form: Form) => {
        if (token_endpoint_auth_method !== 'private_key_jwt') return post(server, form, basic(client_id, `${secret}x`))
        return post(server, { ...form, ...assertionParameters(await impostor.assertion(client_id, issuer)) })
      },
    }
    const names = ['wrong', 'none', 'post', 'basic', 'assertion'] as const
    // A failed attempt spends nothing: one code works until an attempt succeeds.
    const failing = await codeFor(server, client_id)
    for (const name of names.filter((name) => expected[name] === '401')) {
      expect([name, verdict(await tries[name](failing))]).toEqual([name, '401 invalid_client'])
    }
    for (const name of names.filter((name) => expected[name] === '200')) {
      const { body, status } = await tries[name](await codeFor(server, client_id))
      expect([name, status]).toEqual([name, 200])
      expect([name, verdict(await tries[name](refreshing(body)))]).toEqual([name, '200 tokens'])
    }
  })

  test('an error about the Authorization header comes with a challenge (RFC 6749 §5.2) [T-05 T-08]', async () => {
    const { server } = await world()
    const { client_id } = await registerClientOf(server, { token_endpoint_auth_method: 'client_secret_basic' })
    for (const header of [basic(client_id, 'wrong'), basic('nobody', 'x'), 'Basic ?', 'Bearer x, Basic ?']) {
      const answer = await post(server, { grant_type: 'refresh_token', refresh_token: 'x' }, header)
      expect([verdict(answer), answer.headers.get('www-authenticate')]).toEqual([
        '401 invalid_client',
        'Basic realm="oauth"',
      ])
    }
  })

  test('a secret may be encoded as by RFC 6749 or as by the TypeScript SDK, and post and basic may alternate [T-08 T-10]', async () => {
    const { server } = await world()
    const { client_id, client_secret = '' } = await registerClientOf(server, {
      token_endpoint_auth_method: 'client_secret_post',
    })
    const first = await post(server, await codeFor(server, client_id), basic(client_id, client_secret))
    const encoded = basic(encodeURIComponent(client_id), encodeURIComponent(client_secret))
    const second = await post(server, { ...refreshing(first.body), client_id }, encoded)
    const third = await post(server, { ...refreshing(second.body), client_id, client_secret })
    expect([first, second, third].map(verdict)).toEqual(Array(3).fill('200 tokens'))
  })

  test('two methods in one request are invalid_request [T-07]', async () => {
    const { server, id, proof } = await world()
    const { client_id, client_secret = '' } = await registerClientOf(server, {
      token_endpoint_auth_method: 'client_secret_post',
    })
    const form = { ...(await codeFor(server, client_id)), client_id, client_secret }
    expect(verdict(await post(server, form, basic(client_id, client_secret)))).toBe('400 invalid_request')
    expect(verdict(await post(server, { ...form, ...(await proof()), client_id: id }))).toBe('400 invalid_request')
    expect(verdict(await post(server, form))).toBe('200 tokens')
  })

  test('a client that authenticates also needs PKCE [A-08]', async () => {
    const { server } = await world()
    const { client_id, client_secret = '' } = await registerClientOf(server, {
      token_endpoint_auth_method: 'client_secret_post',
    })
    const { code_verifier: _, ...form } = await codeFor(server, client_id)
    expect(verdict(await post(server, { ...form, client_id, client_secret }))).toBe('400 invalid_grant')
  })
})

describe('the chosen method binds the grant [T-10 M-17]', () => {
  const both = ['none', 'private_key_jwt']

  test("ChatGPT's document: `none` and an assertion are both accepted, and after an assertion `none` is too weak", async () => {
    const { server, id, proof } = await world({ methods: both })
    const first = await post(server, { ...(await codeFor(server, id)), client_id: id })
    const second = await post(server, { ...refreshing(first.body), client_id: id })
    const third = await post(server, { ...refreshing(second.body), ...(await proof()) })
    expect([first, second, third].map(verdict)).toEqual(Array(3).fill('200 tokens'))
    expect(verdict(await post(server, { ...refreshing(third.body), client_id: id }))).toBe('401 invalid_client')
    // The grace window is no way around it: the predecessor was valid without an assertion.
    expect(verdict(await post(server, { ...refreshing(second.body), client_id: id }))).toBe('401 invalid_client')
    expect(verdict(await post(server, { ...refreshing(third.body), ...(await proof()) }))).toBe('200 tokens')
  })

  test('an old token without authentication does not end a grant that requires authentication [T-13]', async () => {
    const { server, id, proof } = await world({ methods: both })
    const first = await post(server, { ...(await codeFor(server, id)), client_id: id })
    const second = await post(server, { ...refreshing(first.body), ...(await proof()) })
    server.clock += 120_000
    for (let tries = 0; tries < 3; tries++) {
      expect(verdict(await post(server, { ...refreshing(first.body), client_id: id }))).toBe('401 invalid_client')
    }
    const third = await post(server, { ...refreshing(second.body), ...(await proof()) })
    expect(verdict(third)).toBe('200 tokens')
    // With an assertion it counts as reuse of an old token.
    server.clock += 120_000
    expect(verdict(await post(server, { ...refreshing(first.body), ...(await proof()) }))).toBe('400 invalid_grant')
    expect(verdict(await post(server, { ...refreshing(third.body), ...(await proof()) }))).toBe('400 invalid_grant')
  })

  test('a grant that began with an assertion needs one at every refresh', async () => {
    const { server, id, proof } = await world({ methods: both })
    const { body } = await post(server, { ...(await codeFor(server, id)), ...(await proof()) })
    expect(verdict(await post(server, { ...refreshing(body), client_id: id }))).toBe('401 invalid_client')
    expect(verdict(await post(server, { ...refreshing(body), ...(await proof()) }))).toBe('200 tokens')
  })

  test("ChatGPT's document of one connector: only an assertion spends its code", async () => {
    const { server, id, proof } = await world()
    const form = await codeFor(server, id)
    expect(verdict(await post(server, { ...form, client_id: id }))).toBe('401 invalid_client')
    expect(verdict(await post(server, { ...form, client_id: id, ...(await proof()) }))).toBe('200 tokens')
  })

  test('a client whose document has no keys cannot use an assertion', async () => {
    const { server, id, proof } = await world({ methods: ['none'] })
    expect(verdict(await post(server, { ...(await codeFor(server, id)), ...(await proof()) }))).toBe(
      '401 invalid_client',
    )
  })
})
