import { createHash, randomUUID } from 'node:crypto'
import {
  Client,
  ClientCredentialsProvider,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import type { OAuthClientProvider as OlderProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import {
  ClientCredentialsProvider as OlderCredentials,
  PrivateKeyJwtProvider as OlderKey,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentitySystem, startIdentitySystem } from '../../dev/issuers/identity-system.ts'
import { keepSecret, keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { callTool } from '../support/mcp.ts'
import { type Stack, startStack } from '../support/stack.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const portal = 'docs-portal'
const secret = 'the secret of the portal in the test of companies'
const pair = await generateKeyPair('ES256', { extractable: true })
const tool = 'ask_redpanda_question'

let stack: Stack
let okta: IdentitySystem
let entra: IdentitySystem
let platform: IdentitySystem

beforeAll(async () => {
  keepSecret(secret)
  okta = await startIdentitySystem('okta', portal)
  entra = await startIdentitySystem('entra', portal)
  platform = await startIdentitySystem('platform', 'none')
  const clients = [
    {
      client_id: portal,
      client_name: 'Docs portal',
      grant_types: [jwtBearer, 'client_credentials'],
      client_secret_sha256: createHash('sha256').update(secret).digest('hex'),
    },
    {
      client_id: 'nightly',
      grant_types: ['client_credentials'],
      jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'n', alg: 'ES256' }] },
    },
  ]
  const tenants = [
    { name: 'acme', title: 'Acme Corporation', issuer: okta.issuer, domains: ['acme.example'] },
    { name: 'globex', issuer: entra.issuer, domains: ['globex.example'] },
  ]
  const claims = { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/*' }
  const machines = [
    { name: 'docs-ci', issuer: platform.issuer, claims },
    { name: 'portal-check', client: portal, limit: 2 },
    { name: 'nightly-check', client: 'nightly' },
  ]
  stack = await startStack({
    settings: {
      MCP_OAUTH_CLIENTS: JSON.stringify(clients),
      MCP_TENANTS: JSON.stringify(tenants),
      MCP_MACHINES: JSON.stringify(machines),
      MCP_MACHINE_LIMIT: '3',
      REQUIRE_WORK_EMAIL: 'true',
    },
  })
})
afterAll(async () => {
  await Promise.all([stack?.stop(), okta?.stop(), entra?.stop(), platform?.stop()])
})

/** Connects a client of the SDK, lists the tools, and asks a question. */
async function asks(authProvider: OAuthClientProvider) {
  const client = new Client({ name: 'company client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(stack.mcpUrl), { authProvider }))
  try {
    const { tools } = await client.listTools()
    const [question] = tools.filter(({ inputSchema }) => 'question' in (inputSchema.properties ?? {}))
    const answer = await client.callTool({
      name: question?.name ?? tool,
      arguments: { question: 'What is a sign-in?' },
    })
    keepSecret((await authProvider.tokens())?.access_token)
    return { tools: tools.length, isError: answer.isError === true }
  } finally {
    await client.close()
  }
}

async function send(form: Readonly<Record<string, string>>, authorization?: string) {
  const headers: HeadersInit = authorization === undefined ? {} : { authorization }
  const response = await fetch(`${stack.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form), headers })
  await keepSecretsOf(response)
  const body: { access_token?: string; error?: string; scope?: string } = await response.json()
  return { status: response.status, body, verdict: `${response.status} ${body.error ?? 'token'}` }
}

const basic = () => {
  const header = `Basic ${Buffer.from(`${portal}:${secret}`).toString('base64')}`
  keepSecret(header)
  return header
}

/** The steps of a client that exchanges an ID token at the identity system, as the official suite's client takes them. */
async function assertionOf(system: IdentitySystem, email: string): Promise<string> {
  const response = await fetch(system.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      audience: stack.url,
      resource: stack.mcpUrl,
      subject_token: await system.idToken(email),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      client_id: system.clientId,
      client_secret: system.clientSecret,
    }),
  })
  return (await response.json()).access_token
}

const present = (assertion: string) => send({ grant_type: jwtBearer, assertion }, basic())

describe('a person of a company of MCP_TENANTS', () => {
  test('gets an answer from the docs through the cross-app client of the SDK, without a page [E-01 E-07]', async () => {
    const provider = new CrossAppAccessProvider({
      clientId: portal,
      clientSecret: secret,
      expectedIssuer: stack.url,
      assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
        const granted = await discoverAndRequestJwtAuthGrant({
          idpUrl: okta.issuer,
          audience: authorizationServerUrl,
          resource: resourceUrl,
          idToken: await okta.idToken('ada@acme.example'),
          clientId: okta.clientId,
          clientSecret: okta.clientSecret,
          fetchFn,
          ...(scope !== undefined && { scope }),
        })
        return granted.jwtAuthGrant
      },
    })
    expect(await asks(provider)).toEqual({ tools: expect.any(Number), isError: false })
  })

  test('gets one with Entra ID, whose tenants share a set of keys, and again after a new key', async () => {
    const first = await present(await assertionOf(entra, 'grace@globex.example'))
    expect(first.verdict).toBe('200 token')
    await entra.rotateKeys()
    const second = await present(await assertionOf(entra, 'grace@globex.example'))
    expect(second.verdict).toBe('200 token')
    const whoami = await callTool(stack.mcpUrl, 'whoami', {}, second.body.access_token)
    expect(whoami.body.result?.structuredContent).toMatchObject({
      email: 'grace@globex.example',
      email_verified: true,
      organization: { id: 'tenant:globex', name: 'globex' },
    })
  })

  test('gets nothing for an assertion that was used, that is for another server or domain, or under an unknown key [E-04 E-08]', async () => {
    const assertion = await assertionOf(okta, 'ada@acme.example')
    expect((await present(assertion)).verdict).toBe('200 token')
    expect((await present(assertion)).verdict).toBe('400 invalid_grant')
    for (const claims of [
      { aud: 'https://other.example' },
      { email: 'ada@globex.example' },
      { client_id: 'nightly' },
    ]) {
      Object.assign(okta.faults, { claims })
      expect((await present(await assertionOf(okta, 'ada@acme.example'))).verdict).toBe('400 invalid_grant')
    }
    Object.assign(okta.faults, { claims: {}, signedBy: 'an unpublished key' })
    expect((await present(await assertionOf(okta, 'ada@acme.example'))).verdict).toBe('400 invalid_grant')
    Object.assign(okta.faults, { signedBy: 'its own key' })
    expect((await present(await assertionOf(okta, 'ada@acme.example'))).verdict).toBe('200 token')
    const told = stack.logs.filter((line) => line.includes('"assertion_refused"'))
    expect(told.map((line) => JSON.parse(line)).slice(0, 5)).toMatchObject(
      ['replayed', 'audience', 'email', 'client', 'signature'].map((word) => ({ from: 'acme', reason: `assertion-${word}`, attempt: expect.any(String) })),
    ) // biome-ignore format: one line
  })

  test('loses the token that the client revokes, at once on an instance that has not seen it [E-09]', async () => {
    const { body } = await present(await assertionOf(okta, 'linus@acme.example'))
    const revoked = await fetch(`${stack.url}/oauth/revoke`, { method: 'POST', headers: { authorization: basic() }, body: new URLSearchParams({ token: body.access_token ?? '' }) }) // biome-ignore format: one line
    expect(revoked.status).toBe(200)
    expect((await callTool(stack.mcpUrl, 'whoami', {}, body.access_token)).status).toBe(401)
  })
})

describe('a machine of MCP_MACHINES', () => {
  test('gets an answer by the token of its workflow, as a client of the SDK sends it [W-01]', async () => {
    let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
    const provider: OAuthClientProvider = {
      redirectUrl: undefined,
      clientMetadata: { redirect_uris: [], grant_types: [jwtBearer], token_endpoint_auth_method: 'none' },
      clientInformation: () => ({ client_id: 'a-workload', issuer: stack.url }),
      tokens: () => tokens,
      saveTokens: (saved) => {
        tokens = saved
      },
      redirectToAuthorization: () => {
        throw new Error('a workload has no page')
      },
      saveCodeVerifier: () => undefined,
      codeVerifier: () => '',
      prepareTokenRequest: async () => new URLSearchParams({ grant_type: jwtBearer, assertion: await platform.workloadToken(stack.url) }), // biome-ignore format: one line
    }
    expect(await asks(provider)).toEqual({ tools: expect.any(Number), isError: false })
  })

  test('gets one by client_credentials, with a secret or a key, through the clients of the SDK [K-01]', async () => {
    const options = { expectedIssuer: stack.url }
    expect((await asks(new ClientCredentialsProvider({ ...options, clientId: portal, clientSecret: secret }))).isError).toBe(false) // biome-ignore format: one line
    const privateKey = await exportPKCS8(pair.privateKey)
    const keyed = new PrivateKeyJwtProvider({ ...options, clientId: 'nightly', privateKey, algorithm: 'ES256' })
    expect((await asks(keyed)).isError).toBe(false)
  })

  test('may make as many calls as MCP_MACHINE_LIMIT or its own limit says, whichever token it sends', async () => {
    const tokens = await Promise.all(Array.from({ length: 2 }, () => send({ grant_type: 'client_credentials' }, basic())))
    const calls: number[] = []
    for (const count of [0, 1, 2]) {
      const answer = await callTool(stack.mcpUrl, 'whoami', {}, tokens[count % 2]?.body.access_token)
      calls.push(answer.status)
      if (answer.status === 429) expect(answer.headers.get('ratelimit-policy')).toContain('"machine";q=2')
    }
    expect(calls.at(-1)).toBe(429)
    const { body } = await send({ grant_type: jwtBearer, assertion: await platform.workloadToken(stack.url) })
    expect((await callTool(stack.mcpUrl, 'whoami', {}, body.access_token)).headers.get('ratelimit-policy')).toContain('q=3')
  }) // biome-ignore format: one line

  test('gets nothing for a workflow that no rule names, twice for one token, or for a wildcard that would cross a slash', async () => {
    const worked = async (claims: object = {}) => {
      const assertion = await platform.workloadToken(stack.url, { ...claims })
      return (await send({ grant_type: jwtBearer, assertion })).verdict
    }
    expect(await worked()).toBe('200 token')
    for (const claims of [
      { repository: 'evil/docs' },
      { repository_owner_id: '66' },
      { ref: 'refs/heads/a/b' },
      { ref: 'refs/tags/v1' },
      { aud: stack.url },
      { jti: undefined },
    ]) {
      expect(await worked(claims)).toBe('400 invalid_grant')
    }
    const assertion = await platform.workloadToken(stack.url, { jti: randomUUID() })
    const answers = await Promise.all(Array.from({ length: 20 }, () => send({ grant_type: jwtBearer, assertion })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })
})

test('refused exchanges look as those of the vendor, and an assertion of Entra ID without an address gives a person without one [E-02]', async () => {
  const exchange = (system: IdentitySystem, changes: Record<string, string>) =>
    fetch(system.tokenEndpoint, { method: 'POST', body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', client_id: system.clientId, client_secret: system.clientSecret, ...changes }) })
  const shape = { requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag', subject_token_type: 'urn:ietf:params:oauth:token-type:id_token', audience: stack.url, resource: stack.mcpUrl }
  const [ofOkta, ofEntra] = await Promise.all([
    exchange(okta, { ...shape, subject_token: await entra.idToken('grace@globex.example') }),
    exchange(entra, { ...shape, client_secret: 'wrong', subject_token: await entra.idToken('grace@globex.example') }),
  ])
  expect([ofOkta.status, await ofOkta.json()]).toEqual([400, { error: 'invalid_grant', error_description: 'subject token is invalid' }])
  expect([ofEntra.status, await ofEntra.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_client', error_codes: [7000215], error_description: expect.stringMatching(/^AADSTS7000215: /) })])
  Object.assign(entra.faults, { claims: { email: undefined } })
  const { body } = await present(await assertionOf(entra, 'nameless@globex.example'))
  Object.assign(entra.faults, { claims: {} })
  const claims = JSON.parse(Buffer.from(body.access_token?.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ org_id: 'tenant:globex' })
  expect(JSON.stringify(claims)).not.toContain('nameless')
}) // biome-ignore format: one line

/** The official suite's clients for machines are made of these classes of the SDK's first version. */
test('clients of the older SDK get an answer as machines, by a secret, by a key, and by the token of a workflow [K-01 W-01]', async () => {
  const asksAs = async (authProvider: OlderProvider) => {
    const client = new OlderClient({ name: 'machine of the older SDK', version: '1.0.0' })
    await client.connect(new OlderTransport(new URL(stack.mcpUrl), { authProvider }))
    const { tools } = await client.listTools()
    keepSecret((await authProvider.tokens())?.access_token)
    await client.close()
    return tools.length
  }
  const privateKey = await exportPKCS8(pair.privateKey)
  let tokens: Awaited<ReturnType<OlderProvider['tokens']>>
  const workload: OlderProvider = {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [], grant_types: [jwtBearer], token_endpoint_auth_method: 'none' },
    clientInformation: () => ({ client_id: 'a-workload' }),
    tokens: () => tokens,
    saveTokens: (saved) => {
      tokens = saved
    },
    redirectToAuthorization: () => {
      throw new Error('a workload has no page')
    },
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
    prepareTokenRequest: async () => new URLSearchParams({ grant_type: jwtBearer, assertion: await platform.workloadToken(stack.url) }), // biome-ignore format: one line
  }
  for (const provider of [
    new OlderCredentials({ clientId: portal, clientSecret: secret, expectedIssuer: stack.url }),
    new OlderKey({ clientId: 'nightly', privateKey, algorithm: 'ES256', expectedIssuer: stack.url }),
    workload,
  ]) {
    expect(await asksAs(provider)).toBeGreaterThan(2)
  }
})

test('the metadata names both grant types and the profile, and a client that registers itself gets neither [E-07]', async () => {
  const metadata = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json()
  expect(metadata.grant_types_supported).toEqual(['authorization_code', 'refresh_token', jwtBearer, 'client_credentials'])
  expect(metadata.authorization_grant_profiles_supported).toEqual(['urn:ietf:params:oauth:grant-profile:id-jag'])
  const registered = await fetch(`${stack.url}/oauth/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['http://127.0.0.1:7777/callback'], grant_types: ['authorization_code', 'client_credentials', jwtBearer] }) }) // biome-ignore format: one line
  expect((await registered.json()).grant_types).toEqual(['authorization_code', 'refresh_token'])
}) // biome-ignore format: one line
