import { describe, expect, test } from 'vitest'
import { isPattern } from '../oauth/assertions/claim-pattern-form.ts'
import { readAssertions } from './companies-and-machines.ts'

const tenant = { name: 'acme', issuer: 'https://acme.okta.com', domains: ['acme.com'] }
const github = 'https://token.actions.githubusercontent.com'
const claims = { repository: 'acme/docs', repository_owner_id: '65', ref: 'refs/heads/main' }
const workload = { name: 'docs-ci', issuer: github, claims }

const read = (tenants: unknown, machines?: unknown, providers: readonly string[] = []) =>
  readAssertions(
    {
      tenants: tenants === undefined ? undefined : { json: tenants },
      machines: machines === undefined ? undefined : { json: machines },
    },
    providers,
  )
const complaintsOf = (...of: Parameters<typeof read>) =>
  read(...of).complaints.map(({ setting, what }) => setting + what)

test('companies and machines are read as the settings say [W-03 W-04]', () => {
  const { tenants, machines, complaints } = read([tenant], [workload, { name: 'nightly', client: 'docs-nightly', limit: 0 }]) // biome-ignore format: one line
  expect(complaints).toEqual([])
  expect(tenants).toMatchObject([{ name: 'acme', publicClients: false, clients: undefined, domains: new Set(['acme.com']) }]) // biome-ignore format: one line
  expect(machines).toMatchObject([
    { name: 'docs-ci', scope: ['docs:read'], proof: { kind: 'workload', issuer: github } },
    { name: 'nightly', limit: 0, proof: { kind: 'client', clientId: 'docs-nightly' } },
  ])
})

describe('a company', () => {
  test.each<[string, object]>([
    ['without a domain', { domains: [] }],
    ['with a wildcard as a domain', { domains: ['*.acme.com'] }],
    ['with an issuer over http', { issuer: 'http://acme.okta.com' }],
    ['with an issuer that has a query', { issuer: 'https://acme.okta.com/?x' }],
    ['with an issuer in capitals, which would look like another', { issuer: 'HTTPS://acme.okta.com' }],
    ['with a host in capitals', { issuer: 'https://ACME.okta.com' }],
    ['with the default port', { issuer: 'https://acme.okta.com:443' }],
    ['at an issuer that everybody uses', { issuer: github }],
    ['at SPIFFE without keys', { issuer: 'spiffe://acme.com' }],
    ['with a private key', { jwks: { keys: [{ kty: 'RSA', n: 'x', e: 'AQAB', d: 'x' }] } }],
    ['with the scope of admins', { scope: 'docs:read docs:admin' }],
    ['with the scope of private pages', { scope: 'docs:read docs:private' }],
    ['with a name like a path', { name: '../acme' }],
    ['with a misspelled member', { public_client: true }],
    ['with a text for true', { public_clients: 'true' }],
  ])('%s is a mistake, and the complaint quotes nothing', (_what, changes) => {
    const complaints = complaintsOf([{ ...tenant, ...changes }])
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toMatch(/^MCP_TENANTS\[0\] /)
    expect(complaints[0]).not.toMatch(/acme/)
  })

  test('has an issuer and domains that no other list has [N7 N9]', () => {
    expect(complaintsOf([tenant], undefined, ['https://acme.okta.com/'])).toHaveLength(1)
    expect(complaintsOf([tenant, { ...tenant, name: 'b', domains: ['b.com'] }])).toHaveLength(1)
    expect(complaintsOf([tenant, { ...tenant, name: 'b', issuer: 'https://b.okta.com', domains: ['ACME.com'] }])).toHaveLength(1) // biome-ignore format: one line
    expect(complaintsOf([tenant], [{ ...workload, issuer: `${tenant.issuer}/`, claims: { sub: 'x' } }])).toHaveLength(1)
    expect(complaintsOf(undefined, [workload], [github])).toHaveLength(1)
  })
})

describe('a machine', () => {
  test.each<[string, object]>([
    ['of GitHub Actions without an owner that never changes hands', { claims: { repository: 'acme/docs', ref: 'x' } }],
    ['of GitHub Actions with a wildcard as its owner', { claims: { ...claims, repository_owner_id: '*' } }],
    ['of GitHub Actions without a branch or an environment', { claims: { repository_owner_id: '65' } }],
    ['of an enterprise at GitHub without an owner', { issuer: `${github}/acme`, claims: { ref: 'refs/heads/main' } }],
    ['at GitHub in another spelling', { issuer: github.toUpperCase().replace('HTTPS', 'https'), claims: { sub: 'x' } }],
    ['of every environment without saying so', { claims: { repository_owner_id: '65', environment: '*' } }],
    ['of every branch at GitLab without saying so', { issuer: 'https://gitlab.com', claims: { project_id: '1', ref: '*' } }], // biome-ignore format: one line
    ['of GitLab without an owner', { issuer: 'https://gitlab.com', claims: { project_path: 'a/b', ref: 'main' } }],
    ['with a wildcard inside a segment', { claims: { ...claims, repository: 'acme/docs-*' } }],
    ['with a wildcard that crosses segments', { claims: { ...claims, ref: 'refs/**' } }],
    ['without a rule', { claims: {} }],
    ['with a rule about what all tokens say', { issuer: 'https://k8s.example', claims: { aud: 'x' } }],
    ['with a number in its rule', { claims: { ...claims, run: 1 } }],
    ['with a client as well', { client: 'docs-nightly' }],
    ['with neither client nor issuer', { issuer: undefined, claims: undefined }],
    ['with the scope of admins', { scope: 'docs:admin' }],
    ['with the scope of private pages', { scope: 'docs:private' }],
    ['with a limit below 0', { limit: -1 }],
  ])('%s is a mistake, and the complaint quotes nothing [N9]', (_what, changes) => {
    const entry = Object.fromEntries(Object.entries({ ...workload, ...changes }).filter(([, value]) => value !== undefined)) // biome-ignore format: one line
    const complaints = complaintsOf(undefined, [entry])
    expect(complaints).toHaveLength(1)
    expect(complaints[0]).toMatch(/^MCP_MACHINES\[0\] /)
    expect(complaints[0]).not.toMatch(/acme|docs-ci/)
  })

  test('may run in any place if the operator says so by name [N9]', () => {
    expect(complaintsOf(undefined, [{ ...workload, claims: { repository_id: '1' }, any_place: true }])).toEqual([])
  })

  test('is no client that registered itself, and no client is two machines [K-01]', () => {
    expect(complaintsOf(undefined, [{ name: 'x', client: 'eyJhbGciOiJIUzI1NiJ9.e30.AA' }])).toHaveLength(1)
    expect(complaintsOf(undefined, [{ name: 'x', client: 'a' }, { name: 'y', client: 'a' }])).toHaveLength(1) // biome-ignore format: one line
  })

  test('shares the keys of its issuer with every other machine of that issuer', () => {
    const other = { ...workload, name: 'other', jwks_uri: 'https://keys.example/jwks' }
    expect(complaintsOf(undefined, [workload, other])).toHaveLength(1)
  })
})

test.each([
  ['*', true],
  ['refs/heads/*', true],
  ['repo:*:ref', true],
  ['a*', false],
  ['**', false],
  ['', false],
])('the pattern %s: %s', (pattern, usable) => {
  expect(isPattern(pattern)).toBe(usable)
})
