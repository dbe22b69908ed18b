import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSigningIssuer } from '../../../dev/issuers/signing-issuer.ts'
import { assertionWorld, github, jwtBearer, machine, portal } from '../../../dev/worlds/assertions.ts'
import { assertionParameters } from '../../../dev/worlds/client-key.ts'
import { basic, issuer, post, verdict, world } from '../../../dev/worlds/proving-clients.ts'
import { sha256 } from '../../base/sha256.ts'
import { writeFence } from '../grants/fence.ts'
import { entryFence } from './storeless-grant.ts'

const { signal } = new AbortController()
type World = Awaited<ReturnType<typeof assertionWorld>>

/** For tests that change nothing which another one sees. */
const shared = await assertionWorld()

describe('the token of a workload', () => {
  test('gives it a token for itself, without a client and without a refresh token [W-01 W-05]', async () => {
    const { workflow, work, claimsOf, server } = shared
    const { body } = await work(await workflow(), { resource: `${issuer}/mcp` })
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'docs:read' })
    expect(body).not.toHaveProperty('refresh_token')
    const claims = claimsOf(body.access_token)
    expect(claims).toMatchObject({ aud: `${issuer}/mcp`, client_id: 'machine:docs-ci', scope: 'docs:read' })
    expect(claims.sub).toMatch(/^m_/)
    for (const name of ['email', 'org_id', 'org_name']) expect(claims).not.toHaveProperty(name)
    expect(server.signIns).toEqual([])
  })

  test.each<[string, (w: World) => Promise<string>, string]>([
    ['whose audience is our issuer', (w) => w.workflow({ aud: issuer }), 'assertion-audience'],
    ['for us and another server', (w) => w.workflow({ aud: [`${issuer}/oauth/token`, 'https://x.example'] }), 'assertion-audience'],
    ['for the resource', (w) => w.workflow({ aud: `${issuer}/mcp` }), 'assertion-audience'],
    ['for the older path of the endpoint', (w) => w.workflow({ aud: `${issuer}/token` }), 'assertion-audience'],
    ['without jti', (w) => w.workflow({ jti: undefined }), 'assertion-claims'],
    ['without iat', (w) => w.workflow({ iat: undefined }), 'assertion-claims'],
    ['without sub', (w) => w.workflow({ sub: undefined }), 'assertion-claims'],
    ['that has expired', (w) => w.workflow({ iat: w.now() - 900, exp: w.now() - 60 }), 'assertion-expired'],
    ['that lives for two days', (w) => w.workflow({ exp: w.now() + 172_800 }), 'assertion-too-old'],
    ['of a fork', (w) => w.workflow({ repository: 'evil/docs', repository_owner_id: '66' }), 'assertion-no-rule'],
    ['of an owner who took over the name', (w) => w.workflow({ repository_owner_id: '66' }), 'assertion-no-rule'],
    ['of another branch', (w) => w.workflow({ ref: 'refs/heads/evil' }), 'assertion-no-rule'],
    ['of a branch whose name goes on', (w) => w.workflow({ ref: 'refs/heads/main/evil' }), 'assertion-no-rule'],
    ['with a line break after the branch', (w) => w.workflow({ ref: 'refs/heads/main\n' }), 'assertion-no-rule'],
    ['of a repository whose name goes on', (w) => w.workflow({ repository: 'acme/docs-evil' }), 'assertion-no-rule'],
    ['of a repository in other letters', (w) => w.workflow({ repository: 'Acme/docs' }), 'assertion-no-rule'],
    ['without the claim of the rule', (w) => w.workflow({ repository_owner_id: undefined }), 'assertion-no-rule'],
    ['with a list where the rule has a text', (w) => w.workflow({ repository: ['acme/docs'] }), 'assertion-no-rule'],
    ['with a number where the rule has a text', (w) => w.workflow({ repository_owner_id: 65 }), 'assertion-no-rule'],
    ['that a stranger signed', (w) => w.workflow({}, {}, w.stranger), 'assertion-algorithm or signature'],
    ['of an issuer that begins like theirs', (w) => w.workflow({ iss: `${github}.evil.example` }), 'assertion-issuer'],
    ['of a company', (w) => w.company.sign({ ...{ iss: w.company.issuer, sub: 'x', aud: `${issuer}/oauth/token`, jti: randomUUID(), iat: w.now(), exp: w.now() + 60 } }), 'assertion-issuer'],
    ['with the type of an access token', (w) => w.workflow({}, { typ: 'at+jwt' }), 'assertion-type'],
    ['with the type of a logout token', (w) => w.workflow({}, { typ: 'logout+jwt' }), 'assertion-type'],
    ['with the type of a client assertion', (w) => w.workflow({}, { typ: 'client-authentication+jwt' }), 'assertion-type'],
    ['with the type of an ID-JAG', (w) => w.workflow({}, { typ: 'oauth-id-jag+jwt' }), 'assertion-issuer'],
    ['that is an ID-JAG', (w) => w.idJag(), 'assertion-claims or missing client'],
  ])('%s is refused, and its sender does not learn why [W-02 W-03 W-04 W-05 W-06 N9]', async (_what, forge, reason) => {
    const before = (await shared.store.list('assertions/', signal)).keys
    const forged = await forge(shared)
    const { status, body } = await shared.work(forged, reason.endsWith('client') ? { client_id: 'x' } : {})
    if (reason.endsWith('client')) return expect(body.error).toMatch(/^invalid_client$/)
    expect([status, body]).toEqual([400, { error: 'invalid_grant', error_description: 'the assertion is not accepted' }])
    if (!reason.includes(' ')) expect(shared.reasons().at(-1)).toBe(reason)
    expect((await shared.store.list('assertions/', signal)).keys).toEqual(before)
  }) // biome-ignore format: a table

  test('is used once, also by 50 racers [W-02 N9]', async () => {
    const { workflow, work } = shared
    for (let round = 0; round < 3; round++) {
      const assertion = await workflow()
      const answers = await Promise.all(Array.from({ length: 50 }, () => work(assertion)))
      expect(answers.map(verdict).toSorted()).toEqual(['200 tokens', ...Array(49).fill('400 invalid_grant')])
    }
  })

  test('does not collide with the jti of a company, whose assertions are of another kind', async () => {
    const { workflow, work, idJag, present } = shared
    const jti = randomUUID()
    expect(verdict(await work(await workflow({ jti })))).toBe('200 tokens')
    expect(verdict(await present(await idJag({ jti })))).toBe('200 tokens')
  })

  test('comes with a client_id from many clients, which is ignored, and never with the proof of a client [W-01]', async () => {
    const { workflow, work, server } = shared
    const { body } = await work(await workflow(), { client_id: 'conformance-wif-workload' })
    expect(shared.claimsOf(body.access_token).client_id).toBe('machine:docs-ci')
    const assertion = await workflow()
    const form = { grant_type: jwtBearer, assertion }
    expect(verdict(await post(server, form, basic(portal, 'x')))).toBe('400 invalid_request')
    expect(verdict(await work(assertion, { client_id: portal, client_secret: 'x' }))).toBe('400 invalid_request')
    expect(verdict(await work(assertion, assertionParameters('x')))).toBe('400 invalid_request')
    expect(verdict(await work(assertion))).toBe('200 tokens')
  })

  test('may be for one audience in a list, as Kubernetes writes it, and for a scope that the rule has', async () => {
    const { workflow, work } = shared
    expect(verdict(await work(await workflow({ aud: [`${issuer}/oauth/token`] })))).toBe('200 tokens')
    expect((await work(await workflow(), { scope: 'docs:read docs:feedback docs:admin' })).body.scope).toBe('docs:read')
    expect(verdict(await work(await workflow(), { scope: 'docs:feedback' }))).toBe('400 invalid_grant')
    expect(verdict(await work(await workflow(), { resource: 'https://other.example' }))).toBe('400 invalid_target')
  })

  test('gives nothing to a workload that was ended [N2]', async () => {
    const w = await assertionWorld()
    const { access_token } = (await w.work(await w.workflow())).body
    const { sub } = w.claimsOf(access_token)
    await writeFence(w.store, sub, { at: w.server.clock, reason: 'test', forgetting: false }, signal)
    expect(verdict(await w.work(await w.workflow()))).toBe('400 invalid_grant')
    expect(w.reasons()).toEqual(['assertion-person-ended'])
  })

  test('gives nothing to a workload whose machine an admin has ended or blocked, and the log tells the two apart [N2]', async () => {
    const w = await assertionWorld()
    const [, entry = ''] = w.claimsOf((await w.work(await w.workflow())).body.access_token).grant.split('/')
    await writeFence(w.store, entryFence('machine', entry), { at: w.server.clock, reason: 'test', forgetting: false }, signal) // biome-ignore format: one line
    expect(verdict(await w.work(await w.workflow()))).toBe('400 invalid_grant')
    w.server.clock += 10_000
    expect(verdict(await w.work(await w.workflow()))).toBe('200 tokens')
    const blocked = await assertionWorld({ blockedClients: [sha256('machine:docs-ci')] })
    expect(verdict(await blocked.work(await blocked.workflow()))).toBe('400 invalid_grant')
    expect([w.reasons(), blocked.reasons()]).toEqual([['assertion-person-ended'], ['assertion-machine-blocked']])
  })

  test('of Kubernetes, of SPIFFE and of another issuer fits by members of claims and by whole segments [W-03 W-04]', async () => {
    const cluster = await createSigningIssuer('spiffe://cluster.example')
    const claims = { sub: 'spiffe://cluster.example/ns/docs/sa/*', 'kubernetes.io': { namespace: 'docs' } }
    const entry = {
      name: 'agent',
      issuer: cluster.issuer,
      jwks: cluster.keySet,
      claims,
      scope: 'docs:read docs:feedback',
    }
    const w = await assertionWorld({ assertions: { machines: [entry] } })
    const token = (more: object) =>
      w.workflow({ iss: cluster.issuer, sub: 'spiffe://cluster.example/ns/docs/sa/agent', 'kubernetes.io': { namespace: 'docs', pod: {} }, ...more }, {}, cluster) // biome-ignore format: one line
    expect((await w.work(await token({}))).body.scope).toBe('docs:read docs:feedback')
    for (const more of [
      { sub: 'spiffe://cluster.example/ns/docs/sa/a/b' },
      { sub: 'spiffe://cluster.example/ns/docs/sa/' },
      { sub: 'spiffe://cluster.example/ns/other/sa/agent' },
      { sub: 'spiffe://cluster.example/ns/docs/sa/agent?x' },
      { 'kubernetes.io': { namespace: 'other' } },
      { 'kubernetes.io': 'docs' },
    ]) {
      expect(verdict(await w.work(await token(more)))).toBe('400 invalid_grant')
    }
    expect(w.server.issuerReads).toEqual([])
  })
})

describe('the keys of an issuer', () => {
  test('are read once, and again for a new key: one that was taken back signs nothing [E-01 W-03]', async () => {
    const platform = await createSigningIssuer(github)
    const w = await assertionWorld()
    w.publish(platform)
    const token = () => w.workflow({}, {}, platform)
    const reads = () => w.server.issuerReads.length
    expect(verdict(await w.work(await token()))).toBe('200 tokens')
    expect(verdict(await w.work(await token()))).toBe('200 tokens')
    expect(reads()).toBe(2)
    await platform.rotate()
    w.publish(platform)
    expect(verdict(await w.work(await token()))).toBe('200 tokens')
    expect(reads()).toBe(4)
    const old = await token()
    await platform.rotate(false)
    w.publish(platform)
    expect(verdict(await w.work(await token()))).toBe('200 tokens')
    expect(verdict(await w.work(old))).toBe('400 invalid_grant')
  })

  test('are read a few times, however many unknown keys are named [E-01]', async () => {
    const w = await assertionWorld()
    await w.work(await w.workflow())
    const before = w.server.issuerReads.length
    const forged = (kid: string) => w.workflow({}, { kid }, w.platform)
    for (let count = 0; count < 40; count++) await w.work(await forged(`unknown-${count}`))
    // Each reading asks for the metadata and for the set.
    expect(w.server.issuerReads.length - before).toBeLessThanOrEqual(12)
    expect(verdict(await w.work(await w.workflow()))).toBe('200 tokens')
    await Promise.all(Array.from({ length: 50 }, async () => w.work(await w.workflow())))
    expect(w.server.issuerReads.length - before).toBeLessThanOrEqual(12)
  })

  test('that cannot be read make 503, and known ones are used for an hour [T-06]', async () => {
    let down = true
    const w = await assertionWorld({ issuerDocuments: (url) => (down ? undefined : documents(url)) })
    const documents = (url: string) =>
      url.endsWith('/keys') ? w.platform.keySet : { issuer: github, jwks_uri: `${github}/keys` }
    expect(verdict(await w.work(await w.workflow()))).toBe('503 temporarily_unavailable')
    down = false
    expect(verdict(await w.work(await w.workflow()))).toBe('200 tokens')
    down = true
    w.server.clock += 3_000_000
    expect(verdict(await w.work(await w.workflow()))).toBe('200 tokens')
    w.server.clock += 3_000_000
    expect(verdict(await w.work(await w.workflow()))).toBe('503 temporarily_unavailable')
  })

  test.each([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['without a place for keys', { jwks_uri: undefined }],
    ['with keys at a place without TLS', { jwks_uri: 'http://token.actions.githubusercontent.com/keys' }],
    ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }],
  ])('are not read from metadata %s: 503', async (_what, metadata) => {
    const w = await assertionWorld()
    w.publish(w.platform, metadata)
    expect(verdict(await w.work(await w.workflow()))).toBe('503 temporarily_unavailable')
  })

  test('that belong to another tenant of the same platform sign nothing [N24]', async () => {
    const marked = await createSigningIssuer(github, { marked: 'https://other.example/v2.0' })
    const own = await createSigningIssuer(github, { marked: github })
    const w = await assertionWorld()
    w.publish(w.platform, {}, { keys: [...marked.keySet.keys, ...own.keySet.keys] })
    expect(verdict(await w.work(await w.workflow({}, {}, marked)))).toBe('400 invalid_grant')
    expect(verdict(await w.work(await w.workflow({}, {}, own)))).toBe('200 tokens')
  })

  test('need no name, and a set with a secret in it is no set', async () => {
    const nameless = await createSigningIssuer(github, { named: false })
    const w = await assertionWorld()
    w.publish(w.platform, {}, nameless.keySet)
    expect(verdict(await w.work(await w.workflow({}, {}, nameless)))).toBe('200 tokens')
    const other = await assertionWorld()
    other.publish(other.platform, {}, { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] })
    expect(verdict(await other.work(await other.workflow()))).toBe('503 temporarily_unavailable')
  })
})

describe('client_credentials', () => {
  test('gives a machine of the list a token for itself, by its secret or its key [K-01]', async () => {
    const { credentials, claimsOf, server } = shared
    const before = server.signIns.length
    const { body } = await credentials({ resource: `${issuer}/mcp` })
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'docs:read', expires_in: 3600 })
    expect(body).not.toHaveProperty('refresh_token')
    expect(claimsOf(body.access_token)).toMatchObject({ client_id: portal, sub: expect.stringMatching(/^m_/) })
    expect(server.signIns).toHaveLength(before)
    const { documents, keySets, id, key } = await world()
    const w = await assertionWorld({ documents, keySets, assertions: { machines: [{ ...machine, client: id }] } })
    const proof = await key.assertion(id, issuer, { iat: w.now(), exp: w.now() + 60 })
    expect(verdict(await w.credentials(assertionParameters(proof), ''))).toBe('200 tokens')
    expect(verdict(await w.credentials({ ...assertionParameters(proof), scope: 'docs:read' }, ''))).toBe('401 invalid_client')
    expect(verdict(await w.credentials({ client_id: id }, ''))).toBe('400 unauthorized_client')
  }) // biome-ignore format: one line

  test('gives nothing without the right secret, to another client, for another resource or beyond its scope [K-01]', async () => {
    const { credentials, server, workflow } = shared
    const { registerClientOf } = await import('../../../dev/worlds/proving-clients.ts')
    expect(verdict(await credentials({}, basic(portal, 'wrong')))).toBe('401 invalid_client')
    expect(verdict(await credentials({ client_id: portal }, ''))).toBe('401 invalid_client')
    const registered = await registerClientOf(server, { token_endpoint_auth_method: 'client_secret_post', grant_types: ['client_credentials', 'authorization_code'] }) // biome-ignore format: one line
    expect(verdict(await credentials({ ...registered }, ''))).toBe('400 unauthorized_client')
    expect(verdict(await credentials({ resource: 'https://other.example' }))).toBe('400 invalid_target')
    expect(verdict(await credentials({ scope: 'docs:feedback' }))).toBe('400 invalid_grant')
    expect((await credentials({ scope: 'docs:read docs:admin' })).body.scope).toBe('docs:read')
    expect(verdict(await credentials({ assertion: await workflow() }))).toBe('400 invalid_request')
    expect(verdict(await credentials({ code: 'x' }))).toBe('400 invalid_request')
  })

  test('gives nothing to a machine that was ended, or whose client is blocked [N2]', async () => {
    const w = await assertionWorld()
    const { sub } = w.claimsOf((await w.credentials()).body.access_token)
    await writeFence(w.store, sub, { at: w.server.clock, reason: 'test', forgetting: false }, signal)
    expect(verdict(await w.credentials())).toBe('400 invalid_grant')
    w.server.clock += 10_000
    expect(verdict(await w.credentials())).toBe('200 tokens')
  })
})

test('a proof of DPoP binds the token to its key, and a bad one gives nothing', async () => {
  const { workflow, server } = shared
  const { generateDpopKeyPair } = await import('@modelcontextprotocol/client')
  const { SignJWT, exportJWK, calculateJwkThumbprint } = await import('jose')
  const pair = await generateDpopKeyPair()
  const jwk = await exportJWK(pair.publicKey)
  const proof = (claims: object) =>
    new SignJWT({ htm: 'POST', htu: `${issuer}/oauth/token`, jti: randomUUID(), iat: shared.now(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(pair.privateKey)
  const send = async (dpop: string) => {
    const body = new URLSearchParams({ grant_type: jwtBearer, assertion: await workflow() })
    return (await server.fetch('/oauth/token', { method: 'POST', body, headers: { dpop } })).json()
  }
  const got = await send(await proof({}))
  expect(got.token_type).toBe('DPoP')
  expect(shared.claimsOf(got.access_token).cnf).toEqual({ jkt: await calculateJwkThumbprint(jwk) })
  expect((await send(await proof({ htm: 'GET' }))).error).toBe('invalid_dpop_proof')
})
