import { createHmac, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { assertionWorld, jwtBearer, portal, portalClient, tenant } from '../../../dev/worlds/assertions.ts'
import { newPkce, register, signIn, TestBrowser, token } from '../../../dev/worlds/authorization-server.ts'
import { assertionParameters } from '../../../dev/worlds/client-key.ts'
import { issuer, post, verdict, world } from '../../../dev/worlds/proving-clients.ts'
import { createMemoryStore } from '../../store/memory.ts'
import type { Store } from '../../store/store.ts'
import { readFence, writeFence } from '../grants/fence.ts'
import { subjectOf } from '../grants/record.ts'

const { signal } = new AbortController()
type World = Awaited<ReturnType<typeof assertionWorld>>

/** For tests that change nothing which another one sees. */
const shared = await assertionWorld()

describe('an ID-JAG of a company', () => {
  test('gives the client a token for the person, for this resource, without a refresh token [E-01 E-02 E-03]', async () => {
    const { idJag, present, claimsOf, now, server } = shared
    const { status, body, headers } = await present(await idJag())
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'docs:read' })
    expect(body).not.toHaveProperty('refresh_token')
    const sub = subjectOf(tenant.issuer, 'U019488227')
    expect(claimsOf(body.access_token)).toMatchObject({
      iss: issuer,
      aud: `${issuer}/mcp`,
      sub,
      client_id: portal,
      scope: 'docs:read',
      email: 'reader@acme.example',
      email_verified: true,
      org_id: 'tenant:acme',
      org_name: 'Acme Corporation',
      iat: now(),
      exp: now() + 3600,
    })
    await expect.poll(() => server.signIns).toMatchObject([{ sub, organization: { id: 'tenant:acme' } }])
  })

  test('costs one round trip to the store: its jti, and beside it the fences of the person and of the company', async () => {
    const memory = createMemoryStore()
    const operations: string[] = []
    let [running, depth] = [0, 0]
    const counted = <T>(name: string, work: Promise<T>) => {
      if (running === 0) depth += 1
      running += 1
      operations.push(name)
      return work.finally(() => {
        running -= 1
      })
    }
    const store: Store = {
      ...memory,
      get: (key, ...rest) => counted(`get ${key.split('/')[0]}`, memory.get(key, ...rest)),
      create: (key, ...rest) => counted(`create ${key.split('/')[0]}`, memory.create(key, ...rest)),
    }
    const { idJag, present } = await assertionWorld({ store })
    await present(await idJag())
    operations.length = 0
    depth = 0
    expect(verdict(await present(await idJag()))).toBe('200 tokens')
    expect([operations.toSorted(), depth]).toEqual([['create assertions', 'get ended', 'get ended'], 1])
  })

  test.each<[string, (w: World) => Promise<string>, string]>([
    ['whose algorithm is none', async (w) => unsigned(await w.idJag()), 'assertion-algorithm'],
    ['that the public key signed as a secret', async (w) => byPublicKey(w), 'assertion-algorithm'],
    ['of another type', (w) => w.idJag({}, { typ: 'at+jwt' }), 'assertion-type'],
    ['without a type', (w) => w.idJag({}, { typ: undefined } as never), 'assertion-issuer'],
    ['with the type of an ID token', (w) => w.idJag({}, { typ: 'JWT' }), 'assertion-issuer'],
    ['that a stranger signed', (w) => w.idJag({}, {}, w.stranger), 'assertion-signature'],
    ['that a stranger signed under the name of our key', (w) => w.idJag({}, { kid: String(w.company.keySet.keys[0]?.kid) }, w.stranger), 'assertion-signature'],
    ['of an issuer that is not on the list', (w) => w.idJag({ iss: w.stranger.issuer }, {}, w.stranger), 'assertion-issuer'],
    ['of an issuer with a slash more', (w) => w.idJag({ iss: `${tenant.issuer}/` }), 'assertion-issuer'],
    ['of an issuer that begins like ours', (w) => w.idJag({ iss: `${tenant.issuer}.evil.example` }), 'assertion-issuer'],
    ['of an issuer in other letters', (w) => w.idJag({ iss: tenant.issuer.toUpperCase() }), 'assertion-issuer'],
    ['of a list of issuers', (w) => w.idJag({ iss: [tenant.issuer] }), 'assertion-issuer'],
    ['of a platform of machines', (w) => w.idJag({ iss: w.platform.issuer }, {}, w.platform), 'assertion-issuer'],
    ['for another server', (w) => w.idJag({ aud: 'https://other.example' }), 'assertion-audience'],
    ['for this server and another', (w) => w.idJag({ aud: [issuer, 'https://other.example'] }), 'assertion-audience'],
    ['for the token endpoint', (w) => w.idJag({ aud: `${issuer}/oauth/token` }), 'assertion-audience'],
    ['for the resource alone', (w) => w.idJag({ aud: `${issuer}/mcp` }), 'assertion-audience'],
    ['without an audience', (w) => w.idJag({ aud: undefined }), 'assertion-audience'],
    ['for another resource', (w) => w.idJag({ resource: 'https://other.example/mcp' }), 'assertion-resource'],
    ['for two resources', (w) => w.idJag({ resource: [`${issuer}/mcp`, 'https://x.example'] }), 'assertion-resource'],
    ['for the client of another publisher', (w) => w.idJag({ client_id: 'other-client' }), 'assertion-client'],
    ['without a client', (w) => w.idJag({ client_id: undefined }), 'assertion-client'],
    ['that has expired', (w) => w.idJag({ iat: w.now() - 400, exp: w.now() - 31 }), 'assertion-expired'],
    ['without an end', (w) => w.idJag({ exp: undefined }), 'assertion-claims'],
    ['whose end is a text', (w) => w.idJag({ exp: `${w.now() + 60}` }), 'assertion-claims'],
    ['of tomorrow', (w) => w.idJag({ iat: w.now() + 86_400, exp: w.now() + 86_700 }), 'assertion-not-yet'],
    ['that is not valid yet', (w) => w.idJag({ nbf: w.now() + 3600 }), 'assertion-not-yet'],
    ['that lives for a day', (w) => w.idJag({ exp: w.now() + 86_400 }), 'assertion-too-old'],
    ['that ends before it begins', (w) => w.idJag({ iat: w.now() + 20, exp: w.now() + 10 }), 'assertion-too-old'],
    ['without a time', (w) => w.idJag({ iat: undefined }), 'assertion-claims'],
    ['without jti', (w) => w.idJag({ jti: undefined }), 'assertion-claims'],
    ['with an empty jti', (w) => w.idJag({ jti: '' }), 'assertion-claims'],
    ['with a number as jti', (w) => w.idJag({ jti: 1 }), 'assertion-claims'],
    ['without a person', (w) => w.idJag({ sub: undefined }), 'assertion-claims'],
    ['for an address of another domain', (w) => w.idJag({ email: 'chief@other.example' }), 'assertion-email'],
    ['for an address below its domain', (w) => w.idJag({ email: 'a@x.acme.example' }), 'assertion-email'],
    ['for an address whose domain only ends like its own', (w) => w.idJag({ email: 'a@evilacme.example' }), 'assertion-email'],
    ['for two addresses', (w) => w.idJag({ email: 'a@evil.example@acme.example' }), 'assertion-email'],
    ['for an address with a line break', (w) => w.idJag({ email: 'a@evil.example\n@acme.example' }), 'assertion-email'],
    ['for a list of addresses', (w) => w.idJag({ email: ['a@acme.example'] }), 'assertion-email'],
    ['for the scope of admins', (w) => w.idJag({ scope: 'docs:read docs:admin' }), 'assertion-scope'],
    ['for an unknown scope', (w) => w.idJag({ scope: 'chat.read' }), 'assertion-scope'],
    ['for a list of scopes', (w) => w.idJag({ scope: ['docs:read'] }), 'assertion-scope'],
    ['with a header that demands an extension', async (w) => demanding(await w.idJag()), 'assertion-malformed'],
    ['that is no JWT', async () => 'x.y.z', 'assertion-malformed'],
    ['with a second signature', async (w) => `${await w.idJag()}.AAAA`, 'assertion-malformed'],
    ['with a changed signature', async (w) => `${(await w.idJag()).slice(0, -6)}AAAAAA`, 'assertion-signature'],
    ['of 9 KB', (w) => w.idJag({ groups: 'x'.repeat(9_000) }), 'assertion-too-long'],
    ['whose key comes with it', (w) => withOwnKey(w), 'assertion-signature'],
  ])('%s is refused, and the client does not learn why [E-01 E-02 E-03 E-05 N7]', async (_what, forge, reason) => {
    const w = shared
    const before = (await w.store.list('assertions/', signal)).keys
    const { status, body } = await w.present(await forge(w))
    expect([status, body]).toEqual([400, refusal])
    expect(w.reasons().at(-1)).toBe(reason)
    expect((await w.store.list('assertions/', signal)).keys).toEqual(before)
  }) // biome-ignore format: a table

  const refusal = { error: 'invalid_grant', error_description: 'the assertion is not accepted' }

  test('that is good after all of these is still good: a refused one spends nothing', async () => {
    const w = await assertionWorld()
    const id = randomUUID()
    await w.present(await w.idJag({ jti: id, aud: 'https://other.example' }))
    await w.present(await w.idJag({ jti: id }, {}, w.stranger))
    expect(verdict(await w.present(await w.idJag({ jti: id })))).toBe('200 tokens')
  })

  test('may name this server with a slash, as a URL of it, and the resource likewise', async () => {
    const { idJag, present } = shared
    expect(verdict(await present(await idJag({ aud: `${issuer}/`, resource: `${issuer}/mcp/` })))).toBe('200 tokens')
    expect(verdict(await present(await idJag({ aud: [issuer], resource: undefined })))).toBe('200 tokens')
    expect(verdict(await present(await idJag({}, { typ: 'application/oauth-id-jag+jwt' })))).toBe('200 tokens')
  })

  test('needs no address. The company is the tenant, whatever the claims say [N7]', async () => {
    const { idJag, present, claimsOf } = shared
    const claims = { email: undefined, org_id: 'org_other', organization: 'Other', org_name: 'Other' }
    const got = claimsOf((await present(await idJag(claims))).body.access_token)
    expect(got).toMatchObject({ org_id: 'tenant:acme', org_name: 'Acme Corporation' })
    expect(got).not.toHaveProperty('email')
    const isVerified = async (email_verified: unknown) =>
      claimsOf((await present(await idJag({ email_verified }))).body.access_token).email_verified
    for (const yes of [undefined, true, 'true']) expect([yes, await isVerified(yes)]).toEqual([yes, true])
    for (const no of [false, 'false', null, 0, 'no', []]) expect([no, await isVerified(no)]).toEqual([no, false])
  })

  test('gives a client that asked for bound tokens no other, and so does client_credentials [P-01]', async () => {
    const { idJag, present, credentials } = await assertionWorld({
      configured: [{ ...portalClient, dpop_bound_access_tokens: true }],
    })
    expect(verdict(await present(await idJag()))).toBe('400 invalid_dpop_proof')
    expect(verdict(await credentials())).toBe('400 invalid_dpop_proof')
  })

  test('is not an authorization code: a request with both is refused, and spends neither', async () => {
    const { idJag, present } = shared
    const assertion = await idJag()
    expect(verdict(await present(assertion, { code: 'x' }))).toBe('400 invalid_request')
    expect(verdict(await present(assertion, { refresh_token: 'x' }))).toBe('400 invalid_request')
    expect(verdict(await present(assertion))).toBe('200 tokens')
  })

  test('that is sent twice in one request, or not at all, is invalid_request', async () => {
    const { server, idJag } = shared
    const assertion = await idJag()
    const body = new URLSearchParams([['grant_type', jwtBearer], ['client_id', portal], ['assertion', assertion], ['assertion', assertion]]) // biome-ignore format: one line
    expect((await (await server.fetch('/oauth/token', { method: 'POST', body })).json()).error).toBe('invalid_request')
    expect(verdict(await post(server, { grant_type: jwtBearer, client_id: portal }))).toBe('400 invalid_request')
  })

  test('is for one resource: the request may name it, and no other', async () => {
    const { idJag, present } = shared
    expect(verdict(await present(await idJag(), { resource: `${issuer}/mcp` }))).toBe('200 tokens')
    expect(verdict(await present(await idJag(), { resource: 'https://other.example/mcp' }))).toBe('400 invalid_target')
  })
})

describe('the scopes [E-05]', () => {
  test.each([
    ['docs:read', undefined, 'docs:read'],
    ['docs:read docs:feedback', undefined, 'docs:read docs:feedback'],
    ['docs:read', 'docs:read docs:feedback', 'docs:read'],
    ['docs:read offline_access', 'docs:read docs:feedback offline_access', 'docs:read'],
    [undefined, undefined, 'docs:read'],
    [undefined, 'docs:read docs:feedback', 'docs:read'],
    ['docs:read docs:feedback', 'docs:read', 'invalid_grant'],
    ['docs:read', 'docs:feedback', 'invalid_grant'],
    ['docs:read', 'chat.read', 'invalid_grant'],
    [undefined, 'docs:admin', 'invalid_grant'],
  ])('of an assertion with %s, for a request of %s, are %s', async (scope, requested, expected) => {
    const { idJag, present } = shared
    const { body } = await present(await idJag({ scope }), requested === undefined ? {} : { scope: requested })
    expect(body.scope ?? body.error).toBe(expected)
  })

  test('are never more than the tenant may have', async () => {
    const tenants = [{ ...tenant, scope: 'docs:read' }]
    const { idJag, present } = await assertionWorld({ assertions: { tenants } })
    expect((await present(await idJag({ scope: 'docs:read docs:feedback' }))).body.scope).toBe('docs:read')
    expect((await present(await idJag({ scope: 'docs:feedback' }))).body.error).toBe('invalid_grant')
    const both = await assertionWorld({ assertions: { tenants: [{ ...tenant, scope: 'docs:read docs:feedback' }] } })
    expect((await both.present(await both.idJag({ scope: undefined }))).body.scope).toBe('docs:read docs:feedback')
  })
})

describe('one assertion, used again', () => {
  test('of 50 racers exactly one gets a token, in every round [E-04 N9]', async () => {
    const { idJag, present, reasons } = shared
    for (let round = 0; round < 10; round++) {
      const assertion = await idJag()
      const answers = await Promise.all(Array.from({ length: 50 }, () => present(assertion)))
      expect(answers.map(verdict).toSorted()).toEqual(['200 tokens', ...Array(49).fill('400 invalid_grant')])
    }
    expect(reasons().slice(-490)).toEqual(Array(490).fill('assertion-replayed'))
  })

  test('is refused until it has expired, by any client and with any signature over the same jti [E-04]', async () => {
    const w = await assertionWorld()
    const id = randomUUID()
    expect(verdict(await w.present(await w.idJag({ jti: id })))).toBe('200 tokens')
    w.server.clock += 290_000
    expect(verdict(await w.present(await w.idJag({ jti: id, exp: w.now() + 10, iat: w.now() - 290 })))).toBe('400 invalid_grant')
    // The id of another person of the same issuer is another one.
    expect(verdict(await w.present(await w.idJag({ jti: id, sub: 'U2' })))).toBe('200 tokens')
    const [first = ''] = (await w.store.list('assertions/', signal)).keys
    expect(Number(first.split('/')[1])).toBeGreaterThan(w.now())
  }) // biome-ignore format: one line

  test('is refused although an attempt of the same request had no answer from the store: 503, then nothing', async () => {
    const memory = createMemoryStore()
    let lost = false
    const store: Store = {
      ...memory,
      async create(key, ...rest) {
        const write = await memory.create(key, ...rest)
        return lost && key.startsWith('assertions/') ? { won: false, ambiguous: true } : write
      },
    }
    const { idJag, present } = await assertionWorld({ store })
    await present(await idJag())
    lost = true
    const assertion = await idJag()
    expect(verdict(await present(assertion))).toBe('503 temporarily_unavailable')
    lost = false
    expect(verdict(await present(assertion))).toBe('400 invalid_grant')
  })
})

describe('the client', () => {
  test('authenticates as registered: no secret, a wrong one or another client gets nothing [E-06]', async () => {
    const { idJag, present, server } = shared
    const assertion = await idJag()
    expect(verdict(await present(assertion, { client_id: portal }, ''))).toBe('401 invalid_client')
    expect(verdict(await present(assertion, { client_id: portal, client_secret: 'wrong' }, ''))).toBe('401 invalid_client')
    const client_id = await register(server, { token_endpoint_auth_method: 'none' })
    expect(verdict(await present(assertion, { client_id }, ''))).toBe('400 invalid_grant')
    expect(verdict(await present(assertion))).toBe('200 tokens')
  }) // biome-ignore format: one line

  test('that cannot authenticate presents an assertion only where the tenant says so [N9]', async () => {
    const strict = await assertionWorld()
    const client_id = await register(strict.server)
    expect(verdict(await strict.present(await strict.idJag({ client_id }), { client_id }, ''))).toBe('400 invalid_grant')
    expect(strict.reasons()).toEqual(['assertion-client-method'])
    const open = await assertionWorld({ assertions: { tenants: [{ ...tenant, public_clients: true }] } })
    const id = await register(open.server)
    expect(verdict(await open.present(await open.idJag({ client_id: id }), { client_id: id }, ''))).toBe('200 tokens')
  }) // biome-ignore format: one line

  test('is one of those that the tenant names, where it names any', async () => {
    const { idJag, present, reasons } = await assertionWorld({
      assertions: { tenants: [{ ...tenant, clients: ['another-client'] }] },
    })
    expect(verdict(await present(await idJag()))).toBe('400 invalid_grant')
    expect(reasons()).toEqual(['assertion-client'])
  })

  test('that publishes its metadata proves itself by its key, and its document decides whether it must [E-06]', async () => {
    const { documents, keySets, id, key } = await world()
    const w = await assertionWorld({ documents, keySets, assertions: { tenants: [{ ...tenant, public_clients: true }] } })
    const proof = async () => assertionParameters(await key.assertion(id, issuer, { iat: w.now(), exp: w.now() + 60 }))
    expect(verdict(await w.present(await w.idJag({ client_id: id }), await proof(), ''))).toBe('200 tokens')
    // The document asks for `private_key_jwt`, so the name alone is no proof.
    expect(verdict(await w.present(await w.idJag({ client_id: id }), { client_id: id }, ''))).toBe('400 invalid_grant')
    expect(w.reasons()).toEqual(['assertion-client-method'])
  }) // biome-ignore format: one line

  test('that the operator blocks gets nothing', async () => {
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(portal).digest('base64url')
    const { idJag, present } = await assertionWorld({ blockedClients: [hash] })
    expect(verdict(await present(await idJag()))).toBe('401 invalid_client')
  })
})

describe('a person who was ended', () => {
  test('gets nothing for an assertion from before, and may come again with a later one [N2]', async () => {
    const w = await assertionWorld()
    const sub = subjectOf(tenant.issuer, 'U019488227')
    const before = await w.idJag()
    w.server.clock += 10_000
    await writeFence(w.store, sub, { at: w.server.clock, reason: 'test', forgetting: false }, signal)
    expect(verdict(await w.present(before))).toBe('400 invalid_grant')
    expect(w.reasons()).toEqual(['assertion-person-ended'])
    w.server.clock += 10_000
    expect(verdict(await w.present(await w.idJag()))).toBe('200 tokens')
  })

  test('gets nothing at all while the person is being forgotten [N2 N3]', async () => {
    const w = await assertionWorld()
    const sub = subjectOf(tenant.issuer, 'U019488227')
    await writeFence(w.store, sub, { at: w.server.clock, reason: 'test', forgetting: true }, signal)
    w.server.clock += 60_000
    expect(verdict(await w.present(await w.idJag()))).toBe('400 invalid_grant')
    expect(await readFence(w.store, sub, signal)).toMatchObject({ forgetting: true })
  })

  test('gets 503, not a token, while the fence cannot be read [N2]', async () => {
    const memory = createMemoryStore()
    const store: Store = { ...memory, get: (key, ...rest) => (key.startsWith('ended/') ? Promise.reject(unavailable) : memory.get(key, ...rest)) } // biome-ignore format: one line
    const { StoreUnavailable } = await import('../../store/store.ts')
    const unavailable = new StoreUnavailable('down')
    const { idJag, present } = await assertionWorld({ store })
    expect(verdict(await present(await idJag()))).toBe('503 temporarily_unavailable')
  })
})

describe('what else is signed by a trusted key', () => {
  test('is no ID-JAG: an ID token, an access token of ours, and a workload token are refused [W-06]', async () => {
    const w = await assertionWorld()
    const { access_token = '' } = (await w.present(await w.idJag())).body
    const idToken = await w.company.sign({ iss: tenant.issuer, sub: 'U1', aud: portal, nonce: 'n', iat: w.now(), exp: w.now() + 60, jti: 'x' }, { typ: 'JWT' }) // biome-ignore format: one line
    for (const assertion of [idToken, access_token, await w.workflow({ aud: issuer }, { typ: 'oauth-id-jag+jwt' })]) {
      expect(verdict(await w.present(assertion))).toBe('400 invalid_grant')
    }
    expect(w.reasons()).toEqual(['assertion-issuer', 'assertion-type', 'assertion-issuer'])
  })

  test('is no token for a stranger: the tenant of one domain cannot speak for the other [N7]', async () => {
    const other = { name: 'other', issuer: 'https://evil.example', domains: ['evil.example'] }
    const w = await assertionWorld({ assertions: { tenants: [tenant, other] } })
    const forged = await w.idJag({ iss: other.issuer, email: 'chief@acme.example' }, {}, w.stranger)
    expect(verdict(await w.present(forged))).toBe('400 invalid_grant')
    expect(w.reasons()).toEqual(['assertion-email'])
    const own = await w.present(await w.idJag({ iss: other.issuer, email: 'a@evil.example' }, {}, w.stranger))
    expect(w.claimsOf(own.body.access_token)).toMatchObject({ org_id: 'tenant:other' })
    // The same subject at another issuer is another person.
    const acme = await w.present(await w.idJag())
    expect(w.claimsOf(acme.body.access_token).sub).not.toBe(w.claimsOf(own.body.access_token).sub)
  })
})

test('a server without companies and machines knows neither grant type, and says so [E-07]', async () => {
  const { idJag, present, credentials, server } = await assertionWorld({ assertions: {} })
  expect(verdict(await present(await idJag()))).toBe('400 unsupported_grant_type')
  expect(verdict(await credentials())).toBe('400 unsupported_grant_type')
  const metadata = await (await server.fetch('/.well-known/oauth-authorization-server')).json()
  expect(metadata.grant_types_supported).toEqual(['authorization_code', 'refresh_token'])
  expect(metadata).not.toHaveProperty('authorization_grant_profiles_supported')
})

test.each([
  [{ tenants: [tenant] }, [jwtBearer], ['urn:ietf:params:oauth:grant-profile:id-jag']],
  [{ machines: [{ name: 'x', client: portal }] }, ['client_credentials'], undefined],
])('the metadata names what is switched on: %j [E-07 K-01]', async (assertions, more, profiles) => {
  const { server } = await assertionWorld({ assertions })
  const metadata = await (await server.fetch('/.well-known/oauth-authorization-server')).json()
  expect(metadata.grant_types_supported).toEqual(['authorization_code', 'refresh_token', ...more])
  expect(metadata.authorization_grant_profiles_supported).toEqual(profiles)
})

test('a refusal is told apart in the log under the code of its attempt, and after too many there is 429 [E-06 E-08]', async () => {
  const w = await assertionWorld({ refusals: 2 })
  w.server.address = '198.51.100.7'
  for (let count = 0; count < 2; count++) await w.present(await w.idJag({ aud: 'x' }))
  expect(w.server.log).toContainEqual({ event: 'assertion_refused', fields: { from: 'acme', reason: 'assertion-audience' } }) // biome-ignore format: one line
  expect((await w.present(await w.idJag())).status).toBe(429)
  w.server.address = '198.51.100.8'
  expect(verdict(await w.present(await w.idJag()))).toBe('200 tokens')
})

test('an ordinary sign-in works beside it as before', async () => {
  const { server } = await assertionWorld()
  const client_id = await register(server)
  const pkce = newPkce()
  const answer = await signIn(new TestBrowser(server), client_id, pkce)
  const code = answer.searchParams.get('code') ?? ''
  const got = await token(server, { grant_type: 'authorization_code', client_id, code, code_verifier: pkce.verifier })
  expect([got.status, typeof got.body.refresh_token]).toEqual([200, 'string'])
})

/** The same, with a header that demands an extension which this server does not know. */
const demanding = (jwt: string) => {
  const header = { alg: 'ES256', typ: 'oauth-id-jag+jwt', crit: ['x'], x: 1 }
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${jwt.split('.').slice(1).join('.')}`
}

/** The same content, with `alg: none` and no signature. */
function unsigned(jwt: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'oauth-id-jag+jwt' })).toString('base64url')
  return `${header}.${jwt.split('.')[1]}.`
}

/** Signed with HS256, where the secret is the public key as everybody can read it. */
async function byPublicKey({ company, idJag }: World): Promise<string> {
  const [, claims] = (await idJag()).split('.')
  const kid = company.keySet.keys[0]?.kid
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'oauth-id-jag+jwt', kid })).toString('base64url')
  const input = `${header}.${claims}`
  return `${input}.${createHmac('sha256', JSON.stringify(company.keySet.keys[0])).update(input).digest('base64url')}`
}

/** Signed by a key of the attacker, which the header offers in every way there is. */
async function withOwnKey({ stranger, idJag }: World): Promise<string> {
  const [jwk] = stranger.keySet.keys
  const header = { jwk, jku: 'https://evil.example/keys', x5u: 'https://evil.example/chain', x5c: ['AAAA'] }
  return idJag({}, header as never, stranger)
}
