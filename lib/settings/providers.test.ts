import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { parseAdmin } from '../account/admins.ts'
import { readAll } from './all.ts'
import { adminsAmong, parseProviders, placesOf } from './providers.ts'
import { newSecret } from './secrets.ts'

const variables: Readonly<Record<string, string>> = { MCP_PROVIDER_SECRET_ONE: 'a-secret-of-the-provider' }
const tenants = ['11111111-2222-4333-8444-555555555555', '99999999-2222-4333-8444-555555555555'] as const

function parse(
  json: unknown,
  { hasDefault = true, defaultIssuer }: { hasDefault?: boolean; defaultIssuer?: string } = {},
) {
  return parseProviders({ json, variable: (name) => variables[name], hasDefault }, defaultIssuer)
}

/** A sound entry. */
const okta = { name: 'engines', preset: 'okta', issuer: 'https://engines.okta.com', client_id: '0oa1' }
const secretIn = { client_secret_variable: 'MCP_PROVIDER_SECRET_ONE' }
const google = { name: 'google', preset: 'google', client_id: 'g', ...secretIn }
const github = { name: 'github', preset: 'github', client_id: 'h', ...secretIn }
const entra = { name: 'entra', preset: 'entra', client_id: 'e', organizations: [tenants[0]] }
const oidc = { name: 'sso', preset: 'oidc', issuer: 'https://sso.example', client_id: 'docs' }

const usual = (more: object) => ({ ...okta, ...more })
const without = (member: keyof typeof okta) => ({ ...okta, [member]: undefined })

describe('an entry of MCP_PROVIDERS', () => {
  test.each<[string, unknown, string]>([
    ['no object', 'okta', 'must have a name'],
    ['a list', [], 'must have a name'],
    ['null', null, 'must have a name'],
    ['no name', without('name'), 'must have a name'],
    ['an empty name', usual({ name: '' }), 'must have a name'],
    ['a name with capitals', usual({ name: 'Engines' }), 'must have a name'],
    ['a name with a dot', usual({ name: 'engines.example' }), 'must have a name'],
    ['a name with a slash', usual({ name: 'a/b' }), 'must have a name'],
    ['a name that leads elsewhere', usual({ name: '..' }), 'must have a name'],
    ['a name with a percent sign', usual({ name: '%2e%2e' }), 'must have a name'],
    ['a name of 21 characters', usual({ name: 'a'.repeat(21) }), 'must have a name'],
    ['a name that ends in a hyphen', usual({ name: 'engines-' }), 'must have a name'],
    ['a name that is no text', usual({ name: 7 }), 'must have a name'],
    ['the name of the default provider', usual({ name: 'default' }), 'give this one another name'],
    ['a member too many', usual({ clientId: 'x' }), 'has a member that is not one of a provider'],
    ['a misspelled member', usual({ email_domain: ['engines.example'] }), 'has a member that is not one of a provider'],
    [
      'a member of every object',
      JSON.parse('{"name":"engines","__proto__":{"preset":"okta"}}'),
      'has a member that is not',
    ],
    ['its secret', usual({ client_secret: 'in-clear' }), 'must not have client_secret'],
    ['no preset', without('preset'), 'must have a preset: auth0, google'],
    ['an unknown preset', usual({ preset: 'ping' }), 'must have a preset'],
    ['a preset that is a member of every object', usual({ preset: 'constructor' }), 'must have a preset'],
    ['a preset that is no text', usual({ preset: ['okta'] }), 'must have a preset'],
    ['an empty label', usual({ label: ' ' }), 'must have a label'],
    ['a long label', usual({ label: 'x'.repeat(41) }), 'must have a label'],
    ['a label of two lines', usual({ label: 'a\nb' }), 'must have a label'],
    ['a label that turns the text around', usual({ label: 'a\u202eb' }), 'must have a label'],
    ['a label with markup', usual({ label: '<b>' }), 'must have a label'],
    ['no issuer', without('issuer'), 'must have an issuer'],
    ['an http issuer', usual({ issuer: 'http://engines.okta.com' }), 'must have an issuer'],
    ['an issuer that is no URL', usual({ issuer: 'engines.okta.com' }), 'must have an issuer'],
    ['an issuer in capitals', usual({ issuer: 'https://Engines.okta.com' }), 'must have an issuer'],
    ['an issuer with the default port', usual({ issuer: 'https://engines.okta.com:443' }), 'must have an issuer'],
    ['an issuer with a user', usual({ issuer: 'https://a:b@engines.okta.com' }), 'must have an issuer'],
    ['an issuer with a query', usual({ issuer: 'https://engines.okta.com/?x' }), 'must have an issuer'],
    ['an issuer with a fragment', usual({ issuer: 'https://engines.okta.com/#x' }), 'must have an issuer'],
    [
      'the address of the metadata',
      usual({ issuer: `${okta.issuer}/.well-known/openid-configuration` }),
      'must have an issuer',
    ],
    [
      'an http issuer in the place of Google’s',
      { ...google, issuer: 'http://accounts.google.com' },
      'must have an issuer',
    ],
    ['no client id', without('client_id'), 'must have a client_id'],
    ['an empty client id', usual({ client_id: '' }), 'must have a client_id'],
    ['a client id with a space', usual({ client_id: '0oa 1' }), 'must have a client_id'],
    [
      'a secret in another variable',
      usual({ client_secret_variable: 'MCP_OAUTH_SECRET' }),
      'begins with MCP_PROVIDER_SECRET_',
    ],
    [
      'a secret in a variable of the system',
      usual({ client_secret_variable: 'PATH' }),
      'begins with MCP_PROVIDER_SECRET_',
    ],
    ['a variable that is not set', usual({ client_secret_variable: 'MCP_PROVIDER_SECRET_TWO' }), 'that is not set'],
    ['no secret at Google', { ...google, client_secret_variable: undefined }, 'it has no public clients'],
    ['no secret at GitHub', { ...github, client_secret_variable: undefined }, 'it has no public clients'],
    ['scopes as one text', usual({ scopes: 'groups' }), 'must have scopes'],
    ['a scope with a space', usual({ scopes: ['a b'] }), 'must have scopes'],
    ['offline_access', usual({ scopes: ['offline_access'] }), 'must have scopes'],
    ['a domain in capitals', usual({ email_domains: ['Engines.example'] }), 'must have email_domains'],
    ['a domain with an at sign', usual({ email_domains: ['@engines.example'] }), 'must have email_domains'],
    ['a whole top-level domain', usual({ email_domains: ['example'] }), 'must have email_domains'],
    ['a domain with a star', usual({ email_domains: ['*.engines.example'] }), 'must have email_domains'],
    ['no button and no domain', usual({ button: false }), 'without a button, they find it'],
    ['a button that is a text', usual({ button: 'false' }), 'must have button as true or false'],
    ['no tenants at Entra ID', { ...entra, organizations: undefined }, 'must have organizations'],
    ['a list of no tenants', { ...entra, organizations: [] }, 'must have organizations'],
    ['any beside tenants', { ...entra, organizations: ['any', tenants[0]] }, 'that are tenant ids'],
    ['a tenant by its domain', { ...entra, organizations: ['engines.example'] }, 'that are tenant ids'],
    ['organizations of GitHub', { ...github, organizations: ['engines'] }, 'at GitHub they are no companies'],
    [
      'a fixed organization of GitHub',
      { ...github, organization: { id: 'engines' } },
      'at GitHub they are no companies',
    ],
    [
      'an organization without an id',
      usual({ organization: { name: 'Engines' } }),
      'must have an organization with an id',
    ],
    [
      'an organization with a member too many',
      usual({ organization: { id: 'a', domain: 'b' } }),
      'must have an organization',
    ],
    ['a claim that is no text', usual({ organization_claim: ['groups'] }), 'must have an organization_claim'],
    ['the claim of a name alone', usual({ organization_name_claim: 'org_name' }), 'beside organization_claim'],
    ['another word for email', usual({ email: 'any' }), 'must have email as verified or optional'],
    ['role_claims as a text', usual({ role_claims: 'true' }), 'must have role_claims as true or false'],
  ])('with %s is left out, alone, and the complaint quotes no value', (_, entry, complaint) => {
    const { providers, complaints } = parse([entry, oidc])
    expect(providers.map(({ name }) => name)).toEqual(['sso'])
    expect(complaints).toEqual([expect.stringMatching(/^: provider (?:\[0\]|[a-z]+) /)])
    expect(complaints[0]).toContain(complaint)
    expect(complaints[0]).not.toMatch(/0oa|in-clear|a-secret|engines\.okta|evil/)
  })

  test.each<[string, object]>([
    ['Okta', okta],
    ['Google', google],
    ['GitHub', github],
    ['Entra ID', entra],
    ['Entra ID of every tenant', { ...entra, organizations: 'any' }],
    ['a label in another script', usual({ label: '分析エンジン' })],
    ['an issuer with a slash', usual({ issuer: 'https://engines.eu.auth0.com/', preset: 'auth0' })],
    ['http on this machine', usual({ issuer: 'http://localhost:9000' })],
    ['no button', usual({ button: false, email_domains: ['engines.example'] })],
  ])('is taken: %s', (_, entry) => {
    expect(parse([entry])).toMatchObject({ providers: [{ clientId: expect.any(String) }], complaints: [] })
  })

  test('with the name default is the default provider where no other setting names one', () => {
    expect(parse([usual({ name: 'default' })], { hasDefault: false }).providers).toMatchObject([{ name: undefined }])
  })
})

const guides = join(repository, 'docs/providers')
test.each(readdirSync(guides))(
  'the entry in the guide %s is sound, says the path of its callback, and how to check it',
  (file) => {
    const text = readFileSync(join(guides, file), 'utf8')
    const [, json = ''] = /```json\n([^`]*)```/.exec(text) ?? []
    const entries = [JSON.parse(json.replaceAll('…', 'x'))].flat()
    const read = parseProviders({ json: entries, variable: () => 'a-secret', hasDefault: true })
    expect(read).toMatchObject({ providers: entries.map(({ name }: { name: string }) => ({ name })), complaints: [] })
    if (file !== 'README.md') expect(read.providers[0]?.preset).toBe(file.replace('.md', ''))
    expect(text).toContain('/mcp/callback/')
    expect(text).toMatch(/`npm run doctor\b/)
  },
)

describe('two entries of MCP_PROVIDERS', () => {
  const other = { ...okta, name: 'looms', issuer: 'https://looms.okta.com' }
  const several = (organizations: unknown, name = 'second') => ({ ...entra, name, organizations })
  test.each<[string, object, object, string]>([
    [
      'the same name, and so the same callback',
      okta,
      { ...other, name: 'engines' },
      'has the name of another provider',
    ],
    ['the same issuer', okta, { ...other, issuer: okta.issuer }, 'has the issuer of another provider'],
    [
      'the same issuer with a slash',
      okta,
      { ...other, issuer: `${okta.issuer}/` },
      'has the issuer of another provider',
    ],
    ['the issuer that a preset has', google, { ...google, name: 'second' }, 'has the issuer of another provider'],
    [
      'that issuer written out',
      google,
      { ...oidc, issuer: 'https://accounts.google.com' },
      'has the issuer of another',
    ],
    ['GitHub twice', github, { ...github, name: 'second' }, 'has the issuer of another provider'],
    ['a tenant in common', several([tenants[0]], 'first'), several(tenants), 'has the issuer of another provider'],
    ['every tenant, and one', several('any', 'first'), several([tenants[1]]), 'has the issuer of another provider'],
    ['one tenant, and every', several([tenants[1]], 'first'), several('any'), 'has the issuer of another provider'],
    [
      'an email domain in common',
      { ...okta, email_domains: ['engines.example'] },
      { ...other, email_domains: ['looms.example', 'engines.example'] },
      'has an email domain of another provider',
    ],
  ])('with %s: the second is left out', (_, first, second, complaint) => {
    const { providers, complaints } = parse([first, second])
    expect(providers).toMatchObject([{ preset: 'preset' in first ? first.preset : '' }])
    expect(complaints).toEqual([expect.stringContaining(complaint)])
  })

  test('of tenants that differ, or of issuers that only begin the same, are both taken', () => {
    expect(parse([several([tenants[0]], 'first'), several([tenants[1]])]).complaints).toEqual([])
    expect(parse([okta, { ...other, issuer: `${okta.issuer}/oauth2/default` }]).complaints).toEqual([])
  })

  test('an entry with the issuer of the default provider is left out', () => {
    const { providers, complaints } = parse([okta, oidc], { defaultIssuer: `${okta.issuer}/` })
    expect([providers.map(({ name }) => name), complaints]).toEqual([
      ['sso'],
      [': provider engines has the issuer of another provider: one person would come from two'],
    ])
    const tenant = `https://login.microsoftonline.com/${tenants[0]}/v2.0`
    expect(parse([several('any')], { defaultIssuer: tenant }).providers).toEqual([])
    expect(parse([several([tenants[1]])], { defaultIssuer: tenant }).complaints).toEqual([])
  })

  test('and something that is no list of at most 100', () => {
    for (const json of [{}, 'okta', null, Array(101).fill(okta)]) {
      expect(parse(json)).toEqual({ providers: [], complaints: [' must be a JSON array of at most 100 providers'] })
    }
  })
})

describe('MCP_ADMINS with several providers', () => {
  const { providers } = parse([okta, github, { ...entra, organizations: [...tenants] }, google])
  const among = (entry: string, from = providers, defaultIssuer: string | undefined = 'https://login.example/') => {
    const parsed = parseAdmin(entry)
    if (!parsed) throw new Error(`no entry: ${entry}`)
    return adminsAmong([parsed], { providers: from, defaultIssuer })
  }

  test.each<[string, object]>([
    ['engines ada@engines.example', { name: 'engines', who: { email: 'ada@engines.example' } }],
    ['https://engines.okta.com ada@engines.example', { name: 'engines', who: { email: 'ada@engines.example' } }],
    ['https://engines.okta.com/ ada@engines.example', { name: 'engines', who: { email: 'ada@engines.example' } }],
    ['google org:engines.example', { name: 'google', who: { organizationId: 'google:engines.example' } }],
    ['google org:google:engines.example', { name: 'google', who: { organizationId: 'google:engines.example' } }],
    // An organization of one provider cannot be claimed at another.
    ['google org:entra:x', { name: 'google', who: { organizationId: 'google:entra:x' } }],
    ['default ada@docs.example', { name: 'default', who: { email: 'ada@docs.example' } }],
    ['default org:org_1', { name: 'default', who: { organizationId: 'org_1' } }],
    ['https://login.example ada@docs.example', { name: 'default', who: { email: 'ada@docs.example' } }],
    [
      'entra org:11111111-2222-4333-8444-555555555555',
      { name: 'entra', who: { organizationId: `entra:${tenants[0]}` } },
    ],
  ])('%s is an admin [N6]', (entry, admin) => {
    expect(among(entry)).toEqual({ admins: [admin], complaints: [] })
  })

  test.each([
    ['ada@engines.example', 'with several providers, each value must begin with the name or the issuer of one'],
    ['org:engines.example', 'with several providers, each value must begin with the name or the issuer of one'],
    ['looms ada@engines.example', 'the name or issuer before an entry must be that of a provider'],
    ['https://evil.example ada@engines.example', 'the name or issuer before an entry must be that of a provider'],
    ['https://engines.okta.com.evil.example ada@engines.example', 'must be that of a provider'],
    ['github ada@engines.example', 'a person at GitHub cannot be an admin'],
    ['https://github.com ada@engines.example', 'a person at GitHub cannot be an admin'],
  ])('%s is a mistake, and there is no admin [N6]', (entry, complaint) => {
    expect(among(entry)).toEqual({ admins: [], complaints: [expect.stringContaining(complaint)] })
  })

  test('a mistake in one entry leaves no admin: the operator must not believe that the others are all', () => {
    const entries = ['engines ada@engines.example', 'ben@engines.example'].flatMap((text) => parseAdmin(text) ?? [])
    expect(adminsAmong(entries, { providers, defaultIssuer: undefined }).admins).toEqual([])
  })

  test('with one provider in all, the provider may be left out', () => {
    const only = providers.slice(0, 1)
    const admins = [{ name: 'engines', who: { email: 'ada@engines.example' } }]
    expect(adminsAmong([{ who: { email: 'ada@engines.example' } }], { providers: only, defaultIssuer: undefined })).toEqual({ admins, complaints: [] }) // biome-ignore format: one line
    expect(among('ada@engines.example', only).admins).toEqual([])
  })
})

describe('the settings together', () => {
  const complete = { MCP_OAUTH_SECRET: newSecret(), KAPA_API_KEY: 'key', MCP_OAUTH_OWN_HOST: 'true', ...variables }
  const site = { issuer: 'https://docs.example', storeName: 's', production: true }
  const read = (env: Readonly<Record<string, string>>) => readAll({ ...complete, ...env }, site)
  const list = JSON.stringify([okta, { ...google, client_id: undefined }])

  test('a wrong entry takes no service down, and the other provider signs people in', async () => {
    const { providers, outOfService, problems } = await read({ MCP_PROVIDERS: list })
    expect([providers.map(({ name }) => name), [...outOfService]]).toEqual([['engines'], []])
    expect(problems.map(({ text }) => text)).toEqual(['MCP_PROVIDERS: provider google must have a client_id'])
  })

  test('without any usable provider, sign-in is out of service', async () => {
    const { outOfService } = await read({ MCP_PROVIDERS: '[{"name":"x"}]' })
    expect([...outOfService]).toContain('sign-in')
  })

  test('an admin without a provider closes the account pages, and nothing else', async () => {
    const env = { MCP_PROVIDERS: JSON.stringify([okta, google]), MCP_ADMINS: 'ada@engines.example' }
    const { account, admins, outOfService } = await read(env)
    expect([account, admins, [...outOfService]]).toEqual([null, [], ['account']])
  })

  test('the provider of UPSTREAM_ISSUER counts as one of several', async () => {
    const own = { UPSTREAM_CLIENT_ID: 'c', UPSTREAM_ISSUER: 'https://login.example/' }
    const env = { ...own, MCP_PROVIDERS: JSON.stringify([okta, { ...oidc, issuer: 'https://login.example' }]) }
    const { providers, admins, problems } = await read({ ...env, MCP_ADMINS: 'default ada@docs.example' })
    expect(problems.map(({ text }) => text)).toEqual([
      'MCP_PROVIDERS: provider sso has the issuer of another provider: one person would come from two',
    ])
    expect([providers.map(({ name }) => name), admins.map(({ name }) => name)]).toEqual([['engines'], ['default']])
    expect(placesOf(providers, own.UPSTREAM_ISSUER).map(({ name }) => name)).toEqual(['default', 'engines'])
  })

  const hash = 'a'.repeat(64)
  const revoker = (more: object) => JSON.stringify([{ name: 'tool', token_sha256: hash, ...more }])
  const several = JSON.stringify([okta, { ...entra, organizations: [...tenants] }])
  test.each<[string, object, object]>([
    ['by the name of a provider', { people: 'engines' }, { people: 'https://engines.okta.com', provider: 'engines' }],
    [
      'by its issuer',
      { people: 'https://engines.okta.com/' },
      { people: 'https://engines.okta.com', provider: 'engines' },
    ],
    [
      'by the issuer of one tenant',
      { people: `https://login.microsoftonline.com/${tenants[0]}/v2.0` },
      { people: `https://login.microsoftonline.com/${tenants[0]}/v2.0`, provider: null },
    ],
    [
      'by the issuer of a company',
      { people: 'https://company.example' },
      { people: 'https://company.example', provider: null },
    ],
  ])('a service that may end people says whom it reaches: %s [N4]', async (_, more, expected) => {
    const { logout, problems } = await read({ MCP_PROVIDERS: several, MCP_OAUTH_REVOKERS: revoker(more) })
    expect([logout?.revokers, problems]).toEqual([[expect.objectContaining(expected)], []])
  })

  test.each<[string, object, string]>([
    ['nothing', {}, 'must have the name or the issuer of a provider as people'],
    ['a name that no provider has', { people: 'looms' }, 'must have the name or the issuer of a provider as people'],
    ['a provider for several tenants', { people: 'entra' }, 'must have the issuer of one tenant as people'],
  ])('a service that may end people and says %s is left out [N4]', async (_, more, complaint) => {
    const { logout, problems } = await read({ MCP_PROVIDERS: several, MCP_OAUTH_REVOKERS: revoker(more) })
    expect([logout?.revokers, problems.map(({ text }) => text)]).toEqual([
      [],
      [`MCP_OAUTH_REVOKERS: entry 1 ${complaint}`],
    ])
  })

  test('with one provider in all, such a service reaches its people', async () => {
    const { logout } = await read({ MCP_PROVIDERS: JSON.stringify([okta]), MCP_OAUTH_REVOKERS: revoker({}) })
    expect(logout?.revokers).toMatchObject([{ people: 'https://engines.okta.com', provider: 'engines' }])
  })
})
