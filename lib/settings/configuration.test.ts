import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'
import type { Environment } from './reader.ts'
import { newSecret, parseSecret } from './secrets.ts'
import type { Site } from './site.ts'

const site = { issuer: 'https://docs.example', storeName: 's', production: true }
const local = { issuer: 'http://localhost:8888', storeName: 's', production: false }
const complete: Environment = { MCP_OAUTH_SECRET: newSecret(), UPSTREAM_CLIENT_ID: 'client', KAPA_API_KEY: 'key' }

/** Returns the configuration, with its problems as texts. */
function configured(env: Environment, at: Site) {
  const configuration = readConfiguration(env, at)
  return { ...configuration, problems: configuration.problems.map(({ text }) => text) }
}

describe('configuration', () => {
  test('needs three settings', () => {
    const { problems, signIn, mcp } = configured(complete, site)
    expect(problems).toEqual([])
    expect(signIn?.provider).toMatchObject({ kind: 'oidc', clientId: 'client' })
    expect(signIn?.lifetimes).toEqual({ accessToken: 3600, refreshToken: 2_592_000, grant: 15_552_000, grace: 60 })
    expect(mcp.requireAuth).toBe(false)
  })

  test('reports every missing or wrong setting at once, and repeats no value [O-10]', () => {
    const wrong = {
      MCP_OAUTH_SECRET: 'hunter2',
      MCP_OAUTH_ACCESS_TTL: '1e9',
      MCP_OAUTH_SIGNUP_URL: 'javascript:alert(1)',
      MCP_OAUTH_SIGNING_JWK: '{"kty":"RSA"}',
      MCP_BRAND_COLOR: 'red;}',
      MCP_OAUTH_INTERSTITIAL: 'false',
      MCP_OAUTH_CIMD_LOCAL_ORIGINS: 'https://localhost:9999',
      MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: 'javascript:alert(1)',
      MCP_OAUTH_INTROSPECTION_TOKENS: `${'x'.repeat(32)},hunter2`,
      MCP_OAUTH_ADVERTISE_ISS: 'no',
    }
    const { problems, signIn } = configured(wrong, site)
    expect(signIn).toBeNull()
    for (const name of [...Object.keys(wrong), 'UPSTREAM_CLIENT_ID', 'KAPA_API_KEY']) {
      expect(problems.join('\n')).toContain(name)
    }
    expect(problems.join('\n')).not.toMatch(/hunter2|1e9|alert|red;/)
  })

  test.each([
    'http://docs.example',
    'https://docs.example/',
    'https://docs.example/x',
    'https://DOCS.example',
    'ftp://x',
  ])('refuses the issuer %s [D-04 O-10]', (issuer) =>
    expect(configured(complete, { ...site, issuer }).signIn).toBeNull(),
  )

  test('accepts only a complete private RSA key of 2048 bits or more', () => {
    const withJwk = (jwk: object) => configured({ ...complete, MCP_OAUTH_SIGNING_JWK: JSON.stringify(jwk) }, site)
    const rsa = (modulusLength: number) =>
      generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' })
    const whole = rsa(2048)
    expect(withJwk(whole).problems).toEqual([])
    const { p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...bare } = whole
    const { d: _d, ...publicHalf } = bare
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const named = (kid: unknown) => ({ ...whole, kid })
    expect(withJwk(named('key-1')).problems).toEqual([])
    const mixed = { ...whole, n: rsa(2048).n }
    for (const wrong of [bare, publicHalf, rsa(1024), curve, {}, named(1), named(''), named('k'.repeat(200)), mixed]) {
      const { problems, signIn, signingJwk } = withJwk(wrong)
      expect([problems.length, signIn, signingJwk]).toEqual([1, null, undefined])
    }
  })

  test('REQUIRE_AUTH is on with the word true; any other word except false is reported, and counts as on [O-10 F-000-16]', () => {
    const read = (value: string) => configured({ ...complete, REQUIRE_AUTH: value }, site)
    for (const value of ['true', ' true '])
      expect([read(value).mcp.requireAuth, read(value).problems]).toEqual([true, []])
    for (const value of ['false', '']) expect([read(value).mcp.requireAuth, read(value).problems]).toEqual([false, []])
    for (const value of ['TRUE', '1', 'yes', 'on']) {
      expect([read(value).mcp.requireAuth, read(value).problems]).toEqual([
        true,
        ['REQUIRE_AUTH must be true or false'],
      ])
    }
  })
})

describe('the provider', () => {
  const { UPSTREAM_CLIENT_ID: _, ...without } = complete
  const kindOf = (env: Environment, at = local) => configured(env, at).signIn?.provider.kind

  test.each([
    ['a client id', complete, local, 'oidc'],
    ['its older name', { ...without, REDPANDA_OAUTH_CLIENT_ID: 'x' }, site, 'oidc'],
    ['a client id wins over the mock', { ...complete, NETLIFY_DEV: 'true' }, local, 'oidc'],
    ['nothing', without, local, undefined],
    ['NETLIFY_DEV', { ...without, NETLIFY_DEV: 'true' }, local, 'mock'],
    ['MCP_OAUTH_ALLOW_MOCK', { ...without, MCP_OAUTH_ALLOW_MOCK: 'true' }, local, 'mock'],
    ['a value other than true', { ...without, MCP_OAUTH_ALLOW_MOCK: '1' }, local, undefined],
    ['the mock in production', { ...without, MCP_OAUTH_ALLOW_MOCK: 'true', NETLIFY_DEV: 'true' }, site, undefined],
  ])('by %s', (_what, env, at, kind) => expect(kindOf(env, at)).toBe(kind))

  test.each<[string, Environment, string | undefined]>([
    ['is Redpanda’s by default', {}, 'https://auth.prd.cloud.redpanda.com/'],
    ['may be set by its older name', { REDPANDA_OAUTH_ISSUER: 'https://login.example/' }, 'https://login.example/'],
    ['has no default with another brand', { MCP_BRAND_NAME: 'Example' }, undefined],
  ])('%s [F-000-89]', (_what, env, issuer) => {
    const { signIn } = configured({ ...complete, ...env }, site)
    expect(signIn?.provider.kind === 'oidc' ? signIn.provider.issuer : undefined).toBe(issuer)
  })
})

describe('clients in the settings', () => {
  const web = {
    client_id: 'web',
    redirect_uris: ['https://portal.example/cb'],
    client_secret_sha256: 'a'.repeat(64),
  }
  const read = (value: string) => configured({ ...complete, MCP_OAUTH_CLIENTS: value }, site)

  test('are a JSON array; none by default [R-01]', () => {
    expect(read('').signIn?.configuredClients).toEqual([])
    expect(read(JSON.stringify([web])).signIn?.configuredClients).toMatchObject([
      { id: 'web', source: 'configuration' },
    ])
  })

  test.each(['web', '{}', JSON.stringify([{ ...web, client_secret: 'hunter22' }]), JSON.stringify([web, {}, null])])(
    'that are wrong disable the sign-in: each is named by its position, and no value is repeated: %s',
    (value) => {
      const { signIn, problems } = read(value)
      expect(signIn).toBeNull()
      for (const problem of problems) expect(problem).toMatch(/^MCP_OAUTH_CLIENTS(?:\[\d\])? (?!.*hunter22)/)
    },
  )
})

describe('limits and hardening', () => {
  const signIn = (env: Environment) => configured({ ...complete, ...env }, site).signIn

  test('20 registrations an hour and 30 documents in 10 minutes for each address, unless the operator sets other limits [R-12]', () => {
    expect(signIn({})?.limits).toEqual({
      registration: { limit: 20, windowSeconds: 3600 },
      allRegistrations: { limit: 10_000, windowSeconds: 3600 },
      metadataDocuments: { limit: 30, windowSeconds: 600 },
      exempt: [],
    })
    const off = {
      MCP_OAUTH_REGISTER_LIMIT: '0',
      MCP_OAUTH_REGISTER_TOTAL_LIMIT: '0',
      MCP_OAUTH_CIMD_LIMIT: '0',
      MCP_OAUTH_LIMIT_EXEMPT: '10.0.0.0/8, ::1/128',
    }
    expect(signIn(off)?.limits).toEqual({
      registration: undefined,
      allRegistrations: undefined,
      metadataDocuments: undefined,
      exempt: [expect.anything(), expect.anything()],
    })
  })

  test('60 tool calls in 15 minutes for each user and for each address, unless the operator sets other limits [B8-13]', () => {
    const limits = (env: Environment) => {
      const { user, address } = configured({ ...complete, ...env }, site).mcp.limits
      return { user, address }
    }
    const sixty = { limit: 60, windowSeconds: 900 }
    expect(limits({})).toEqual({ user: sixty, address: sixty })
    expect(limits({ MCP_USER_LIMIT: '200', MCP_ANONYMOUS_LIMIT: '0', MCP_LIMIT_WINDOW_SEC: '3600' })).toEqual({
      user: { limit: 200, windowSeconds: 3600 },
      address: undefined,
    })
    // A wrong limit falls back to the default limit. It does not remove the limit.
    expect(limits({ MCP_USER_LIMIT: '-1', MCP_LIMIT_WINDOW_SEC: '0' })).toEqual({ user: sixty, address: sixty })
    for (const name of ['MCP_USER_LIMIT', 'MCP_ANONYMOUS_LIMIT', 'MCP_LIMIT_WINDOW_SEC']) {
      const { problems } = configured({ ...complete, [name]: 'many' }, site)
      expect(problems).toEqual([expect.stringContaining(name)])
    }
  })

  test('by default every client may register, every host may serve documents, and no client is blocked', () => {
    expect(configured(complete, site)).toMatchObject({
      registrationOff: false,
      introspectionTokens: [],
      issNotAdvertised: false,
    })
    expect(signIn({})).toMatchObject({
      registrationToken: undefined,
      cimdAllowedHosts: undefined,
      blockedClients: { hashes: new Set(), hosts: new Set(), before: 0 },
    })
  })

  test.each(['short', 'x'.repeat(31), `${'x'.repeat(40)} x`, `"${'x'.repeat(40)}"`])(
    'a token of the operator like %j is refused',
    (value) => {
      expect(signIn({ MCP_OAUTH_REGISTRATION_TOKEN: value })).toBeNull()
      expect(signIn({ MCP_OAUTH_INTROSPECTION_TOKENS: `${newSecret()},${value}` })).toBeNull()
    },
  )

  test('a secret from npm run secret may be a registration token', () => {
    const token = newSecret()
    expect(signIn({ MCP_OAUTH_REGISTRATION_TOKEN: token })?.registrationToken).toBe(token)
  })
})

describe('a secret', () => {
  test('from npm run secret is accepted', () => {
    for (let i = 0; i < 100; i++) expect(parseSecret(newSecret())).toHaveLength(32)
  })

  test.each([
    ['short', 'a1B2'.repeat(10)],
    ['a passphrase', 'correct-horse-battery-staple-and-a-lot-of-other-words'],
    ['repetition', 'aB3'.repeat(20)],
    ['other characters', `${newSecret()}=`],
  ])('that is %s is refused', (_what, secret) => expect(parseSecret(secret)).toBeNull())
})
