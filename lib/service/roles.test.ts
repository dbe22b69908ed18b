import fc from 'fast-check'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import {
  authorizePath,
  createHarness,
  type Harness,
  newPkce,
  newSecrets,
  redirectUri,
  register,
  TestBrowser,
  token,
} from '../../dev/worlds/authorization-server.ts'
import { createTestEndpoint, issuer } from '../../dev/worlds/mcp-endpoint.ts'
import { defineTool } from '../mcp/tools/define-tool.ts'
import { success } from '../mcp/tools/success.ts'
import { marksOf } from '../people/roles/marks.ts'
import type { Roles } from '../people/roles/role.ts'
import { parseRoles } from '../settings/roles.ts'
import { createMemoryStore } from '../store/memory.ts'
import { allowanceOfToken, scopeRulesOf } from './roles.ts'

// The consent page, the token, the list of tools, the challenges and a refresh say the same about a person's role.

const tools = [
  ['ask', ['docs:read']],
  ['look_up', ['docs:read']],
  ['send', ['docs:read', 'docs:feedback']],
] as const
const toolNames = tools.map(([name]) => name)
const tested = tools.map(([name, scopes]) =>
  defineTool({
    name,
    title: name,
    description: name,
    access: { signIn: 'always', scopes },
    hints: { readOnlyHint: true, openWorldHint: false },
    input: { type: 'object', properties: {} },
    output: { type: 'object', properties: {} },
    run: () => success({ done: true }),
  }),
)

/** One store and one set of secrets, so that one signing key is made for all runs. */
const shared = { issuer, store: createMemoryStore(), secrets: newSecrets(), trustedRedirects: [] }

const subset = <T extends string>(...of: readonly T[]) => fc.subarray([...of])
const role = fc.record(
  {
    scopes: fc.constantFrom([], ['docs:read'], ['docs:read', 'docs:feedback']),
    tools: subset(...toolNames),
    emails: subset('a@a.example', 'b@b.example'),
    domains: subset('a.example', 'b.example'),
    organizations: subset('org_a', 'org_b'),
    values: subset('x', 'y'),
  },
  { requiredKeys: ['scopes'] },
)
const setting = fc
  .record({ list: fc.array(role, { maxLength: 3 }), default: fc.constantFrom('none', 'limited', 'user') })
  .map(({ list, default: otherwise }) => {
    const taken = new Set<string>()
    const once = (kind: string, entries: readonly string[] = []) =>
      entries.filter((entry) => !taken.has(kind + entry) && taken.add(kind + entry))
    const roles = list.map((one, index) => ({
      ...one,
      name: `role-${index}`,
      emails: [`only-${index}@c.example`, ...once('emails', one.emails)],
      domains: once('domains', one.domains),
      organizations: once('organizations', one.organizations),
      values: once('values', one.values),
    }))
    const claims = roles.some(({ values }) => values.length > 0) ? ['groups'] : []
    return { claims, roles, default: otherwise }
  })
const person = fc.record({
  email: fc.constantFrom('a@a.example', 'b@b.example', 'x@a.example', 'x@c.example', 'only-0@c.example'),
  emailVerified: fc.boolean(),
  organization: fc.constantFrom(undefined, { id: 'org_a' }, { id: 'org_b' }),
  claims: fc.constantFrom<object>({}, { groups: ['x'] }, { groups: ['y', 'z'] }, { groups: 1 }, { _claim_names: { groups: 'src1' } }), // biome-ignore format: one line
})
type Who = typeof person extends fc.Arbitrary<infer Value> ? Value : never
const asked = fc.constantFrom('docs:read', 'openid', 'docs:read docs:feedback', 'docs:read', 'docs:feedback')

const rolesOf = (value: object): Roles => {
  const { value: roles, complaints } = parseRoles(JSON.stringify(value).replaceAll('{ask}', 'ask'))
  if (!roles) throw new TypeError(complaints.join())
  // The name of the tool is another setting.
  const named = <T extends { tools?: readonly string[] | undefined }>(one: T): T => (one.tools ? { ...one, tools: one.tools.map((tool) => (tool === '{ask}' ? 'ask' : tool)) } : one) // biome-ignore format: one line
  return { ...roles, roles: roles.roles.map(named), otherwise: named(roles.otherwise) }
}

function world(roles: Roles, { email, emailVerified, organization, claims }: Who) {
  const server: Harness = createHarness({ ...shared, scopeRules: scopeRulesOf(roles, [], () => server.clock) })
  const marks = roles.claims.length > 0 ? { roleMarks: marksOf(roles, claims, () => {}) } : {}
  server.identity = { issuer: 'https://login.example/', sub: email, email, emailVerified, ...(organization && { organization }), ...marks } // biome-ignore format: one line
  const endpoint = createTestEndpoint([], { url: 'http://127.0.0.1:1' }, {
    publicKeys: async () => (await server.fetch('/.well-known/jwks.json')).json(),
    now: () => server.clock,
    tools: tested,
    allowanceOf: allowanceOfToken(roles, [], () => server.clock),
  }) // biome-ignore format: one line
  const mcp = async (accessToken: string, method: string, params: object = {}) => {
    const response = await endpoint.fetch(
      new Request(`${issuer}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${accessToken}`,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      }),
    )
    return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', body: await response.json() } // biome-ignore format: one line
  }
  return { server, mcp }
}

/** Signs in. `null`: a page says that the account may not use the service. */
async function signIn(server: Harness, clientId: string, scope: string) {
  const browser = new TestBrowser(server)
  const pkce = newPkce()
  const page = await (await browser.open(authorizePath(clientId, pkce, { scope }))).text()
  const approved = await browser.press(page, 'approve')
  const state = new URL(approved.headers.get('location') ?? '').searchParams.get('state') ?? ''
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  const location = back.headers.get('location')
  if (location === null) {
    expect([back.status, await back.text()]).toEqual([403, expect.stringContaining('Your account may not use this')])
    return { page, tokens: null }
  }
  const code = new URL(location).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier }
  return { page, tokens: (await token(server, form)).body }
}

const refresh = (server: Harness, clientId: string, refreshToken: string | undefined, more: Record<string, string> = {}) => token(server, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken ?? '', ...more }) // biome-ignore format: one line
const namesIn = ({ result }: { result?: { tools?: readonly { name: string }[] } }) => (result?.tools ?? []).map(({ name }) => name) // biome-ignore format: one line
const onPage = (page: string, scope: string) => page.includes(scope === 'docs:read' ? 'Read the documentation' : 'Send feedback, with') // biome-ignore format: one line

test('whatever the roles are, page, token, list, challenge and refresh say the same [N8]', async () => {
  let shutOut = 0
  let steppedUp = 0
  await fc.assert(
    fc.asyncProperty(setting, setting, person, asked, async (before, after, who, scope) => {
      const { server, mcp } = world(rolesOf(before), who)
      const clientId = await register(server, { token_endpoint_auth_method: 'none', redirect_uris: [redirectUri] })
      const { page, tokens } = await signIn(server, clientId, scope)
      if (!tokens) {
        shutOut += 1
        return
      }
      const granted = (tokens.scope ?? '').split(' ')
      expect(decodeJwt(tokens.access_token ?? '').scope).toBe(tokens.scope)
      expect(granted.every((one) => onPage(page, one))).toBe(true)

      const accessToken = tokens.access_token ?? ''
      if (!granted.includes('docs:read')) {
        const { status, challenge } = await mcp(accessToken, 'tools/list')
        expect([status, challenge]).toEqual([403, expect.stringContaining('scope="docs:read"')])
        const again = await signIn(server, clientId, 'docs:read')
        expect((await mcp(again.tokens?.access_token ?? '', 'tools/list')).status).toBe(200)
        return
      }
      const listed = namesIn((await mcp(accessToken, 'tools/list')).body)
      for (const [name, needed] of tools) {
        const { status, challenge, body } = await mcp(accessToken, 'tools/call', { name })
        const may = needed.every((one) => granted.includes(one))
        if (!listed.includes(name)) expect([status, body.error?.code]).toEqual([200, -32602])
        else if (may) expect([status, body.result.isError]).toEqual([200, undefined])
        else {
          expect(status).toBe(403)
          expect(challenge).toContain(`scope="${needed.join(' ')}"`)
          // The client asks for what the challenge names, and has it. It is asked no second time.
          const again = await signIn(server, clientId, needed.join(' '))
          expect((await mcp(again.tokens?.access_token ?? '', 'tools/call', { name })).status).toBe(200)
          steppedUp += 1
        }
      }

      // The operator changes the roles: nothing grows, and token and list agree again.
      const later = world(rolesOf(after), who)
      later.server.identity = server.identity
      const renewed = await refresh(later.server, clientId, tokens.refresh_token, { scope: 'docs:read docs:feedback docs:admin' }) // biome-ignore format: one line
      const old = await later.mcp(accessToken, 'tools/list')
      if (renewed.status !== 200) {
        expect(renewed.body.error).toBe('invalid_grant')
        expect([old.status, old.body.error, old.challenge]).toEqual([403, 'role_required', ''])
        return
      }
      const scopes = (renewed.body.scope ?? '').split(' ')
      expect(scopes.every((one) => granted.includes(one))).toBe(true)
      const renewedList = namesIn((await later.mcp(renewed.body.access_token ?? '', 'tools/list')).body)
      expect(namesIn(old.body)).toEqual(renewedList)
    }),
    { numRuns: 25, seed: 2026 },
  )
  expect([shutOut > 0, steppedUp > 0]).toEqual([true, true])
})
