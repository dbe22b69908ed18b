import { describe, expect, test } from 'vitest'
import { parseRoles } from '../../settings/roles.ts'
import { marksOf } from './marks.ts'
import { allowanceOf, claimsLast, type RolePerson, type Roles } from './role.ts'

// Who has which role, and the attacks that must not give one (N6 to N8).

const claim = 'https://acme.example/roles'
const setting = {
  claims: [claim, 'groups', ['realm_access', 'roles']],
  roles: [
    { name: 'admin', emails: ['Ada@acme.example'], values: ['docs-admins'] },
    { name: 'limited', domains: ['contractor.example', 'bücher.example'], values: ['contractors'] },
    { name: 'partner', scopes: ['docs:read'], organizations: ['org_1'] },
  ],
  default: 'user',
}
const rolesOf = (value: unknown): Roles => {
  const { value: roles } = parseRoles(JSON.stringify(value))
  if (!roles) throw new TypeError('the setting is wrong')
  return roles
}
const roles = rolesOf(setting)
const none = { ...setting, default: 'none' }
const verified = (email: string): RolePerson => ({ email, emailVerified: true, roleMarks: [] })
const roleOf = (person: RolePerson, age = 0) => allowanceOf(roles, person, age).role
const withClaims = (claims: object) => ({ roleMarks: marksOf(roles, claims, () => {}) })

describe('by configuration', () => {
  test.each<[string, RolePerson, string]>([
    ['a verified address', verified('ada@acme.example'), 'admin'],
    ['the same in capitals', verified('ADA@ACME.EXAMPLE'), 'admin'],
    ['an unverified address', { email: 'ada@acme.example', emailVerified: false, roleMarks: [] }, 'user'],
    ['an address of which the provider says nothing', { email: 'ada@acme.example', roleMarks: [] }, 'user'],
    ['the address with a sign that only looks the same', verified('аda@acme.example'), 'user'],
    ['the address in full-width letters', verified('ada@ａcme.example'), 'user'],
    ['the address with a dot more', verified('ada@acme.example.'), 'user'],
    ['the address inside another', verified('ada@acme.example@evil.example'), 'user'],
    ['a domain', verified('x@contractor.example'), 'limited'],
    ['a domain in capitals', verified('x@CONTRACTOR.example'), 'limited'],
    ['a domain with the Kelvin sign', verified('x@\u212Aontractor.example'), 'user'],
    ['a domain in full-width letters', verified('x@ｃontractor.example'), 'user'],
    ['a subdomain', verified('x@sub.contractor.example'), 'user'],
    ['a domain that ends like it', verified('x@mycontractor.example'), 'user'],
    ['a domain that is not ASCII', verified('x@bücher.example'), 'limited'],
    ['the same in punycode', verified('x@xn--bcher-kva.example'), 'limited'],
    ['an organization', { organizationId: 'org_1', roleMarks: [] }, 'partner'],
    ['an organization in capitals', { organizationId: 'ORG_1', roleMarks: [] }, 'user'],
    ['no organization', { organizationId: '', roleMarks: [] }, 'user'],
  ])('%s [N6]', (_what, person, expected) => expect(roleOf(person)).toBe(expected))
})

describe('by claims', () => {
  test.each<[string, object, string]>([
    ['a list', { groups: ['docs-admins'] }, 'admin'],
    ['a text', { [claim]: 'docs-admins' }, 'admin'],
    ['a member of a claim', { realm_access: { roles: ['contractors'] } }, 'limited'],
    ['the first role counts', { groups: ['contractors', 'docs-admins'] }, 'admin'],
    ['a name that is only like the configured one', { 'https://acme.example/roles/': ['docs-admins'] }, 'user'],
    ['another claim, which a user may set', { roles: ['docs-admins'], role: 'docs-admins', user_metadata: { groups: ['docs-admins'] } }, 'user'], // biome-ignore format: one line
    ['a text with several words', { groups: 'docs-admins contractors' }, 'user'],
    ['another case', { groups: ['Docs-Admins'] }, 'user'],
    ['a part of it', { groups: ['docs'] }, 'user'],
    ['a mark instead of a value', { groups: ['?'] }, 'user'],
    ['names of Object.prototype', { groups: ['__proto__', 'constructor', 'toString'] }, 'user'],
    ['a prototype in JSON', JSON.parse('{"__proto__":{"groups":["docs-admins"]}}'), 'user'],
    ['values that are no texts', { groups: [1, null, ['docs-admins'], { toString: 'docs-admins' }] }, 'user'],
    ['no claim', {}, 'user'],
  ])('%s', (_what, claims, expected) => expect(roleOf(withClaims(claims))).toBe(expected))

  test('thousands of groups leave few marks, and are read in a moment', () => {
    const groups = Array.from({ length: 100_000 }, (_, index) => `group-${index}`)
    expect(marksOf(roles, { groups: [...groups, 'contractors'] }, () => {})).toHaveLength(1)
    const many = { ...setting, roles: [{ name: 'limited', values: groups.slice(0, 900) }] }
    expect(marksOf(rolesOf(many), { groups }, () => {})).toHaveLength(16)
  })

  test.each<[string, object, string]>([
    ['Entra ID has too many groups to list', { _claim_names: { groups: 'src1' }, _claim_sources: {} }, 'overage'],
    ['the same in a short token', { hasgroups: true }, 'overage'],
    ['a claim is an object', { groups: { 0: 'docs-admins' } }, 'malformed'],
    ['a claim is null', { groups: null }, 'malformed'],
  ])('%s: the claim is unknown, told, and raises nothing', (_what, claims, reason) => {
    const told: string[] = []
    const person = { roleMarks: marksOf(roles, claims, (why) => told.push(why)) }
    expect(told).toEqual([reason])
    // The person may be a contractor, and so may do no more than one.
    expect(allowanceOf(roles, person, 0)).toMatchObject({ scopes: ['docs:read'], tools: ['{ask}'] })
    expect(allowanceOf(rolesOf(none), person, 0).scopes).toEqual([])
    // What the settings say about the person holds all the same.
    expect(roleOf({ ...verified('ada@acme.example'), ...person })).toBe('admin')
  })

  test('a claim lasts a day, an address stays [N8]', () => {
    const admin = withClaims({ groups: ['docs-admins'] })
    expect(roleOf(admin, claimsLast - 1)).toBe('admin')
    expect(allowanceOf(roles, admin, claimsLast).scopes).toEqual(['docs:read'])
    const partner = { organizationId: 'org_1', roleMarks: [] }
    expect(allowanceOf(roles, partner, claimsLast).scopes).toEqual(['docs:read'])
    expect(roleOf(verified('ada@acme.example'), claimsLast)).toBe('admin')
    // A token from before there were roles.
    expect(allowanceOf(roles, {}, claimsLast * 20).scopes).toEqual(['docs:read'])
  })

  test('an organization gives a role for a day, and may only narrow after it [N8]', () => {
    const admins = rolesOf({ roles: [{ name: 'admin', organizations: ['org_1'] }], default: 'user' })
    const member = { organizationId: 'org_1', roleMarks: [] }
    expect(allowanceOf(admins, member, claimsLast - 1)).toMatchObject({ role: 'admin', scopes: expect.arrayContaining(['docs:admin']) }) // biome-ignore format: one line
    const later = allowanceOf(admins, member, claimsLast)
    expect([later.role, later.scopes.includes('docs:admin')]).toEqual(['user', false])
  })

  test('a value that the operator removes from a role counts no more', () => {
    const person = withClaims({ groups: ['docs-admins'] })
    const fewer = { ...setting, roles: setting.roles.map((role) => (role.name === 'admin' ? { ...role, values: ['others'] } : role)) } // biome-ignore format: one line
    expect([roleOf(person), allowanceOf(rolesOf(fewer), person, 0).role]).toEqual(['admin', 'user'])
  })
})
