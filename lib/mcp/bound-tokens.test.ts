import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDpopKey, type DpopKey } from '../../dev/worlds/dpop.ts'
import {
  claims,
  createSigningKey,
  createTestEndpoint,
  resource,
  resourceMetadataUrl,
  type SearchServer,
  type SigningKey,
  sign,
  startSearchServer,
} from '../../dev/worlds/mcp-endpoint.ts'
import { ask, expectReadableByBrowsers, post, resultOf, rpc } from '../../dev/worlds/mcp-requests.ts'
import { createSpendProof } from '../dpop/spend.ts'
import { createMemoryStore } from '../store/memory.ts'
import { StoreUnavailable } from '../store/store.ts'
import type { McpEndpointOptions } from './endpoint.ts'

const now = Date.now()
let signingKey: SigningKey
let searchServer: SearchServer
let key: DpopKey
let thief: DpopKey
let accessToken: string
let bearer: string

beforeAll(async () => {
  ;[signingKey, searchServer, key, thief] = await Promise.all([
    createSigningKey('key-1'),
    startSearchServer(),
    createDpopKey(),
    createDpopKey(),
  ])
  accessToken = await sign(signingKey, claims(now, { cnf: { jkt: key.jkt } }))
  bearer = await sign(signingKey, claims(now))
})
afterAll(() => searchServer.stop())
beforeEach(() => {
  searchServer.calls.length = 0
})

const endpoint = (changes: Partial<McpEndpointOptions> = {}) =>
  createTestEndpoint([signingKey], searchServer, {
    spendProof: createSpendProof(createMemoryStore()),
    now: () => now,
    ...changes,
  })

const proofOf = (body: string | undefined, changed: Record<string, unknown> = {}, signer = key) =>
  signer.proof({ url: resource, accessToken, now, ...(body !== undefined && { body }) }, changed)

const bound = (body: string, dpop: string, token = accessToken) => post(body, { authorization: `DPoP ${token}`, dpop })

const body = ask('how?')

/** Expects a refusal of the proof, before anything was asked. */
async function expectRefused(response: Response, error = 'invalid_dpop_proof') {
  expect(response.status).toBe(401)
  const challenge = response.headers.get('www-authenticate') ?? ''
  expect(challenge).toContain(`DPoP resource_metadata="${resourceMetadataUrl}", error="${error}"`)
  expect(challenge).toContain('algs="ES256 ')
  expectReadableByBrowsers(response)
  expect(searchServer.calls).toEqual([])
}

describe('a token that is bound to a key [P-01 P-02 P-03 N11 T-29]', () => {
  test('answers with a proof of that key for this body, also twice, and stores nothing', async () => {
    const store = createMemoryStore()
    const { fetch } = endpoint({ spendProof: createSpendProof(store) })
    const proof = await proofOf(body)
    for (const _time of [1, 2]) {
      expect((await resultOf(await fetch(bound(body, proof)))).result.isError).toBeUndefined()
    }
    expect(searchServer.calls).toHaveLength(2)
    expect((await store.list('', new AbortController().signal)).keys).toEqual([])
  })

  test('answers at the path with a slash with a proof for that path', async () => {
    const proof = await key.proof({ url: `${resource}/`, accessToken, body, now })
    const headers = { authorization: `DPoP ${accessToken}`, dpop: proof }
    expect((await endpoint().fetch(post(body, headers, `${resource}/`))).status).toBe(200)
    searchServer.calls.length = 0
    await expectRefused(await endpoint().fetch(post(rpc('tools/list'), headers)))
  })

  test('that was stolen is worth nothing without the key: alone, as Bearer, with a proof of another key', async () => {
    const { fetch } = endpoint()
    await expectRefused(await fetch(post(body, { authorization: `Bearer ${accessToken}` })), 'invalid_token')
    const proof = await proofOf(body)
    await expectRefused(
      await fetch(post(body, { authorization: `Bearer ${accessToken}`, dpop: proof })),
      'invalid_token',
    )
    await expectRefused(await fetch(post(body, { authorization: `DPoP ${accessToken}` })))
    await expectRefused(await fetch(bound(body, await proofOf(body, {}, thief))))
  })

  test('that this instance has seen before still needs a proof each time', async () => {
    const { fetch } = endpoint()
    expect((await fetch(bound(body, await proofOf(body)))).status).toBe(200)
    searchServer.calls.length = 0
    await expectRefused(await fetch(post(body, { authorization: `Bearer ${accessToken}` })), 'invalid_token')
    await expectRefused(await fetch(post(body, { authorization: `dpop ${accessToken}` })))
    await expectRefused(await fetch(bound(body, await proofOf(body, {}, thief))))
  })

  test('does not answer a proof again with another body, and counts no call for it', async () => {
    const counted: unknown[] = []
    const { fetch } = endpoint({
      limits: {
        user: {
          hit: async (subject: string) => {
            counted.push(subject)
            return { limited: false }
          },
        },
      } as never,
    })
    const proof = await proofOf(body)
    await expectRefused(await fetch(bound(ask('something else'), proof)))
    await expectRefused(await fetch(bound(`${body} `, proof)))
    await expectRefused(await fetch(bound('', proof)))
    expect(counted).toEqual([])
  })

  test.each<[string, Record<string, unknown>]>([
    ['of another method', { htm: 'GET' }],
    ['of the token endpoint', { htu: resource.replace('/mcp', '/oauth/token') }],
    ['that is stale', { iat: Math.floor(now / 1000) - 301 }],
    ['of the future', { iat: Math.floor(now / 1000) + 302 }],
    ['of another access token', { ath: 'x'.repeat(43) }],
    ['without the hash of the access token', { ath: undefined }],
    ['with a digest of another algorithm', { content_digest: 'sha-512=:AAAA:' }],
  ])('does not answer a proof %s', async (_what, changed) => {
    await expectRefused(await endpoint().fetch(bound(body, await proofOf(body, changed))))
  })

  test('answers a proof without a digest once, as RFC 9449 describes it and the SDK sends it', async () => {
    const { fetch } = endpoint()
    const proof = await proofOf(undefined)
    expect((await fetch(bound(body, proof))).status).toBe(200)
    searchServer.calls.length = 0
    await expectRefused(await fetch(bound(body, proof)))
    await expectRefused(await fetch(bound(ask('something else'), proof)))
  })

  test('of twenty requests at once with one proof without a digest answers one', async () => {
    const { fetch } = endpoint()
    const proof = await proofOf(undefined)
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(bound(rpc('tools/list'), proof))))
    expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
  })

  test('answers 503 while a proof that must be new cannot be stored', async () => {
    const spendProof = async () => {
      throw new StoreUnavailable('down')
    }
    const { fetch } = endpoint({ spendProof })
    expect((await fetch(bound(body, await proofOf(undefined)))).status).toBe(503)
    expect(searchServer.calls).toEqual([])
    expect((await fetch(bound(body, await proofOf(body)))).status).toBe(200)
  })

  test('answers a call that changes something once for each proof', async () => {
    const ask = { ...createTool(), access: { signIn: 'always' as const, scopes: ['docs:read', 'docs:feedback'] } }
    const { fetch } = endpoint({ tools: [ask] })
    const call = rpc('tools/call', { name: 'write', arguments: {} })
    const proof = await proofOf(call)
    expect((await fetch(bound(call, proof))).status).toBe(200)
    await expectRefused(await fetch(bound(call, proof)))
  })

  test('is refused with the DPoP scheme if it is not bound, with and without a proof', async () => {
    const { fetch } = endpoint()
    const proof = await key.proof({ url: resource, accessToken: bearer, body, now })
    await expectRefused(await fetch(bound(body, proof, bearer)), 'invalid_token')
    await expectRefused(await fetch(post(body, { authorization: `DPoP ${bearer}` })), 'invalid_token')
    expect((await fetch(post(body, { authorization: `Bearer ${bearer}` }))).status).toBe(200)
  })

  test.each(['GET', 'DELETE'])('is asked for a proof at %s too, and then gets a 405', async (method) => {
    const { fetch } = endpoint()
    const send = (dpop: string) =>
      fetch(new Request(resource, { method, headers: { authorization: `DPoP ${accessToken}`, dpop } }))
    await expectRefused(await send(await key.proof({ url: resource, accessToken, now })))
    expect((await send(await key.proof({ url: resource, accessToken, now, method }))).status).toBe(405)
  })

  test('of a grant that has ended is refused in the scheme of the request', async () => {
    const { fetch } = endpoint({ grantStatus: async () => 'ended' })
    await expectRefused(await fetch(bound(body, await proofOf(body))), 'invalid_token')
  })

  test('with another kind of confirmation is refused', async () => {
    for (const cnf of [{ 'x5t#S256': 'x' }, {}, 'x', null]) {
      const odd = await sign(signingKey, claims(now, { cnf }))
      for (const scheme of ['Bearer', 'DPoP']) {
        const response = await endpoint().fetch(
          post(body, { authorization: `${scheme} ${odd}`, dpop: await proofOf(body) }),
        )
        expect(response.status).toBe(401)
      }
    }
  })

  test('beside a second one, or beside Bearer, is a bad request', async () => {
    for (const authorization of [`DPoP ${accessToken}, DPoP ${accessToken}`, `DPoP ${accessToken}, Bearer ${bearer}`]) {
      const response = await endpoint().fetch(post(body, { authorization, dpop: await proofOf(body) }))
      expect(response.status).toBe(400)
    }
  })
})

/** A tool that changes something. */
function createTool() {
  return {
    name: 'write',
    title: 'Write',
    description: 'Writes.',
    listed: async () => ({ name: 'write', inputSchema: { type: 'object' }, securitySchemes: [] }) as never,
    call: async () => ({ content: [] }),
  }
}
