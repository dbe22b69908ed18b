import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { assertionParameters, createClientKey } from '../../../dev/worlds/client-key.ts'
import { recorded } from '../../../dev/worlds/recording.ts'
import { sha256 } from '../../base/sha256.ts'
import { createLimiter } from '../../limits/limiter.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'
import { createBlockedClients, noneBlocked } from '../clients/blocked-clients.ts'
import { createConfiguredClients } from '../clients/configured-clients.ts'
import { parseConfiguredClients } from '../clients/parse-configured-clients.ts'
import { OAuthError } from '../errors.ts'
import { parseParameters } from '../http/parameters.ts'
import { createClientAuthentication } from './client-authentication.ts'

const issuer = 'https://docs.example'
const secret = 'an old secret, which may be a weak one'
const address = '203.0.113.7'
const never = new AbortController().signal

/** Makes clients `web` and `shop` of the configuration. `store` counts their wrong secrets. */
function world(store: Store = createMemoryStore()) {
  let clock = 1_795_000_000_000
  const entries = ['web', 'shop'].map((client_id) => ({
    client_id,
    redirect_uris: ['https://app.example/cb'],
    client_secret_sha256: sha256(secret),
  }))
  const { clients } = parseConfiguredClients(entries, { scopes: docsScopes.all, privateUseUris: [] })
  const configured = createConfiguredClients(clients, noneBlocked)
  const limiter = () =>
    createLimiter({
      store,
      name: 'client-secrets',
      limit: 20,
      windowSeconds: 3_600,
      exempt: [],
      key: randomBytes(32),
      now: () => clock,
      log: recorded(),
    })
  /** Makes another instance of the service, with the same store. */
  const instance = (secretGuesses = limiter()) => {
    const authentication = createClientAuthentication({
      issuer,
      endpoint: [`${issuer}/oauth/token`],
      clients: { resolve: async (id) => configured.find(id) ?? { kind: 'invalid', detail: 'unknown client' } },
      blocked: noneBlocked,
      findPresented: () => null,
      findAssertionKeys: () => Promise.reject(new Error('not here')),
      spendAssertion: () => Promise.reject(new Error('not here')),
      secretGuesses,
      now: () => clock,
    })
    return async (client_secret: string, from: string = address, client_id = 'web', headers: HeadersInit = {}) => {
      const request = new Request(`${issuer}/oauth/token`, { method: 'POST', headers })
      const form = parseParameters(new URLSearchParams({ client_id, ...(client_secret && { client_secret }) }))
      try {
        const { method } = await authentication.authenticate(request, form, { signal: never, address: from })
        return method
      } catch (error) {
        return error instanceof OAuthError ? error.code : error
      }
    }
  }
  return { instance, pass: (seconds: number) => (clock += seconds * 1000) }
}

test('a client that now has a secret needs it, even if its older tokens allow less [T-07]', async () => {
  expect(await world().instance()('')).toBe('invalid_client')
})

test('a client whose host is blocked is refused before its keys are fetched, also without client_id [T-09]', async () => {
  const id = 'https://vendor.example/client.json'
  const key = await createClientKey({ alg: 'ES256' })
  const neverAsked = () => Promise.reject(new Error('asked'))
  const authentication = createClientAuthentication({
    issuer,
    endpoint: [`${issuer}/oauth/token`],
    clients: { resolve: neverAsked },
    blocked: createBlockedClients({ hashes: new Set(), hosts: new Set(['vendor.example']), before: 0 }, recorded()),
    findPresented: () => ({ jwksUri: 'https://keys.example/jwks.json' }),
    findAssertionKeys: neverAsked,
    spendAssertion: neverAsked,
    now: Date.now,
  })
  for (const named of [{}, { client_id: id }]) {
    const form = parseParameters(
      new URLSearchParams({ ...named, ...assertionParameters(await key.assertion(id, issuer)) }),
    )
    const request = new Request(`${issuer}/oauth/token`, { method: 'POST' })
    await expect(authentication.authenticate(request, form, { signal: never })).rejects.toMatchObject({
      code: 'invalid_client',
      description: 'this client has been blocked',
    })
  }
})

describe('guessing the secret of a client [T-07 O-11]', () => {
  test('is limited to twenty wrong secrets in an hour; after that even the right secret is not checked', async () => {
    const { instance, pass } = world()
    const show = instance()
    for (let i = 0; i < 20; i++) expect(await show(`guess ${i}`)).toBe('invalid_client')
    expect(await show('guess 20')).toBe('temporarily_unavailable')
    expect(await show(secret)).toBe('temporarily_unavailable')
    pass(3_600)
    expect(await show(secret)).toBe('client_secret_post')
  })

  test('is limited for concurrent guesses too: the right one among them is not checked', async () => {
    const show = world().instance()
    const guesses = [...Array.from({ length: 200 }, (_, i) => `guess ${i}`), secret]
    const answers = await Promise.all(guesses.map((guess) => show(guess)))
    expect(answers.filter((answer) => answer === 'invalid_client')).toHaveLength(20)
    expect(answers.at(-1)).toBe('temporarily_unavailable')
  })

  test('does not lock out other addresses or other clients', async () => {
    const show = world().instance()
    for (let i = 0; i < 21; i++) await show(`guess ${i}`)
    expect(await show(secret, '203.0.113.8')).toBe('client_secret_post')
    expect(await show(secret, address, 'shop')).toBe('client_secret_post')
  })

  test('by a web page does not lock out programs at the address of its visitor, and the page itself is limited', async () => {
    const show = world().instance()
    const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    for (let i = 0; i < 20; i++) expect(await show(`guess ${i}`, address, 'web', page)).toBe('invalid_client')
    expect(await show(secret, address, 'web', { ...page, origin: 'null' })).toBe('temporarily_unavailable')
    expect(await show(secret)).toBe('client_secret_post')
  })

  test('counts all addresses of one IPv6 network as one', async () => {
    const show = world().instance()
    for (let i = 0; i < 21; i++) await show(`guess ${i}`, `2001:db8::${i}`)
    expect(await show(secret, '2001:db8::ffff')).toBe('temporarily_unavailable')
  })

  test('does not count the right secret, which costs no store operation', async () => {
    const down: Store = { ...createMemoryStore(), create: () => Promise.reject(new StoreUnavailable('down')) }
    const show = world(down).instance()
    for (let i = 0; i < 100; i++) expect(await show(secret)).toBe('client_secret_post')
    // Without a store nothing is counted. A wrong secret is still refused.
    expect(await show('guess')).toBe('invalid_client')
  })
})
