import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, createBrowser } from '../../dev/browser/jar.ts'
import { openConsentPage, personSignsIn, redirectOf } from '../../dev/browser/person.ts'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import { type VendorName, vendors } from '../../dev/oidc/vendors/vendors.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { createV2Client } from '../clients/sdk-v2.ts'
import { open, signInToAccount } from '../support/account.ts'
import { codeOf, registerClient, tokensOf } from '../support/oauth-client.ts'
import { form, json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

const secret = 'client-secret-of-this-service-at-a-provider'
const names = Object.keys(vendors).filter((name): name is VendorName => name in vendors)
const more: Readonly<Partial<Record<VendorName, object>>> = {
  entra: { organizations: 'any' },
  okta: {
    organization_claim: 'groups',
    organizations: ['engineers'],
    email_domains: ['looms.example'],
    button: false,
  },
}
/** Bearer tokens of services that may end people: one for each of these two providers. */
const revokers = { keycloak: randomBytes(32).toString('base64url'), auth0: randomBytes(32).toString('base64url') }

let stack: Stack
let servers: readonly VendorServer[]

beforeAll(async () => {
  keepSecret(secret, ...Object.values(revokers))
  const port = await freePorts()
  const callback = (name: string) => `${localUrl(port)}/mcp/callback/${name}`
  servers = await Promise.all(
    names.map((name) => startVendor(name, { clientSecret: secret, redirectUris: [callback(name)] })),
  )
  const list = servers.map(({ vendor, origin, issuer, clientId }) => ({
    name: vendor,
    preset: vendor,
    issuer: ['entra', 'google', 'github'].includes(vendor) ? origin : issuer,
    client_id: clientId,
    client_secret_variable: 'MCP_PROVIDER_SECRET_ALL',
    ...more[vendor],
  }))
  const entries = Object.entries(revokers).map(([name, token]) => {
    return { name: `tool-of-${name}`, token_sha256: sha256(token), people: name, domains: ['engines.example'] }
  })
  const settings = {
    MCP_PROVIDERS: JSON.stringify([...list, { name: 'broken', preset: 'oidc', issuer: 'https://broken.example' }]),
    MCP_PROVIDER_SECRET_ALL: secret,
    MCP_OAUTH_REVOKERS: JSON.stringify(entries),
  }
  stack = await startStack({ port, settings })
})
afterAll(async () => {
  await stack?.stop()
  await Promise.all((servers ?? []).map(({ stop }) => stop()))
})

afterEach(() => {
  for (const server of servers) Object.assign(server, { person: vendors[server.vendor].person, sendsTo: undefined })
})
const serverOf = (name: VendorName): VendorServer => {
  const found = servers.find(({ vendor }) => vendor === name)
  if (!found) throw new Error(`no stand-in for ${name}`)
  return found
}
/** How a user finds a provider on the consent page. */
const wayTo = (provider: string) => (provider === 'okta' ? { address: 'ada@looms.example' } : { provider })

/** Connects a real client. Its user signs in at the provider. Returns what the service says about the user. */
async function whoSignsIn(provider: string): Promise<string> {
  const client = createV2Client({ mcpUrl: new URL(stack.mcpUrl), clientMetadataUrl: undefined, fetch }, {})
  try {
    await client.connect().catch(async (error) => {
      const authorizationUrl = client.authorizationUrl()
      if (!client.asksForSignIn(error) || !authorizationUrl) throw error
      const person = { email: 'ada@example.com', browser: createWatchedBrowser() }
      await client.finishAuth(await personSignsIn({ authorizationUrl, ...wayTo(provider), ...person }))
      await client.connect()
    })
    return (await client.use('whoami', {})).texts.join('\n')
  } finally {
    await client.close()
  }
}

test.each(names)('MCP_PROVIDERS: the user of a real client signs in at %s and is known to /mcp', async (name) => {
  expect(await whoSignsIn(name)).toContain('ada@engines.example')
})

test.each<[VendorName, string, object]>([
  ['auth0', 'has not verified the address', { email_verified: false }],
  ['google', 'does not speak for the address', { hd: undefined }],
  ['okta', 'names a group that may not sign in', { groups: ['visitors'] }],
  ['entra', 'names an address that its tenant does not own', { xms_edov: 'true' }],
  ['cognito', 'has not verified the address', { email_verified: 'false' }],
  ['workos', 'names no address', { email: undefined }],
  ['keycloak', 'writes the flag as a number', { email_verified: 1 }],
  [
    'github',
    'has not verified the primary address',
    { emails: [{ email: 'a@b.example', primary: true, verified: false }] },
  ],
  ['oidc', 'leaves the flag out', { email_verified: undefined }],
])('MCP_PROVIDERS: %s %s: a page says so, and the client gets no code', async (name, _what, changes) => {
  const server = serverOf(name)
  server.person = { ...server.person, ...changes }
  const { authorizationRequest } = await registerClient(stack.url)
  const user = { authorizationUrl: authorizationRequest().url, email: '', browser: createWatchedBrowser() }
  await expect(personSignsIn({ ...user, ...wayTo(name) })).rejects.toThrow(/answered 403: .+ did not confirm enough/)
})

test('MCP_PROVIDERS: the default provider has its button beside the others, and its callback stays', async () => {
  expect(await whoSignsIn('default')).toContain('ada@example.com')
})

test('MCP_PROVIDERS: a provider without a button is found by the domain of an email address', async () => {
  const browser = createBrowser()
  const { authorizationRequest } = await registerClient(stack.url)
  const page = await browser.fetch(authorizationRequest().url)
  expect(await page.text()).not.toContain('Continue with Okta')
  const hinted = authorizationRequest({ login_hint: 'ada@looms.example' })
  expect(await (await browser.fetch(hinted.url)).text()).toContain('Continue with Okta')
  const consent = await openConsentPage(browser, hinted.url)
  const okta = servers.find(({ vendor }) => vendor === 'okta')
  expect((await redirectOf(await consent.press('approve:okta'), 'the approval')).origin).toBe(okta?.origin)
})

test('MCP_PROVIDERS: a mistake takes one provider out of service, and the log names it', async () => {
  const browser = createBrowser()
  const { authorizationRequest } = await registerClient(stack.url)
  const page = await (await browser.fetch(authorizationRequest().url)).text()
  expect(page).toContain('Continue with Keycloak')
  expect(page).not.toContain('value="approve:broken"')
  await expect.poll(() => stack.logs.join('\n')).toContain('MCP_PROVIDERS: provider broken must have a client_id')
})

test('MCP_PROVIDERS: a code of one provider at the callback of another is refused by the artifact [N10]', async () => {
  const browser = createBrowser()
  const { authorizationRequest } = await registerClient(stack.url)
  const page = await openConsentPage(browser, authorizationRequest().url)
  const toEntra = await redirectOf(await page.press('approve:entra'), 'the approval')
  const callback = new URL((await browser.fetch(toEntra)).headers.get('location') ?? '')
  expect([callback.pathname, toEntra.pathname]).toEqual(['/mcp/callback/entra', vendors.entra.authorizePath])
  const entra = servers.find(({ vendor }) => vendor === 'entra')
  const before = servers.map(({ tokenRequests }) => tokenRequests.length)
  for (const name of ['google', 'github', 'nobody']) {
    const wrong = new URL(callback)
    wrong.pathname = `/mcp/callback/${name}`
    expect((await browser.fetch(wrong)).status).toBe(403)
  }
  expect(servers.map(({ tokenRequests }) => tokenRequests.length)).toEqual(before)
  const sent = entra?.tokenRequests.length ?? 0
  expect((await redirectOf(await browser.fetch(callback), 'the callback')).searchParams.get('code')).toBeTruthy()
  expect(entra?.tokenRequests.length).toBe(sent + 1)
})

test('MCP_PROVIDERS: a provider that sends users on to another one gets neither that one’s code nor a sign-in [N10]', async () => {
  const [evil, honest] = [serverOf('oidc'), serverOf('keycloak')]
  evil.sendsTo = (request) => {
    const url = new URL(honest.origin + vendors.keycloak.authorizePath + request.search)
    url.searchParams.set('client_id', honest.clientId)
    url.searchParams.set('redirect_uri', `${stack.url}/mcp/callback/keycloak`)
    return url
  }
  const [before, asked] = [
    servers.map(({ tokenRequests }) => tokenRequests.length),
    honest.authorizationRequests.length,
  ]
  const { authorizationRequest } = await registerClient(stack.url)
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, authorizationRequest().url)
  let answer = await browser.fetch(await redirectOf(await page.press('approve:oidc'), 'the approval'))
  for (let step = 0; step < 2; step++) answer = await browser.fetch(answer.headers.get('location') ?? '')
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('cannot be finished here')])
  expect(honest.authorizationRequests.length).toBe(asked + 1)
  expect(servers.map(({ tokenRequests }) => tokenRequests.length)).toEqual(before)
})

describe('MCP_PROVIDERS: a sign-out at a provider', () => {
  const signInTo = (provider: string) =>
    signInToAccount(stack.url, { query: new URLSearchParams({ return: '/account', provider }).toString() })
  const isSignedIn = async (browser: Browser) =>
    (await open(browser, `${stack.url}/account`)).html.includes('ada@engines.example')
  const report = async (path: string, token: string) => {
    keepSecret(token)
    return (await send(`${stack.url}/oauth/backchannel-logout${path}`, form(`logout_token=${token}`))).status
  }

  test.each(['auth0', 'google', 'okta', 'cognito', 'workos', 'keycloak', 'oidc'] as const)(
    'ends the browser session of a person of %s, at the endpoint of that provider alone [N4]',
    async (name) => {
      const server = serverOf(name)
      const [{ browser }, other] = await Promise.all([signInTo(name), signInTo('entra')])
      expect([await isSignedIn(browser), await isSignedIn(other.browser)]).toEqual([true, true])
      // The page names the provider of this person, and a sign-in that must be repeated goes there.
      const again = await open(browser, `${stack.url}/account/delete`)
      expect(again.html).toContain(`&amp;fresh=true&amp;provider=${name}"`)
      const token = await server.logoutToken()
      const wrong = names.filter((each) => each !== name && each !== 'github' && each !== 'entra')
      for (const path of ['', ...wrong.map((each) => `/${each}`)])
        expect([path, await report(path, token)]).toEqual([path, 400])
      expect(await isSignedIn(browser)).toBe(true)
      expect(await report(`/${name}`, token)).toBe(200)
      expect([await isSignedIn(browser), await isSignedIn(other.browser)]).toEqual([false, true])
    },
  )

  test('is not served for a provider that signs no logout tokens, nor for a name that no provider has [N4]', async () => {
    const token = await serverOf('keycloak').logoutToken()
    for (const path of ['/github', '/entra', '/broken', '/default', '/constructor', '/keycloak/', '/keycloak/more']) {
      expect([path, await report(path, token)]).toEqual([path, 404])
    }
  })
})

test('MCP_OAUTH_REVOKERS: with several providers, each service reaches the people of its own only, by address, ID or subject [N4]', async () => {
  const client = await registerClient(stack.url)
  const signIn = async (provider: VendorName) => {
    const request = client.authorizationRequest()
    const user = { authorizationUrl: request.url, email: '', browser: createWatchedBrowser() }
    const { accessToken, refreshToken } = tokensOf(
      await client.redeem(request, codeOf(await personSignsIn({ ...user, provider }))),
    )
    const { sub: id } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
    const recorded = () => stack.store().get(`users/${id}`, new AbortController().signal)
    await expect.poll(recorded).toMatchObject({ value: { provider } })
    return { id: String(id), isLive: async () => (await client.refresh(refreshToken)).status === 200, refreshToken }
  }
  const revoke = (by: keyof typeof revokers, sub_id: object) => {
    const { headers, ...request } = json(JSON.stringify({ sub_id }))
    return send(`${stack.url}/oauth/global-token-revocation`, {
      ...request,
      headers: { ...headers, authorization: `Bearer ${revokers[by]}` },
    })
  }
  const { issuer } = serverOf('keycloak')
  for (const format of ['email', 'opaque', 'iss_sub']) {
    const email = `${format}@engines.example`
    for (const name of ['keycloak', 'auth0'] as const) {
      const server = serverOf(name)
      server.person = { ...server.person, email, sub: format }
    }
    const [ada, other] = [await signIn('keycloak'), await signIn('auth0')]
    const about = {
      email: { email: email.toUpperCase() },
      opaque: { id: ada.id },
      iss_sub: { iss: issuer, sub: format },
    }[format]
    // The address belongs to a person of Auth0 as well. For the ID of a person of Keycloak, the answer is that for an unknown one.
    if (format !== 'email') {
      expect((await revoke('auth0', { format, ...about })).status).toBe(format === 'opaque' ? 204 : 403)
      expect([await ada.isLive(), await other.isLive()]).toEqual([true, true])
    }
    expect((await revoke('keycloak', { format, ...about })).status).toBe(204)
    expect([format, await ada.isLive(), await other.isLive()]).toEqual([format, false, true])
  }
})

test('MCP_PROVIDERS: no secret of a provider is in the log', () => {
  expect(stack.logs.join('\n')).not.toContain(secret)
})
