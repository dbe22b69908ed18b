import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBrowser } from '../../dev/browser/jar.ts'
import { openConsentPage, personSignsIn, redirectOf } from '../../dev/browser/person.ts'
import { startVendor, type VendorServer } from '../../dev/oidc/vendors/server.ts'
import { type VendorName, vendors } from '../../dev/oidc/vendors/vendors.ts'
import { freePorts, localUrl } from '../../dev/start/ports.ts'
import { createWatchedBrowser, keepSecret } from '../../dev/worlds/secrets.ts'
import { createV2Client } from '../clients/sdk-v2.ts'
import { registerClient } from '../support/oauth-client.ts'
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
  oidc: { client_id: undefined },
}

let stack: Stack
let servers: readonly VendorServer[]

beforeAll(async () => {
  keepSecret(secret)
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
  const settings = { MCP_PROVIDERS: JSON.stringify(list), MCP_PROVIDER_SECRET_ALL: secret }
  stack = await startStack({ port, settings })
})
afterAll(async () => {
  await stack?.stop()
  await Promise.all((servers ?? []).map(({ stop }) => stop()))
})

/** Connects a real client. Its user signs in at the provider. Returns what the service says about the user. */
async function whoSignsIn(provider: string): Promise<string> {
  const client = createV2Client({ mcpUrl: new URL(stack.mcpUrl), clientMetadataUrl: undefined, fetch }, {})
  try {
    await client.connect().catch(async (error) => {
      const authorizationUrl = client.authorizationUrl()
      if (!client.asksForSignIn(error) || !authorizationUrl) throw error
      const person = { email: 'ada@example.com', browser: createWatchedBrowser() }
      await client.finishAuth(await personSignsIn({ authorizationUrl, provider, ...person }))
      await client.connect()
    })
    return (await client.use('whoami', {})).texts.join('\n')
  } finally {
    await client.close()
  }
}

test.each(names.filter((name) => name !== 'oidc' && name !== 'okta'))(
  'MCP_PROVIDERS: the user of a real client signs in at %s and is known to /mcp',
  async (name) => {
    expect(await whoSignsIn(name)).toContain('ada@engines.example')
  },
)

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
  expect(page).not.toContain('value="approve:oidc"')
  await expect.poll(() => stack.logs.join('\n')).toContain('MCP_PROVIDERS: provider oidc must have a client_id')
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

test('MCP_PROVIDERS: no secret of a provider is in the log', () => {
  expect(stack.logs.join('\n')).not.toContain(secret)
})
