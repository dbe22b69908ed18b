import { expect, test } from 'vitest'
import { readConfiguration } from './configuration.ts'
import { readRoles } from './role-choices.ts'
import { newSecret } from './secrets.ts'

const site = { issuer: 'https://docs.example', storeName: 's', production: true }
const read = (value: unknown) =>
  readConfiguration(
    {
      MCP_OAUTH_SECRET: newSecret(),
      UPSTREAM_CLIENT_ID: 'client',
      KAPA_API_KEY: 'key',
      MCP_ROLES: typeof value === 'string' ? value : JSON.stringify(value),
    },
    site,
    readRoles,
  )
const one = (role: object, more: object = {}) => ({ roles: [{ name: 'partner', scopes: ['docs:read'], emails: ['a@b.example'], ...role }], ...more }) // biome-ignore format: one line

test.each<[string, unknown]>([
  ['no JSON', '{'],
  ['a list', []],
  ['no roles', {}],
  ['a misspelled member', { roles: [], defualt: 'none' }],
  ['a misspelled member of a role', one({ email: ['x@y.example'] })],
  ['a default that is no role', { roles: [], default: 'usr' }],
  ['a default that is an admin', { roles: [], default: 'admin' }],
  ['a default that has the scope of admins', one({ scopes: ['docs:read', 'docs:admin'] }, { default: 'partner' })],
  ['a name of Object.prototype', one({ name: 'constructor', scopes: undefined })],
  ['the name __proto__', one({ name: '__proto__' })],
  ['an unusual role without scopes', one({ scopes: undefined })],
  ['an unknown scope', one({ scopes: ['docs:read', 'docs:write'] })],
  ['scopes without docs:read', one({ scopes: ['docs:feedback'] })],
  ['an unknown tool', one({ tools: ['ask_evrything'] })],
  ['an address without a domain', one({ emails: ['ada'] })],
  ['an address in other letters', one({ emails: ['аda@acme.example'] })],
  ['a wildcard', one({ domains: ['*.acme.example'] })],
  ['an address as a domain', one({ domains: ['@acme.example'] })],
  ['a text instead of a list', one({ domains: 'acme.example' })],
  ['the scope of admins by domain', { roles: [{ name: 'admin', domains: ['acme.example'] }] }],
  ['a role of nobody', { roles: [{ name: 'partner', scopes: ['docs:read'] }] }],
  ['values without claims', one({ values: ['staff'] })],
  ['claims without values', one({}, { claims: ['groups'] })],
  ['an empty path', one({ values: ['staff'] }, { claims: [[]] })],
  ['a name twice', { roles: [{ name: 'limited', emails: ['a@b.example'] }, { name: 'limited', emails: ['c@d.example'] }] }], // biome-ignore format: one line
  ['an address in two roles', { roles: [{ name: 'limited', emails: ['a@b.example'] }, { name: 'admin', emails: ['A@b.example'] }] }], // biome-ignore format: one line
  ['too long', `{"roles":[]}${' '.repeat(17_000)}{`],
])('%s: the service is out of service, by the name of the setting, and no role holds', (_what, value) => {
  const { problems, outOfService, signIn } = read(value)
  const texts = problems.map(({ text }) => text)
  expect(texts.length).toBeGreaterThan(0)
  for (const text of texts) expect(text).toMatch(/^MCP_ROLES/)
  expect(texts.join()).not.toMatch(/acme|b\.example|ask_ev|usr/)
  expect([outOfService.has('mcp'), outOfService.has('sign-in'), signIn]).toEqual([true, true, null])
})

test('the usual roles need no scopes, and limited has one tool and those that say who one is', () => {
  const { problems, roles } = read({
    claims: ['https://acme.example/roles', ['realm_access', 'roles']],
    roles: [
      { name: 'admin', emails: ['ada@acme.example'], values: ['docs-admins'] },
      { name: 'limited', domains: ['contractor.example'] },
    ],
    default: 'none',
  })
  expect(problems).toEqual([])
  expect(roles?.roles.map(({ role, scopes }) => [role, scopes])).toEqual([
    ['admin', ['docs:read', 'docs:feedback', 'docs:private', 'docs:admin']],
    ['limited', ['docs:read']],
  ])
  expect(roles?.roles[1]?.tools).toEqual(['ask_redpanda_question', 'auth_status', 'whoami'])
  expect(roles?.otherwise).toMatchObject({ role: 'none', scopes: [] })
})
