import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import { entraTenant, type VendorName, vendors } from '../../dev/oidc/vendors/vendors.ts'
import {
  authorizePath,
  createHarness,
  newPkce,
  reader,
  redirectUri,
  register,
  TestBrowser,
  token,
} from '../../dev/worlds/authorization-server.ts'
import { subjectOf } from '../oauth/grants/record.ts'
import type { Identity, Provider } from '../oauth/providers/provider.ts'
import { defaultBrand } from '../pages/brand.ts'
import { parseProviders } from '../settings/providers.ts'
import { composeProviders } from './providers.ts'

const issuer = 'https://docs.example'
const secret = 'a-secret-of-the-provider'

let running: VendorServer[] = []
let own: Provider
/** Who signs in at the default provider. */
let identity: Identity
beforeEach(() => {
  own = {
    id: 'default',
    authorizationUrl: async ({ state }) => new URL(`https://login.example/authorize?state=${state}`),
    identify: async () => identity,
  }
  identity = reader
})
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()))
  running = []
})

const callbackOf = (name: string) => `${issuer}/mcp/callback/${name}`

async function start(vendor: VendorName, name: string = vendor, more: object = {}): Promise<VendorServer> {
  const server = await startVendor(vendor, {
    clientSecret: secret,
    redirectUris: [callbackOf(name)],
    ...more,
  })
  running.push(server)
  return server
}

/** The settings of each vendor that are not in every entry. */
const usual: Readonly<Record<VendorName, object>> = {
  auth0: {},
  google: {},
  okta: { organization_claim: 'groups', organizations: ['engineers'] },
  entra: { organizations: [entraTenant, '99999999-2222-4333-8444-555555555555'] },
  cognito: { organization_claim: 'custom:company' },
  workos: {},
  keycloak: { scopes: ['organization'] },
  github: {},
  oidc: { organization: { id: 'engines', name: 'Analytical Engines' } },
}

const issuerOf = (server: VendorServer) =>
  ['entra', 'google', 'github'].includes(server.vendor) ? server.origin : server.issuer

function entryOf(server: VendorServer, more: object = {}) {
  return {
    name: server.vendor,
    preset: server.vendor,
    issuer: issuerOf(server),
    client_id: server.clientId,
    client_secret_variable: 'MCP_PROVIDER_SECRET_ONE',
    ...usual[server.vendor],
    ...more,
  }
}

const variable = (name: string) => (name === 'MCP_PROVIDER_SECRET_ONE' ? secret : undefined)
const listOf = (json: unknown, hasDefault = true) => ({ json, variable, hasDefault })

async function offered(entries: readonly object[], withDefault = true) {
  const configuration = { admins: [], signIn: null, brand: defaultBrand }
  const { at } = await composeProviders(configuration, listOf(entries, withDefault))
  return at(issuer, withDefault && own)
}

/** A service with these providers beside the default one, a browser, and a client. */
async function world(entries: readonly object[], options: { withDefault?: boolean; harness?: object } = {}) {
  const providers = await offered(entries, options.withDefault)
  const harness = createHarness({ providers, ...options.harness })
  return { harness, browser: new TestBrowser(harness), client: await register(harness), pkce: newPkce() }
}
type World = Awaited<ReturnType<typeof world>>

/** Chooses a provider on the consent page. Returns where the browser is sent. */
async function choose({ browser, client, pkce }: World, name: string, parameters: Record<string, string> = {}) {
  const page = await (await browser.open(authorizePath(client, pkce, parameters))).text()
  const answer = await browser.press(page, `approve:${name}`)
  expect(answer.status).toBe(303)
  return new URL(answer.headers.get('location') ?? '')
}

/** Visits the provider, which sends the browser back. */
async function visit(url: URL): Promise<URL> {
  const answer = await fetch(url, { redirect: 'manual' })
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`the provider shows a page: ${await answer.text()}`)
  return new URL(location)
}

const back = ({ browser }: World, at: URL) => browser.open(at.pathname + at.search)

async function signIn(at: World, name: string, parameters?: Record<string, string>) {
  return back(at, await visit(await choose(at, name, parameters)))
}

/** Redeems the code of an answer at the client. Returns what was recorded. */
async function recorded(at: World, answer: Response) {
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: at.client }
  const { status, body } = await token(at.harness, { ...form, code_verifier: at.pkce.verifier })
  expect(status).toBe(200)
  const claims = JSON.parse(Buffer.from(body.access_token?.split('.')[1] ?? '', 'base64url').toString())
  await expect.poll(() => at.harness.signIns.length).toBeGreaterThan(0)
  return { claims, signIn: at.harness.signIns.at(-1) }
}

const codeAt = (answer: Response) => new URL(answer.headers.get('location') ?? 'none:').searchParams.get('code')

async function pageOf(answer: Response) {
  const text = await answer.text()
  return { status: answer.status, title: /<h1[^>]*>([^<]*)/.exec(text)?.[1], text }
}

const expected: Readonly<Record<VendorName, object>> = {
  auth0: { organization: { id: 'auth0:org_9ybsU1dN2dKfDkBi', name: 'engines' } },
  google: { organization: { id: 'google:engines.example' } },
  okta: { organization: { id: 'okta:engineers' } },
  entra: { organization: { id: `entra:${entraTenant}` } },
  cognito: { organization: { id: 'cognito:engines' } },
  workos: { organization: { id: 'workos:org_01EHZNVPK3SFK441A1RGBFSHRT' } },
  keycloak: { organization: { id: 'keycloak:42c3e46f-2477-44d7-a85b-d3b43f6b31fa', name: 'engines' } },
  // GitHub proves no company: its address does not count as verified by an OpenID Provider.
  github: {},
  oidc: { organization: { id: 'oidc:engines', name: 'Analytical Engines' } },
}

const names = Object.keys(vendors).filter((name): name is VendorName => name in vendors)

describe.each(names)('a person of %s', (name) => {
  test('signs in with a verified address and the organization of its own claim [N6 F-001-27]', async () => {
    const server = await start(name)
    const at = await world([entryOf(server)])
    const { claims, signIn: record } = await recorded(at, await signIn(at, name))
    const person = vendors[name].person
    const iss = name === 'entra' ? `${server.origin}/${entraTenant}/v2.0` : issuerOf(server)
    const sub = 'id' in person ? String(person.id) : person.sub
    expect(record).toMatchObject({ email: 'ada@engines.example', provider: name, ...expected[name] })
    expect(record?.emailVerified).toBe(name === 'github' ? undefined : true)
    if (name === 'github') expect(record).not.toHaveProperty('organization')
    expect(record?.sub).toBe(subjectOf(iss, sub))
    expect(claims).toMatchObject({ idp: name, email: 'ada@engines.example' })
    expect(server.tokenRequests).toHaveLength(1)
  })

  test('begins again when the code is refused, and then gets a page', async () => {
    const server = await start(name)
    const at = await world([entryOf(server)])
    const callback = await visit(await choose(at, name))
    callback.searchParams.set('code', 'another')
    const again = await back(at, callback)
    expect(again.status).toBe(303)
    expect(new URL(again.headers.get('location') ?? '').origin).toBe(server.origin)
  })

  test('who refuses there sends the client access_denied', async () => {
    const server = await start(name)
    server.refusal = { error: 'access_denied', description: 'AADSTS65004: User declined to consent.' }
    const at = await world([entryOf(server)])
    const answer = await signIn(at, name)
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
  })
})

describe('an address that the provider has not verified', () => {
  const cases: readonly [VendorName, string, object][] = [
    ['auth0', 'email_verified false', { email_verified: false }],
    ['okta', 'no email_verified', { email_verified: undefined }],
    ['google', 'another domain than gmail.com, without hd', { hd: undefined }],
    ['google', 'hd, but email_verified false', { email_verified: false }],
    ['entra', 'no xms_edov', { xms_edov: undefined }],
    ['entra', 'xms_edov as a text', { xms_edov: 'true' }],
    ['entra', 'xms_edov as a number', { xms_edov: 1 }],
    ['entra', 'preferred_username and upn alone', { email: undefined, upn: 'ada@engines.example' }],
    ['entra', 'email_verified instead of xms_edov', { xms_edov: undefined, email_verified: true }],
    ['cognito', 'email_verified "false"', { email_verified: 'false' }],
    ['keycloak', 'email_verified false', { email_verified: false }],
    ['workos', 'email_verified false', { email_verified: false }],
    [
      'github',
      'a primary address that is not verified',
      { emails: [{ email: 'a@b.example', primary: true, verified: false }] },
    ],
    ['github', 'no primary address', { emails: [{ email: 'a@b.example', primary: false, verified: true }] }],
    ['github', 'a profile that shows an address', { email: 'a@b.example', emails: [] }],
    [
      'github',
      'a hidden address',
      { emails: [{ email: '1+ada@users.noreply.github.com', primary: true, verified: true }] },
    ],
    ['oidc', 'no email_verified', { email_verified: undefined }],
  ]
  test.each(cases)('%s: %s: a page says what to do, and the client gets no code', async (name, _what, changes) => {
    const server = await start(name)
    server.person = { ...server.person, ...changes }
    const at = await world([entryOf(server)])
    const { status, title, text } = await pageOf(await signIn(at, name))
    expect([status, title]).toEqual([403, expect.stringMatching(/did not confirm enough about you$/)])
    expect(text).toMatch(/verif|vouches|owns the domain/i)
    expect(text).toContain('Start again')
    expect(text).not.toContain('Redpanda Cloud did not')
  })

  test.each(cases)('%s: %s: is left out where the operator says so', async (name, _what, changes) => {
    const server = await start(name)
    server.person = { ...server.person, ...changes }
    const at = await world([entryOf(server, { email: 'optional' })])
    const { signIn: record } = await recorded(at, await signIn(at, name))
    expect(record).not.toHaveProperty('email')
    expect(record).not.toHaveProperty('emailVerified')
  })

  test('Google vouches for gmail.com without hd', async () => {
    const server = await start('google')
    server.person = { sub: '1', email: 'ada@gmail.com', email_verified: true }
    const at = await world([entryOf(server)])
    expect((await recorded(at, await signIn(at, 'google'))).signIn).toMatchObject({ email: 'ada@gmail.com' })
  })
})

describe('organizations', () => {
  test.each<[VendorName, object, object]>([
    ['google', { organizations: ['other.example'] }, {}],
    ['google', { organizations: ['engines.example'] }, { hd: undefined, email: 'ada@gmail.com' }],
    ['auth0', { organizations: ['org_other'] }, {}],
    ['okta', { organization_claim: 'groups', organizations: ['admins'] }, {}],
    ['entra', { organizations: ['99999999-2222-4333-8444-555555555555', '88888888-2222-4333-8444-555555555555'] }, {}],
  ])('%s: people outside the list of %j get a page', async (name, more, changes) => {
    const server = await start(name)
    server.person = { ...server.person, ...changes }
    const at = await world([entryOf(server, more)])
    const { status, text } = await pageOf(await signIn(at, name))
    expect([status, text]).toEqual([403, expect.stringContaining('ask its operator to add yours')])
  })

  test('Entra: any tenant only where the operator says any, and the issuer must be that of the tenant [N6]', async () => {
    const server = await start('entra')
    const at = await world([entryOf(server, { organizations: 'any' })])
    const tid = '77777777-2222-4333-8444-555555555555'
    server.person = { ...server.person, tid }
    const { signIn: record } = await recorded(at, await signIn(at, 'entra'))
    expect(record?.sub).toBe(subjectOf(`${server.origin}/${tid}/v2.0`, String(server.person.sub)))
    for (const changes of [
      { iss: `${server.origin}/${entraTenant}/v2.0` },
      { tid: undefined },
      { tid: '{tenantid}' },
    ]) {
      server.person = { ...vendors.entra.person, tid, ...changes }
      const answer = await signIn(at, 'entra')
      expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('server_error')
    }
  })

  test('Entra: with one tenant, only its own metadata and issuer count [N6]', async () => {
    const server = await start('entra')
    const at = await world([entryOf(server, { organizations: [entraTenant] })])
    expect((await recorded(at, await signIn(at, 'entra'))).signIn).toMatchObject({ provider: 'entra' })
    server.person = { ...server.person, tid: '77777777-2222-4333-8444-555555555555' }
    expect((await signIn(at, 'entra')).status).toBe(403)
  })

  test('Entra: a key that names another tenant signs for no other tenant [N6]', async () => {
    const server = await start('entra')
    server.keyMembers = { issuer: `${server.origin}/99999999-2222-4333-8444-555555555555/v2.0` }
    const at = await world([entryOf(server)])
    const answer = await signIn(at, 'entra')
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('error')).toBe('server_error')
  })

  test('Keycloak: of several organizations none counts, unless the list has it', async () => {
    const server = await start('keycloak')
    server.person = { ...server.person, organization: ['engines', 'looms'] }
    const first = await world([entryOf(server)])
    expect((await recorded(first, await signIn(first, 'keycloak'))).signIn).not.toHaveProperty('organization')
    const second = await world([entryOf(server, { organizations: ['looms'] })])
    expect((await recorded(second, await signIn(second, 'keycloak'))).signIn).toMatchObject({
      organization: { id: 'keycloak:looms' },
    })
  })
})

describe('what providers do in their own way', () => {
  test.each<[VendorName, string, string | null]>([
    ['google', 'login', 'select_account'],
    ['okta', 'select_account', 'login'],
    ['workos', 'select_account', 'login'],
    ['github', 'login', 'select_account'],
    ['entra', 'login', 'login'],
  ])('%s is asked for prompt=%s as %s', async (name, prompt, sent) => {
    const server = await start(name)
    const at = await world([entryOf(server)])
    expect(codeAt(await signIn(at, name, { prompt }))).toBeTruthy()
    expect(server.authorizationRequests.at(-1)?.get('prompt')).toBe(sent)
  })

  test.each<[VendorName, string, string, string]>([
    ['entra', 'invalid_request', 'AADSTS50105: The user is not assigned to a role.', 'access_denied'],
    ['entra', 'access_denied', 'AADSTS65001: The user has not consented.', 'consent_required'],
    ['entra', 'invalid_grant', 'AADSTS50076: You must use multi-factor authentication.', 'interaction_required'],
    ['entra', 'unauthorized_client', 'AADSTS700016: Application was not found.', 'server_error'],
    ['cognito', 'invalid_request', 'PreSignUp failed with error Not for you.', 'access_denied'],
    ['cognito', 'invalid_request', 'unauthorized_client', 'server_error'],
    ['github', 'redirect_uri_mismatch', 'The redirect_uri MUST match.', 'server_error'],
    ['github', 'application_suspended', 'Your application has been suspended.', 'access_denied'],
    ['google', 'admin_policy_enforced', '', 'access_denied'],
  ])('%s: %s with "%s" is %s for the client, which is told no word of it', async (name, error, description, told) => {
    const server = await start(name)
    server.refusal = { error, description }
    const at = await world([entryOf(server)])
    const { searchParams } = new URL((await signIn(at, name)).headers.get('location') ?? '')
    expect(searchParams.get('error')).toBe(told)
    if (description !== '') expect(searchParams.get('error_description')).not.toContain(description.slice(0, 8))
    expect(JSON.stringify(at.harness.log)).not.toContain('AADSTS')
  })

  test('GitHub: the person stays the same when the login changes hands [N6]', async () => {
    const server = await start('github')
    const at = await world([entryOf(server)])
    const before = (await recorded(at, await signIn(at, 'github'))).signIn
    server.person = { ...server.person, login: 'countess' }
    expect((await recorded(at, await signIn(at, 'github'))).signIn?.sub).toBe(before?.sub)
    server.person = { ...vendors.github.person, id: 1 }
    expect((await recorded(at, await signIn(at, 'github'))).signIn?.sub).not.toBe(before?.sub)
    server.person = { ...vendors.github.person, id: 'ada' }
    expect(codeAt(await signIn(at, 'github'))).toBeNull()
  })
})

describe('attacks of one provider on another [N10]', () => {
  /** An honest provider, and one that its operator uses for attacks. */
  async function both(more: object = {}) {
    const honest = await start('keycloak', 'honest')
    const evil = await start('oidc', 'evil', { clientId: honest.clientId })
    const at = await world([entryOf(honest, { name: 'honest' }), entryOf(evil, { name: 'evil', ...more })])
    return { honest, evil, at }
  }
  const refused = { status: 403, title: 'This sign-in cannot be finished here' }

  test('a code of the honest one at the callback of the other goes nowhere, and the sign-in can still be finished', async () => {
    const { honest, evil, at } = await both()
    const callback = await visit(await choose(at, 'honest'))
    const wrong = new URL(callback)
    for (const path of ['/mcp/callback/evil', '/mcp/callback', '/mcp/callback/honest/', '/mcp/callback/nobody']) {
      wrong.pathname = path
      expect(await pageOf(await back(at, wrong))).toMatchObject(refused)
    }
    expect([...honest.tokenRequests, ...evil.tokenRequests]).toEqual([])
    expect(codeAt(await back(at, callback))).toBeTruthy()
  })

  test('a state of the other at the honest callback is refused', async () => {
    const { honest, evil, at } = await both()
    const callback = await visit(await choose(at, 'evil'))
    callback.pathname = '/mcp/callback/honest'
    expect(await pageOf(await back(at, callback))).toMatchObject(refused)
    expect([...honest.tokenRequests, ...evil.tokenRequests]).toEqual([])
  })

  test('the other sends the browser on to the honest one, which knows neither that callback nor that client', async () => {
    const { honest, evil, at } = await both()
    evil.sendsTo = (request) => new URL(`${honest.origin}${vendors.keycloak.authorizePath}${request.search}`)
    const first = await visit(await choose(at, 'evil'))
    await expect(visit(first)).rejects.toThrow('redirect_uri_mismatch')
  })

  test('the other sends the browser on with the honest callback: the code comes with a state of another provider', async () => {
    const { honest, evil, at } = await both()
    evil.sendsTo = (request) => {
      const url = new URL(`${honest.origin}${vendors.keycloak.authorizePath}${request.search}`)
      url.searchParams.set('redirect_uri', callbackOf('honest'))
      return url
    }
    const atHonest = await visit(await visit(await choose(at, 'evil')))
    expect(atHonest.pathname).toBe('/mcp/callback/honest')
    expect(await pageOf(await back(at, atHonest))).toMatchObject(refused)
    expect([...honest.tokenRequests, ...evil.tokenRequests]).toEqual([])
  })

  test('an honest one that takes any callback still names itself, and the other never sees its code [RFC 9207]', async () => {
    const honest = await start('keycloak', 'honest', { redirectUris: [callbackOf('honest'), callbackOf('evil')] })
    const evil = await start('oidc', 'evil', { clientId: honest.clientId })
    const at = await world([entryOf(honest, { name: 'honest' }), entryOf(evil, { name: 'evil' })])
    evil.sendsTo = (request) => new URL(`${honest.origin}${vendors.keycloak.authorizePath}${request.search}`)
    const callback = await visit(await visit(await choose(at, 'evil')))
    expect(callback.pathname).toBe('/mcp/callback/evil')
    expect(codeAt(await back(at, callback))).toBeNull()
    expect(evil.tokenRequests).toEqual([])
  })

  test.each(['https://accounts.google.com', 'http://localhost:1/realms/docs', ''])(
    'an answer with iss %j at the own callback is refused',
    async (iss) => {
      const { honest, at } = await both()
      const callback = await visit(await choose(at, 'honest'))
      callback.searchParams.set('iss', iss)
      expect(codeAt(await back(at, callback))).toBeNull()
      expect(honest.tokenRequests).toEqual([])
    },
  )

  test('metadata that names the honest issuer, or a person of it, signs no user in', async () => {
    const { honest, evil, at } = await both()
    evil.person = { ...evil.person, iss: honest.issuer }
    expect(codeAt(await signIn(at, 'evil'))).toBeNull()
    const later = await both()
    later.evil.metadata = { issuer: later.honest.issuer, token_endpoint: `${later.evil.origin}/token` }
    const page = await (await later.at.browser.open(authorizePath(later.at.client, later.at.pkce))).text()
    expect((await later.at.browser.press(page, 'approve:evil')).status).toBe(503)
  })

  test('the same subject at two providers is two people, and the default one keeps its key [F-07]', async () => {
    const { honest, evil, at } = await both()
    evil.person = { ...evil.person, sub: honest.person.sub }
    identity = { issuer: 'https://login.example/', sub: String(honest.person.sub) }
    const subs = []
    for (const name of ['honest', 'evil']) subs.push((await recorded(at, await signIn(at, name))).signIn?.sub)
    const url = await choose(at, 'default')
    const answer = await at.browser.open(`/mcp/callback?code=c&state=${url.searchParams.get('state')}`)
    const { signIn: record, claims } = await recorded(at, answer)
    expect(new Set([...subs, record?.sub]).size).toBe(3)
    expect(record?.sub).toBe(subjectOf('https://login.example/', String(honest.person.sub)))
    expect(record).not.toHaveProperty('provider')
    expect(claims).not.toHaveProperty('idp')
  })

  test('an address of a domain that is listed for another provider counts nowhere else [N7]', async () => {
    const honest = await start('keycloak', 'honest')
    const evil = await start('oidc', 'evil')
    const entries = [
      entryOf(honest, { name: 'honest', email_domains: ['engines.example'] }),
      entryOf(evil, { name: 'evil' }),
    ]
    const at = await world(entries)
    expect((await recorded(at, await signIn(at, 'honest'))).signIn).toMatchObject({ emailVerified: true })
    for (const email of [
      'ada@engines.example',
      'ada@Engines.Example',
      'ada@mail.engines.example',
      'ada@engines.example.',
    ]) {
      evil.person = { ...evil.person, email }
      const { status, text } = await pageOf(await signIn(at, 'evil'))
      expect([status, text]).toEqual([403, expect.stringContaining('sign in with Keycloak')])
    }
    identity = { ...reader, email: 'ada@engines.example' }
    const url = await choose(at, 'default')
    const answer = await at.browser.open(`/mcp/callback?code=c&state=${url.searchParams.get('state')}`)
    expect((await recorded(at, answer)).signIn).toMatchObject({ email: 'ada@engines.example', emailVerified: false })
  })

  test('a provider for a domain speaks for those below it, except the ones that another provider lists [N7]', async () => {
    const [wide, near] = [await start('oidc', 'wide'), await start('oidc', 'near')]
    const at = await world([
      entryOf(wide, { name: 'wide', email_domains: ['engines.example'] }),
      entryOf(near, { name: 'near', email_domains: ['lab.engines.example'] }),
    ])
    const statusOf = async (provider: typeof wide, name: string, email: string) => {
      provider.person = { ...provider.person, email, email_verified: true }
      return (await signIn(at, name)).status
    }
    for (const [email, speaker] of [
      ['ada@engines.example', 'wide'],
      ['ada@mail.engines.example', 'wide'],
      ['ada@lab.engines.example', 'near'],
      ['ada@x.lab.engines.example', 'near'],
    ] as const) {
      const refused = { wide: await statusOf(wide, 'wide', email), near: await statusOf(near, 'near', email) }
      expect([email, refused[speaker], refused[speaker === 'wide' ? 'near' : 'wide']]).toEqual([email, 303, 403])
    }
    const page = await (await at.browser.open(authorizePath(at.client, at.pkce))).text()
    const found = await at.browser.press(page, 'approve:@', {}, { address: 'ada@x.lab.engines.example' })
    expect(new URL(found.headers.get('location') ?? '').origin).toBe(near.origin)
  })

  test('an organization of one provider cannot be claimed at another', async () => {
    const { evil, at } = await both({ organization: undefined, organization_claim: 'org' })
    for (const org of ['org_1', 'honest:42c3e46f-2477-44d7-a85b-d3b43f6b31fa']) {
      evil.person = { ...evil.person, org }
      expect((await recorded(at, await signIn(at, 'evil'))).signIn?.organization).toEqual({ id: `evil:${org}` })
    }
  })

  test('the code goes to the provider where the sign-in began, after the list was reordered; a provider that is gone gets a page', async () => {
    const honest = await start('keycloak', 'honest')
    const evil = await start('oidc', 'evil')
    const entries = [entryOf(honest, { name: 'honest' }), entryOf(evil, { name: 'evil' })]
    const secrets = {
      current: new Uint8Array(Buffer.from('0123456789abcdef0123456789abcdef')),
      previous: [],
      retired: [],
    }
    const before = await world(entries, { harness: { secrets } })
    const callback = await visit(await choose(before, 'honest'))
    const move = async (list: readonly object[]): Promise<World> => {
      const next = await world(list, { harness: { secrets, store: before.harness.store } })
      next.harness.clock = before.harness.clock
      for (const [name, value] of before.browser.cookies) next.browser.cookies.set(name, value)
      return { ...next, client: before.client, pkce: before.pkce }
    }
    const gone = await move([entries[1] ?? {}])
    expect(await pageOf(await back(gone, callback))).toMatchObject({ status: 503 })
    const swapped = await move([entryOf(honest, { name: 'evil' }), entryOf(evil, { name: 'honest' })])
    expect(await pageOf(await back(swapped, callback))).toMatchObject({ status: 503 })
    expect([...honest.tokenRequests, ...evil.tokenRequests]).toEqual([])
    const reordered = await move([...entries].reverse())
    expect(codeAt(await back(reordered, callback))).toBeTruthy()
    expect([honest.tokenRequests.length, evil.tokenRequests.length]).toEqual([1, 0])
  })

  test('GitHub at /mcp/callback would send its codes to other callbacks: the settings refuse that', async () => {
    const github = await start('github')
    const entry = entryOf(github, { name: 'default' })
    expect(parseProviders(listOf([entry], false)).providers).toHaveLength(1)
    const beside = parseProviders(listOf([entry, entryOf(await start('oidc'))], false))
    expect(beside.providers.map(({ name }) => name)).toEqual(['oidc'])
    expect(beside.complaints.join()).toContain('provider default must have another name')
  })
})

describe('the consent page', () => {
  const buttonsIn = (html: string) =>
    [...html.matchAll(/value="(approve[^"]*)">([^<]*)/g)].map(([, value, label]) => [value, label])
  const open = async (at: World, more: Record<string, string> = {}) =>
    (await at.browser.open(authorizePath(at.client, at.pkce, more))).text()

  test('stays as it is with one provider, listed or not', async () => {
    const plain = createHarness()
    const before = await (await new TestBrowser(plain).open(authorizePath(await register(plain), newPkce()))).text()
    expect(buttonsIn(before)).toEqual([['approve', 'Continue with Redpanda Cloud']])
    const google = await start('google')
    const at = await world([entryOf(google)], { withDefault: false })
    const page = await open(at)
    expect(buttonsIn(page)).toEqual([['approve', 'Continue with Google']])
    expect(page.length - before.length).toBeLessThan(200)
    const answer = await at.browser.press(page, 'approve')
    const callback = await visit(new URL(answer.headers.get('location') ?? ''))
    expect(callback.pathname).toBe('/mcp/callback/google')
    expect(codeAt(await back(at, callback))).toBeTruthy()
  })

  test('has a button for each provider, and a field for the address where some have no button', async () => {
    const [google, okta] = [await start('google'), await start('okta')]
    const at = await world([
      entryOf(okta, { email_domains: ['engines.example'], button: false }),
      entryOf(google, { label: 'Google <b>' }),
    ])
    expect(parseProviders(listOf([entryOf(google, { label: 'Google <b>' })])).complaints.join()).toContain('label')
    const page = await open(at)
    expect(buttonsIn(page)).toEqual([
      ['approve:@', 'Continue with this address'],
      ['approve:default', 'Continue with Redpanda Cloud'],
    ])
    const unknown = await at.browser.press(page, 'approve:@', {}, { address: 'ada@elsewhere.example' })
    const again = await unknown.text()
    expect([unknown.status, again]).toEqual([200, expect.stringContaining('No company sign-in is set up')])
    expect(again).toContain('value="ada@elsewhere.example"')
    const found = await at.browser.press(again, 'approve:@', {}, { address: ' Ada@ENGINES.example ' })
    expect(new URL(found.headers.get('location') ?? '').origin).toBe(okta.origin)
    expect(JSON.stringify(at.harness.log)).not.toMatch(/elsewhere|engines/i)
  })

  test('leads with the provider of the domain that the client names as login_hint, and tells no provider', async () => {
    const okta = await start('okta')
    const at = await world([entryOf(okta, { email_domains: ['engines.example'], button: false })])
    const page = await open(at, { login_hint: 'ada@engines.example' })
    expect(buttonsIn(page).map(([value]) => value)).toEqual(['approve:okta', 'approve:default'])
    expect(buttonsIn(await open(at, { login_hint: 'victim@elsewhere.example' })).map(([value]) => value)).toEqual([
      'approve:@',
      'approve:default',
    ])
    await at.browser.press(page, 'approve:okta')
    expect(JSON.stringify(okta.authorizationRequests.map(String))).not.toContain('login_hint')
  })

  test('a button that the page does not have cancels, and that of an instance with one provider means the default one', async () => {
    const at = await world([entryOf(await start('okta'))])
    const page = await open(at)
    const other = await at.browser.press(page, 'approve:constructor')
    expect(new URL(other.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
    const old = await at.browser.press(page, 'approve')
    expect(new URL(old.headers.get('location') ?? '').host).toBe('login.example')
  })

  test('is shown even where the operator switched it off, because the user must choose', async () => {
    const at = await world([entryOf(await start('okta'))], {
      harness: { interstitial: false, trustedRedirects: ['app.example'] },
    })
    const client = await register(at.harness, { redirect_uris: ['https://app.example/cb'] })
    const path = authorizePath(client, at.pkce, { redirect_uri: 'https://app.example/cb' })
    expect((await at.browser.open(path, { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200)
  })
})

test('a provider that does not answer is named on the page', async () => {
  const okta = await start('okta')
  const at = await world([entryOf(okta)])
  await okta.stop()
  const page = await (await at.browser.open(authorizePath(at.client, at.pkce))).text()
  expect(await pageOf(await at.browser.press(page, 'approve:okta'))).toMatchObject({
    status: 503,
    title: 'Okta is not responding',
  })
})
