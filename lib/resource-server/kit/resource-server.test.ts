import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createVendor, exampleResource as resource, signed, tokenVendors } from '../../../dev/issuers/vendor-tokens.ts'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import type { ResourceServerEvent, ResourceServerOptions } from './options.ts'
import { callerOf, createResourceServer } from './resource-server.ts'

const { issuer } = tokenVendors.broker
const minute = 60_000

/** A resource server at an authorization server, with a clock. */
function createWorld(
  options: Partial<ResourceServerOptions> = {},
  shape: Partial<typeof tokenVendors.broker> | object = {},
) {
  const vendor = createVendor({ ...tokenVendors.broker, ...shape })
  const events: ResourceServerEvent[] = []
  const world = { ahead: 0 }
  const server = createResourceServer({
    resource,
    authorizationServers: [issuer],
    scopes: { required: ['tools:read'] },
    ...options,
    fetch: options.fetch ?? vendor.fetch,
    now: () => Date.now() + world.ahead,
    onEvent: (event) => events.push(event),
  })
  const answer = async (authorization: string | null) => {
    const outcome = await server.authenticate(authorization)
    return outcome.kind === 'refused' ? outcome.response : new Response(JSON.stringify(outcome.auth))
  }
  const status = async (token: string) => (await answer(`Bearer ${token}`)).status
  return { vendor, server, events, world, answer, status }
}

const seconds = () => Math.floor(Date.now() / 1000)

describe('a request without a good token', () => {
  test('without a token: 401 that names the metadata and the scope, without an error [F-003-03]', async () => {
    const { answer } = createWorld()
    const response = await answer(null)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer resource_metadata="https://mcp.engines.example/.well-known/oauth-protected-resource/mcp", scope="tools:read", realm="mcp"',
    )
  })

  test('a server that needs no scope names none', async () => {
    const { answer } = createWorld({ scopes: {} })
    expect((await answer(null)).headers.get('www-authenticate')).not.toContain('scope=')
  })

  test.each([
    ['text that is no token', 'Bearer {token}', 401],
    ['two tokens', 'Bearer a.b.c d.e.f', 400],
    ['two headers', 'Bearer abc, Bearer def', 400],
    ['another scheme', 'Basic abc', 401],
    ['a DPoP token', 'DPoP abc', 401],
    ['junk in the form of a JWT', 'Bearer a.b.c', 401],
    ['a token that is too long', `Bearer ${'a'.repeat(9000)}`, 401],
  ])('%s: refused, and the authorization server is not asked', async (_what, header, expected) => {
    const { answer, vendor } = createWorld()
    expect((await answer(header)).status).toBe(expected)
    expect(vendor.requests).toEqual([])
  })

  test('an expired token is called expired; every other one only invalid [F-003-06]', async () => {
    const { vendor, answer } = createWorld()
    const expired = vendor.token({ iat: seconds() - 7200, exp: seconds() - 3600 })
    const challenge = (await answer(`Bearer ${expired}`)).headers.get('www-authenticate')
    expect(challenge).toContain('error="invalid_token", error_description="The access token has expired"')
    const foreign = vendor.token({ aud: 'https://other.example/mcp' })
    const other = (await answer(`Bearer ${foreign}`)).headers.get('www-authenticate')
    expect(other).toContain('error_description="The access token is invalid"')
  })
})

describe('a JWT', () => {
  test.each(['RS256', 'ES256', 'EdDSA'] as const)('signed with %s is accepted [F-003-10]', async (algorithm) => {
    const { vendor, answer } = createWorld({}, { algorithm })
    const response = await answer(`Bearer ${vendor.token()}`)
    expect(await response.json()).toMatchObject({
      clientId: 'https://client.example/metadata.json',
      scopes: ['tools:read', 'tools:write'],
      extra: { issuer, subject: 'user_1' },
    })
  })

  test.each([
    ['for another resource', { aud: 'https://other.example/mcp' }],
    ['for this resource and another [F-003-02]', { aud: [resource, 'https://other.example/mcp'] }],
    ['without an audience', { aud: undefined }],
    ['with an empty audience', { aud: [] }],
    ['of another issuer', { iss: 'https://other.example' }],
    ['that is not valid yet', { nbf: Math.floor(Date.now() / 1000) + 3600 }],
    ['whose nbf is no number', { nbf: 'soon' }],
    ['without exp', { exp: undefined }],
    ['whose exp is a text', { exp: '99999999999' }],
    ['that is issued in the future', { iat: Math.floor(Date.now() / 1000) + 3000 }],
    ['that is an ID token', { at_hash: 'x' }],
    ['that is an ID token of a hybrid answer', { c_hash: 'x' }],
    ['that says it is for another use', { token_use: 'id' }],
  ])('%s is refused', async (_what, changes) => {
    const { vendor, status } = createWorld()
    expect(await status(vendor.token(changes))).toBe(401)
  })

  test.each([
    ['none', { alg: 'none' }],
    ['HS256 with the published key as the secret', { alg: 'HS256' }],
    ['another algorithm of the same key', { alg: 'RS512' }],
    ['a key in the header', { jwk: { kty: 'RSA' }, kid: undefined }],
    ['an extension that it requires', { crit: ['b64'], b64: false }],
    ['the typ of a logout token', { typ: 'logout+jwt' }],
    ['the typ of a DPoP proof', { typ: 'dpop+jwt' }],
    ['no kid', { kid: undefined }],
  ])('whose header says %s is refused', async (_what, header) => {
    const { vendor, status } = createWorld()
    expect(await status(vendor.token({}, header))).toBe(401)
  })

  test('HMAC by the text of a published key is refused, in every spelling of the key', async () => {
    const { vendor, status } = createWorld()
    await status(vendor.token())
    const [, claims] = vendor.token().split('.')
    const spellings = [
      vendor.publicKey().export({ type: 'spki', format: 'pem' }),
      vendor.publicKey().export({ type: 'spki', format: 'der' }),
      JSON.stringify(vendor.publicKey().export({ format: 'jwk' })),
    ]
    for (const spelling of spellings) {
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'x' })).toString('base64url')
      const mac = createHmac('sha256', spelling).update(`${header}.${claims}`).digest('base64url')
      expect(await status(`${header}.${claims}.${mac}`)).toBe(401)
    }
  })

  test('a token that names another algorithm than that of its key is refused, also once the key is known', async () => {
    const { vendor, status } = createWorld()
    expect(await status(vendor.token())).toBe(200)
    expect(await status(vendor.token({}, { alg: 'ES256' }))).toBe(401)
    expect(await status(vendor.token({}, { alg: 'EdDSA' }))).toBe(401)
  })

  test('a token that another key has signed under the same kid is refused', async () => {
    const { vendor, status } = createWorld()
    const [header = '', claims = ''] = vendor.token().split('.')
    const [head, body] = [header, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(await status(signed(head, body, 'RS256', privateKey))).toBe(401)
  })

  test('two authorization servers: each token is verified by the keys of its own issuer', async () => {
    const [first, second] = [createVendor(tokenVendors.okta), createVendor(tokenVendors.keycloak)]
    const server = createResourceServer({
      resource,
      authorizationServers: [
        tokenVendors.okta.issuer,
        { issuer: tokenVendors.keycloak.issuer, validation: { type: 'jwt', otherAudiences: ['account'] } },
      ],
      fetch: (url, init) => (url.includes('okta') ? first : second).fetch(url, init),
    })
    const kindOf = async (token: string) => (await server.authenticate(`Bearer ${token}`)).kind
    expect(await kindOf(first.token())).toBe('authenticated')
    expect(await kindOf(second.token())).toBe('authenticated')
    // The second server signs in the name of the first.
    expect(await kindOf(second.token({ iss: tokenVendors.okta.issuer }))).toBe('refused')
    // What only the second may have beside its audience does not count for the first.
    expect(await kindOf(first.token({ aud: [resource, 'account'] }))).toBe('refused')
    expect(server.metadata.authorization_servers).toEqual([tokenVendors.okta.issuer, tokenVendors.keycloak.issuer])
  })
})

test('a scope counts as a whole word: not as a part of another, and not from the prototype of a claim', async () => {
  const { vendor, server, status } = createWorld({
    scopes: { required: ['tools:read'], tools: { write: ['tools:write'] } },
  })
  for (const scope of ['tools:readonly', 'my-tools:read', '', 'tools:read,tools:write']) {
    expect(await status(vendor.token({ scope }))).toBe(403)
  }
  const outcome = await server.authenticate(`Bearer ${vendor.token({ scope: 'tools:read tools:write-drafts' })}`)
  if (outcome.kind === 'refused') throw new Error('refused')
  expect(server.authorize(outcome.auth, { method: 'tools/call', params: { name: 'write' } })?.status).toBe(403)
  const other = createWorld({
    validation: { type: 'jwt', scopeClaims: ['roles.constructor.name'] },
    scopes: { required: ['Object'] },
  })
  expect(await other.status(other.vendor.token({ roles: {} }))).toBe(403)
})

describe('a secret', () => {
  const secret = 'a secret of at least thirty-two bytes'
  const token = (using: string, alg = 'HS256') => {
    const claims = { iss: issuer, aud: resource, sub: 'a', scope: 'tools:read', iat: seconds(), exp: seconds() + 60 }
    const input = [{ alg }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const made = `${input}.${createHmac('sha256', using).update(input).digest('base64url')}`
    keepSecret(made)
    return made
  }

  test('verifies HS256 and nothing else, and no published key is read [F-003-10]', async () => {
    const { vendor, status } = createWorld({ validation: { type: 'jwt', secret } })
    expect(await status(token(secret))).toBe(200)
    expect(await status(token('another secret of at least 32 bytes!'))).toBe(401)
    expect(await status(token(secret, 'HS512'))).toBe(401)
    expect(await status(vendor.token())).toBe(401)
    expect(vendor.requests).toEqual([])
  })
})

describe('the keys of the authorization server', () => {
  test('are read once for many tokens, and a token seen before needs no read [F-003-18]', async () => {
    const { vendor, status } = createWorld()
    const tokens = [vendor.token({ jti: 'a' }), vendor.token({ jti: 'b' }), vendor.token({ jti: 'c' })]
    expect(await Promise.all([...tokens, ...tokens].map(status))).toEqual(Array(6).fill(200))
    expect(vendor.requests).toEqual([tokenVendors.broker.metadataUrl, tokenVendors.broker.metadata.jwks_uri])
  })

  test('a new key is found at once; the tokens of a withdrawn key are refused, remembered ones too', async () => {
    const { vendor, world, status } = createWorld()
    const old = vendor.token()
    expect(await status(old)).toBe(200)
    vendor.rotate()
    world.ahead += minute
    expect(await status(vendor.token())).toBe(200)
    expect(await status(old)).toBe(401)
  })

  test.each([
    ['too short', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
    ['no key', { kty: 'RSA', n: 5, e: {} }],
  ])('a published key that is %s: 503, and no error reaches the MCP server', async (_what, jwk) => {
    const { vendor, server, events } = createWorld({
      validation: { type: 'jwt', jwksUri: `${issuer}/weak` },
      fetch: async () => Response.json({ keys: [{ ...jwk, kid: 'weak' }] }),
    })
    const outcome = await server.authenticate(`Bearer ${vendor.token({}, { kid: 'weak' })}`)
    expect(outcome.kind === 'refused' && outcome.response.status).toBe(503)
    expect(events.at(-1)).toMatchObject({ kind: 'unavailable', issuer })
  })

  test('junk with unknown keys causes one read in thirty seconds', async () => {
    const { vendor, status } = createWorld()
    await status(vendor.token())
    const before = vendor.requests.length
    for (let count = 0; count < 20; count++)
      await status(vendor.token({ iat: seconds() - 100 }, { kid: `junk-${count}` }))
    expect(vendor.requests.length).toBe(before + 1)
  })

  test('are read again after ten minutes, and stay good for a day while the server is down', async () => {
    const { vendor, world, status, events } = createWorld()
    const token = () => vendor.token({ exp: seconds() + 200_000, jti: Math.random() })
    expect(await status(token())).toBe(200)
    vendor.down = true
    world.ahead += 11 * minute
    expect(await status(token())).toBe(200)
    await expect.poll(() => events.at(-1)).toMatchObject({ kind: 'unavailable', issuer })
    world.ahead += 24 * 60 * minute
    expect(await status(token())).toBe(503)
    vendor.down = false
    world.ahead += minute
    expect(await status(token())).toBe(200)
  })

  test.each([
    ['does not answer', (vendor: ReturnType<typeof createVendor>) => Object.assign(vendor, { down: true })],
    ['answers 500', (vendor: ReturnType<typeof createVendor>) => Object.assign(vendor, { status: 500 })],
    ['redirects', (vendor: ReturnType<typeof createVendor>) => Object.assign(vendor, { status: 302 })],
  ])('a server that %s: 503 with Retry-After, never 401', async (_what, breakIt) => {
    const { vendor, answer } = createWorld({
      validation: { type: 'jwt', jwksUri: tokenVendors.broker.metadata.jwks_uri },
    })
    breakIt(vendor)
    const response = await answer(`Bearer ${vendor.token()}`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(response.headers.get('www-authenticate')).toBeNull()
  })
})

describe('introspection', () => {
  const introspection = { clientId: 'the client:1', clientSecret: 'secret of the resource server' }
  const options = { validation: { type: 'introspection' }, introspection } as const
  const active = () => ({
    active: true,
    sub: 'user_1',
    aud: resource,
    scope: 'tools:read',
    exp: seconds() + 600,
    token_type: 'Bearer',
  })

  test('accepts an active token for this resource, and asks once in thirty seconds [F-003-08]', async () => {
    const { vendor, world, status } = createWorld(options)
    const token = vendor.opaque(active())
    expect([await status(token), await status(token)]).toEqual([200, 200])
    expect(vendor.requests.length).toBe(2)
    world.ahead += 31_000
    expect(await status(token)).toBe(200)
    expect(vendor.requests.length).toBe(3)
  })

  test.each([
    ['is not active', { active: false }],
    ['has no audience', { aud: undefined }],
    ['is for another resource', { aud: 'https://other.example/mcp' }],
    ['has expired', { exp: 1 }],
    ['is of another issuer', { iss: 'https://other.example' }],
    ['is bound to a key', { cnf: { jkt: 'x' }, token_type: 'DPoP' }],
    ['has a type that is no bearer token', { token_type: 'N_A' }],
    ['has a list as its type', { token_type: ['Bearer'] }],
  ])('refuses a token that %s', async (_what, changes) => {
    const { vendor, status } = createWorld(options)
    expect(await status(vendor.opaque({ ...active(), ...changes }))).toBe(401)
  })

  test.each([
    ['down', { down: true }],
    ['in trouble', { status: 503 }],
    ['refusing our own credentials', { status: 401 }],
  ])(
    'fails closed while the authorization server is %s: 503, also for a token that was good [F-003-08]',
    async (_what, fault) => {
      const { vendor, world, status, events } = createWorld(options)
      const token = vendor.opaque(active())
      expect(await status(token)).toBe(200)
      Object.assign(vendor, fault)
      world.ahead += 31_000
      expect(await status(token)).toBe(503)
      expect(events.at(-1)).toMatchObject({ kind: 'unavailable', issuer })
    },
  )

  test.each(['true', 1, null, undefined])('an answer whose `active` is %s is no answer: 503', async (said) => {
    const { vendor, status } = createWorld(options)
    expect(await status(vendor.opaque({ ...active(), active: said }))).toBe(503)
  })

  test('a token that was not active is asked about again after five seconds', async () => {
    const { vendor, world, status } = createWorld(options)
    const token = vendor.opaque({ active: false })
    expect([await status(token), await status(token)]).toEqual([401, 401])
    const before = vendor.requests.length
    world.ahead += 6_000
    await status(token)
    expect(vendor.requests.length).toBe(before + 1)
  })

  test('a JWT of an unknown issuer is not shown to the authorization server', async () => {
    const { vendor, status } = createWorld(options)
    expect(await status(vendor.token({ iss: 'https://other.example' }))).toBe(401)
    expect(vendor.requests).toEqual([])
  })

  test('the resource server authenticates with the encoded pair (RFC 6749 §2.3.1), and the token is in the body only', async () => {
    const seen: RequestInit[] = []
    const server = createResourceServer({
      resource,
      authorizationServers: [issuer],
      validation: { type: 'introspection' },
      introspection: { ...introspection, endpoint: `${issuer}/introspect` },
      fetch: async (_url, init) => {
        seen.push(init)
        return Response.json({ active: false })
      },
    })
    await server.authenticate('Bearer opaque')
    const headers = new Headers(seen[0]?.headers)
    const pair = Buffer.from(headers.get('authorization')?.slice('Basic '.length) ?? '', 'base64').toString()
    expect(pair).toBe('the+client%3A1:secret+of+the+resource+server')
    expect(seen[0]?.body).toBe('token=opaque&token_type_hint=access_token')
  })
})

describe('the metadata of the authorization server', () => {
  const { metadata } = tokenVendors.broker
  test.each([
    ['another issuer', { issuer: `${issuer}/` }, /the issuer is "https:\/\/docs.engines.example\/", and not/],
    ['no token endpoint', { token_endpoint: undefined }, /token_endpoint/],
    ['keys without https', { jwks_uri: 'http://docs.engines.example/keys' }, /jwks_uri without https/],
    ['no keys', { jwks_uri: undefined }, /jwks_uri/],
    ['PKCE with plain only', { code_challenge_methods_supported: ['plain'] }, /S256/],
  ])('%s: the server does not start, and says why [F-003-07]', async (_what, changes, message) => {
    const { vendor, server, status } = createWorld()
    vendor.metadata = { issuer, ...metadata, ...changes }
    await expect(server.ready()).rejects.toThrow(message)
    // A server that was started all the same answers 503, because its configuration is wrong, and no token is.
    if (!('code_challenge_methods_supported' in changes)) expect(await status(vendor.token())).toBe(503)
  })

  test('a server that does not answer is reported, and is asked again', async () => {
    const { vendor, server, world, status } = createWorld()
    vendor.down = true
    expect(await server.ready()).toMatchObject([{ state: 'unreachable' }])
    vendor.down = false
    world.ahead += minute
    expect(await server.ready()).toMatchObject([{ state: 'ready' }])
    expect(await status(vendor.token())).toBe(200)
  })

  test('an issuer without metadata is a mistake of the operator', async () => {
    const { server } = createWorld({ authorizationServers: ['https://docs.engines.example/other'] })
    await expect(server.ready()).rejects.toThrow(/has no metadata/)
  })
})

test('metadata of the resource: at the path and at the root, by GET only, and public [F-003-05]', async () => {
  const { server } = createWorld({ resourceName: 'Engines', documentationUrl: 'https://engines.example/docs' })
  const path = '/.well-known/oauth-protected-resource'
  for (const each of [path, `${path}/mcp`]) {
    const response = server.metadataResponse('GET', each)
    expect(response?.headers.get('content-type')).toBe('application/json')
    expect(await response?.json()).toEqual({
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['tools:read'],
      resource_name: 'Engines',
      resource_documentation: 'https://engines.example/docs',
    })
  }
  expect(server.metadataResponse('POST', path)?.status).toBe(405)
  expect(server.metadataResponse('OPTIONS', path)?.status).toBe(204)
  expect(server.metadataResponse('GET', `${path}/other`)).toBeNull()
})

test('the caller is the same after a refresh, and another for another user, client or issuer', async () => {
  const { vendor, server } = createWorld()
  const of = async (changes: object) => {
    const outcome = await server.authenticate(`Bearer ${vendor.token({ ...changes })}`)
    return outcome.kind === 'authenticated' ? callerOf(outcome.auth) : ''
  }
  const first = await of({ jti: '1' })
  expect(await of({ jti: '2' })).toBe(first)
  expect(await of({ sub: 'user_2' })).not.toBe(first)
  expect(await of({ client_id: 'another' })).not.toBe(first)
})

describe('options that cannot be right', () => {
  const good = { resource, authorizationServers: [issuer] }
  const secret = 'a secret of at least thirty-two bytes'
  const untyped = (options: object) => options as object
  const introspecting = (more: object) => ({
    validation: { type: 'introspection' } as const,
    introspection: { clientId: 'a', clientSecret: 'b', ...more },
  })
  test.each<[string, ResourceServerOptions]>([
    ['https', { ...good, resource: 'http://mcp.engines.example/mcp' }],
    ['fragment', { ...good, resource: `${resource}#a` }],
    ['query', { ...good, resource: `${resource}?a=b` }],
    ['at least one', { ...good, authorizationServers: [] }],
    ['https', { ...good, authorizationServers: ['http://docs.engines.example'] }],
    ['two of them', { ...good, authorizationServers: [issuer, { issuer, validation: { type: 'jwt', secret } }] }],
    ['HS256 needs a secret', { ...good, validation: { type: 'jwt', algorithms: ['RS256', 'HS256'] } }],
    ['exclude each other', { ...good, validation: { type: 'jwt', secret, jwksUri: `${issuer}/keys` } }],
    ['32 bytes', { ...good, validation: { type: 'jwt', secret: 'short' } }],
    ['HS256 only', { ...good, validation: { type: 'jwt', secret, algorithms: ['RS256'] } }],
    ['jwksUri', { ...good, validation: { type: 'jwt', jwksUri: 'http://keys.example' } }],
    ['clientId', { ...good, validation: { type: 'introspection' } }],
    ['at most one of them', { ...good, ...introspecting({}), authorizationServers: [issuer, 'https://other.example'] }],
    ['must not be empty', { ...good, validation: { type: 'jwt', audience: [] } }],
    ['not a scope', { ...good, scopes: { required: ['a b'] } }],
    ['clockTolerance', { ...good, clockTolerance: 3600 }],
    // What JavaScript lets through, such as a value of the environment.
    ['clockTolerance', { ...good, ...untyped({ clockTolerance: '5' }) }],
    ['cacheMaxAge', { ...good, validation: { type: 'jwt', cacheMaxAge: Number.NaN } }],
    ['cacheMaxStale', { ...good, validation: { type: 'jwt', ...untyped({ cacheMaxStale: '1' }) } }],
    ['cacheTtl', { ...good, ...introspecting({ cacheTtl: '30000' }) }],
    ['clientId', { ...good, ...introspecting({ clientSecret: undefined }) }],
    ['otherAudiences', { ...good, validation: { type: 'jwt', ...untyped({ otherAudiences: 'account' }) } }],
    ['clientIds', { ...good, validation: { type: 'jwt', ...untyped({ withoutAudience: { clientIds: 'abc' } }) } }],
    ['scopes.required', { ...good, scopes: untyped({ required: 'tools:read' }) }],
    ['scopes.tools', { ...good, scopes: untyped({ tools: { write: 'tools:write' } }) }],
  ])('are refused at once: %s [F-003-11]', (message, options) => {
    expect(() => createResourceServer(options)).toThrow(message)
  })

  test('http on this machine is allowed', () => {
    expect(() => createResourceServer({ resource: 'http://localhost:3000/mcp', authorizationServers: ['http://127.0.0.1:4000'] })).not.toThrow() // biome-ignore format: one line
  })
})

test('events say what happened, without the token [F-003-17]', async () => {
  const { vendor, status, events } = createWorld()
  const token = vendor.token({ aud: 'https://other.example/mcp', email: 'ada@engines.example' })
  await status(token)
  expect(events).toEqual([{ kind: 'refused', status: 401, reason: 'claim aud' }])
})
