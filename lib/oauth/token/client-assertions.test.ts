import { describe, expect, test } from 'vitest'
import { assertionParameters, createClientKey } from '../../../dev/worlds/client-key.ts'
import {
  codeFor,
  type Form,
  issuer,
  post,
  refreshing,
  registerClientOf,
  verdict,
  world,
} from '../../../dev/worlds/proving-clients.ts'
import { times } from '../../../dev/worlds/times.ts'
import { defined } from '../../base/defined.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'

const { signal: never } = new AbortController()

describe('an assertion [T-09]', () => {
  test.each<[string, (w: Awaited<ReturnType<typeof world>>) => Promise<Form>]>([
    [
      'of another client',
      async ({ key }) => assertionParameters(await key.assertion('https://evil.example/c', issuer)),
    ],
    ['that is not of client_id', async ({ proof }) => ({ ...(await proof()), client_id: 'https://evil.example/c' })],
    ['by another key', async ({ proof, clock }) => proof(await createClientKey({ now: clock }))],
    [
      'by another key of the same name',
      async ({ proof, key, clock }) => {
        const { kid } = key.publicKey
        return proof(await createClientKey(defined({ now: clock, kid })))
      },
    ],
    ['for two audiences', async ({ proof }) => proof(undefined, { aud: [issuer, 'https://evil.example'] })],
    [
      'for a preview of ours',
      async ({ proof }) => proof(undefined, { aud: 'https://deploy-preview-1--docs.netlify.app' }),
    ],
    ['that has expired', async ({ proof, clock }) => proof(undefined, { exp: clock() - 61, iat: clock() - 120 })],
    ['that expires in a day', async ({ proof, clock }) => proof(undefined, { exp: clock() + 86_400 })],
    ['without jti', async ({ proof }) => proof(undefined, { jti: undefined })],
    ['of another type', async ({ proof }) => ({ ...(await proof()), client_assertion_type: 'jwt' })],
    ['that is empty', async ({ id }) => ({ ...assertionParameters(''), client_id: id })],
  ])('%s is invalid_client, and spends nothing', async (_what, forge) => {
    const it = await world()
    const form = await codeFor(it.server, it.id)
    expect(verdict(await post(it.server, { ...form, ...(await forge(it)) }))).toBe('401 invalid_client')
    expect((await it.store.list('assertions/', never)).keys).toEqual([])
    expect(verdict(await post(it.server, { ...form, ...(await it.proof()) }))).toBe('200 tokens')
  })

  test('may leave out kid if the client has one key, and may name the token endpoint as its audience [T-09]', async () => {
    const { server, id, key, proof } = await world()
    expect(
      verdict(await post(server, { ...(await codeFor(server, id)), ...(await proof(key, {}, { kid: undefined })) })),
    ).toBe('200 tokens')
    const forEndpoint = assertionParameters(await key.assertion(id, `${issuer}/oauth/token`))
    expect(verdict(await post(server, { ...(await codeFor(server, id)), ...forEndpoint }))).toBe('200 tokens')
  })

  const audiences = [
    '',
    '/oauth/token',
    '/token',
    '/oauth/revoke',
    '/oauth/introspect',
    '/oauth/authorize',
    '/mcp',
    '/',
  ]
  test.each([
    ['/oauth/token', ['', '/oauth/token', '/token']],
    ['/token', ['', '/oauth/token', '/token']],
    ['/oauth/revoke', ['', '/oauth/revoke']],
  ] as const)('sent to %s is accepted for the issuer and for exactly that endpoint [T-09]', async (path, good) => {
    const { server, id, key } = await world()
    const send = async (form: Form, aud: unknown) => {
      const proof = assertionParameters(await key.assertion(id, issuer, { aud }))
      return server.fetch(path, { method: 'POST', body: new URLSearchParams({ ...form, ...proof }) })
    }
    const revoking = path === '/oauth/revoke'
    for (const audience of audiences) {
      const form = revoking ? { token: 'x' } : await codeFor(server, id)
      const expected = good.some((one) => one === audience) ? 200 : 401
      expect([audience, (await send(form, issuer + audience)).status]).toEqual([audience, expected])
    }
    const form = revoking ? { token: 'x' } : await codeFor(server, id)
    for (const aud of [
      [issuer],
      [issuer + path],
      [],
      null,
      `${issuer}${path}/`,
      `${issuer}${path}?x`,
      path,
      issuer.toUpperCase(),
    ]) {
      expect([aud, (await send(form, aud)).status]).toEqual([aud, 401])
    }
    expect((await send(form, issuer)).status).toBe(200)
  })

  test('is accepted for one request: of 50 concurrent requests with different codes, one succeeds', async () => {
    const { server, id, proof, store } = await world()
    const rounds = times(5, 20)
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeFor(server, id)))
    for (let round = 0; round < rounds; round++) {
      const assertion = await proof()
      const answers = await Promise.all(codes.map((code) => post(server, { ...code, ...assertion })))
      const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
      expect(winners).toHaveLength(1)
      expect(answers.filter((answer) => verdict(answer) === '401 invalid_client')).toHaveLength(answers.length - 1)
      codes.splice(winners[0] ?? 0, 1)
    }
    expect((await store.list('assertions/', never)).keys).toHaveLength(rounds)
  })

  test('is refused with another request, and with the same request after a minute', async () => {
    const { server, id, proof } = await world()
    const { body } = await post(server, { ...(await codeFor(server, id)), ...(await proof()) })
    const first = { ...refreshing(body), ...(await proof(undefined, { exp: Math.floor(server.clock / 1000) + 300 })) }
    const { body: next } = await post(server, first)
    expect(verdict(await post(server, { ...first, ...refreshing(next) }))).toBe('401 invalid_client')
    server.clock += 61_000
    expect(verdict(await post(server, first))).toBe('401 invalid_client')
    expect(verdict(await post(server, { ...refreshing(next), ...(await proof()) }))).toBe('200 tokens')
  })

  test('with the identical refresh gives the same successor, 50 times at once or after a lost answer [T-21]', async () => {
    const { server, id, proof } = await world()
    const { body } = await post(server, { ...(await codeFor(server, id)), ...(await proof()) })
    const form = { ...refreshing(body), ...(await proof()) }
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(server, form)))
    expect(new Set(answers.map(verdict))).toEqual(new Set(['200 tokens']))
    expect(new Set(answers.map(({ body: { refresh_token } }) => refresh_token)).size).toBe(1)
  })

  test('with the identical code, 50 times at once, gives one success [T-14]', async () => {
    const { server, id, proof } = await world()
    const form = { ...(await codeFor(server, id)), ...(await proof()) }
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(server, form)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test.each(['assertions/', 'grants/'])(
    'is not lost on a 503: the same request succeeds once %s is back [T-05]',
    async (prefix) => {
      const memory = createMemoryStore()
      let down = false
      const store: Store = {
        ...memory,
        create: async (key, value, signal) => {
          if (down && key.startsWith(prefix)) throw new StoreUnavailable('down')
          return memory.create(key, value, signal)
        },
      }
      const { server, id, proof } = await world({ store })
      const form = { ...(await codeFor(server, id)), ...(await proof()) }
      down = true
      expect(verdict(await post(server, form))).toBe('503 temporarily_unavailable')
      down = false
      expect(verdict(await post(server, form))).toBe('200 tokens')
    },
  )

  test('two clients may use the same jti', async () => {
    const { server, id, key, proof, clock } = await world()
    const { client_id } = await registerClientOf(server, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.publicKey] },
    })
    const same = { jti: 'one', exp: clock() + 60 }
    expect(verdict(await post(server, { ...(await codeFor(server, id)), ...(await proof(key, same)) }))).toBe(
      '200 tokens',
    )
    const other = assertionParameters(await key.assertion(client_id, issuer, same))
    expect(verdict(await post(server, { ...(await codeFor(server, client_id)), ...other }))).toBe('200 tokens')
  })
})

describe('the keys of a client [T-09 M-13]', () => {
  test('may be inside its document, or change where they are published', async () => {
    const inline = await world({ inline: true })
    expect(
      verdict(await post(inline.server, { ...(await codeFor(inline.server, inline.id)), ...(await inline.proof()) })),
    ).toBe('200 tokens')

    const { server, id, jwksUri, keySets, proof, clock } = await world()
    const { body } = await post(server, { ...(await codeFor(server, id)), ...(await proof()) })
    const next = await createClientKey({ now: clock })
    keySets[jwksUri] = [next.publicKey]
    expect(verdict(await post(server, { ...refreshing(body), ...(await proof()) }))).toBe('401 invalid_client')
    expect(verdict(await post(server, { ...refreshing(body), ...(await proof(next)) }))).toBe('200 tokens')
  })

  test('that cannot be fetched give a 503, which spends nothing [T-06]', async () => {
    const { server, id, jwksUri, keySets, key, proof } = await world()
    const form = await codeFor(server, id)
    keySets[jwksUri] = { kind: 'unavailable', detail: 'timeout' }
    const answer = await post(server, { ...form, ...(await proof()) })
    expect([verdict(answer), answer.headers.get('retry-after')]).toEqual(['503 temporarily_unavailable', '5'])
    keySets[jwksUri] = [key.publicKey]
    expect(verdict(await post(server, { ...form, ...(await proof()) }))).toBe('200 tokens')
  })

  test('are found without the document, from the code to the last refresh, so that an outage ends no session [M-13]', async () => {
    const { server, id, documents, proof } = await world()
    const form = await codeFor(server, id)
    documents[id] = { kind: 'unavailable', detail: 'timeout' }
    const { body } = await post(server, { ...form, ...(await proof()) })
    expect(verdict(await post(server, { ...refreshing(body), ...(await proof()) }))).toBe('200 tokens')
  })

  test('are found through the document after they have moved', async () => {
    const { server, id, jwksUri, keySets, key, publish, proof } = await world()
    const { body } = await post(server, { ...(await codeFor(server, id)), ...(await proof()) })
    const moved = 'https://keys.client.example/jwks.json'
    keySets[moved] = [key.publicKey]
    for (const gone of [{ kind: 'unavailable', detail: 'status 404' } as const, []]) {
      keySets[jwksUri] = gone
      publish({ jwks_uri: moved })
      const answer = await post(server, { ...refreshing(body), ...(await proof()) })
      expect(verdict(answer)).toBe('200 tokens')
    }
  })

  test('are found through the document if their URL is too long for a code', async () => {
    const { server, id, keySets, key, publish, proof } = await world()
    const long = `https://client.example/${'x'.repeat(400)}`
    keySets[long] = [key.publicKey]
    publish({ jwks_uri: long })
    const form = await codeFor(server, id)
    expect(form.code?.length).toBeLessThan(1024)
    expect(verdict(await post(server, { ...form, ...(await proof()) }))).toBe('200 tokens')
  })
})
