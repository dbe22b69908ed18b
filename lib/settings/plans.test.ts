import { describe, expect, test } from 'vitest'
import { planOf } from '../people/plans.ts'
import { createSettingsReader } from './reader.ts'
import { table } from './table.ts'

function read(value: unknown) {
  const settings = createSettingsReader({ MCP_PLANS: typeof value === 'string' ? value : JSON.stringify(value) }, table)
  const plans = settings.read('MCP_PLANS') ?? []
  return { plans, problems: settings.problems.map(({ text }) => text) }
}

const plans = {
  team: { limit: 600, organizations: ['org_1'], domains: ['Example.COM'] },
  partners: { limit: 0, organizations: ['org_2'] },
  Université: { limit: 30, domains: ['université.example'] },
}

describe('plans', () => {
  test('do not exist unless the operator sets some', () => {
    expect(read('')).toEqual({ plans: [], problems: [] })
    expect(read({})).toEqual({ plans: [], problems: [] })
  })

  test('set limits by organization and by domain, with 0 for no limit; a name that no header can carry is not shown [F-000-22]', () => {
    const { plans: found, problems } = read(plans)
    expect(problems).toEqual([])
    expect(found).toEqual([
      { policy: 'team', limit: 600, organizations: new Set(['org_1']), domains: new Set(['example.com']) },
      { policy: 'partners', limit: undefined, organizations: new Set(['org_2']), domains: new Set() },
      { policy: 'user', limit: 30, organizations: new Set(), domains: new Set(['xn--universit-j4a.example']) },
    ])
    for (const name of ['two "words"', 'back\\slash', 'line\nbreak', 'é']) {
      expect(read({ [name]: plans.team }).plans[0]?.policy).toBe('user')
    }
  })

  describe('of a user', () => {
    const found = read(plans).plans
    const policyFor = (token: Parameters<typeof planOf>[1]) => planOf(found, token)?.policy
    const verified = (email: string) => ({ email, emailVerified: true })

    test('the plan is that of the organization, or else of the verified address, or else none', () => {
      expect(policyFor({ organization: { id: 'org_1' } })).toBe('team')
      expect(policyFor(verified('ada@EXAMPLE.com.'))).toBe('team')
      expect(policyFor(verified('ada@université.example'))).toBe('user')
      expect(policyFor({ organization: { id: 'org_2' }, ...verified('ada@example.com') })).toBe('partners')
      expect(policyFor({ organization: { id: 'org_9' }, ...verified('ada@example.com') })).toBe('team')
      expect(policyFor({})).toBeUndefined()
    })

    test.each([
      ['an unverified address', { email: 'ada@example.com', emailVerified: false }],
      ['an address of unknown verification', { email: 'ada@example.com' }],
      ['a subdomain', verified('ada@evil.example.com')],
      ['a longer domain', verified('ada@notexample.com')],
      ['the domain as the name of a mailbox', verified('example.com@example.org')],
      ['the name of the organization', { organization: { name: 'org_1' } }],
      ['part of the identifier', { organization: { id: 'org_' } }],
    ])('%s raises no limit', (_what, token) => expect(policyFor(token)).toBeUndefined())
  })

  test.each<[string, unknown]>([
    ['is not JSON', '{hunter2'],
    ['must be a JSON object', []],
    ['must be a JSON object', 'null'],
    ['[0] must be an object', { team: 'hunter2' }],
    ['[0] must have a limit from 0 to 1000', { team: { domains: ['example.com'] } }],
    ['[0] must have a limit', { team: { limit: -1, domains: ['example.com'] } }],
    ['[0] must have a limit', { team: { limit: 1.5, domains: ['example.com'] } }],
    ['[0] must have a limit', { team: { limit: 1001, domains: ['example.com'] } }],
    ['[0] must have a limit', { team: { limit: '600', domains: ['example.com'] } }],
    ['[0] must have a limit', { team: { limit: null, domains: ['example.com'] } }],
    ['[0] must have organizations', { team: { limit: 1, organizations: 'org_1' } }],
    ['[0] must have organizations', { team: { limit: 1, organizations: ['org 1 hunter2'] } }],
    ['[0] must have organizations', { team: { limit: 1, organizations: [''] } }],
    ['[0] must have domains', { team: { limit: 1, domains: ['hunter2'] } }],
    ['[0] must have domains', { team: { limit: 1, domains: ['*.example.com'] } }],
    ['[0] must have domains', { team: { limit: 1, domains: ['ada@example.com'] } }],
    ['[0] has a member other than', { team: { limit: 1, domains: ['example.com'], hunter2: true } }],
    ['[0] has a member other than', '{"team":{"limit":1,"domains":["example.com"],"__proto__":{}}}'],
    ['[0] must name an organization or a domain', { team: { limit: 1 } }],
    ['[1] must have a limit', { team: { limit: 1, domains: ['example.com'] }, other: { limit: -1 } }],
    ['[0] must have a name', { '': { limit: 1, domains: ['example.com'] } }],
    ['[0] must have a name', { address: { limit: 1, domains: ['example.com'] } }],
    ['[0] must have a name', { ['x'.repeat(65)]: { limit: 1, domains: ['example.com'] } }],
    ['an organization in two plans', { a: { limit: 1, organizations: ['o'] }, b: { limit: 2, organizations: ['o'] } }],
    ['a domain in two plans', { a: { limit: 1, domains: ['a.example'] }, b: { limit: 2, domains: ['A.example.'] } }],
    ['no longer than', { team: { limit: 1, organizations: Array(100).fill('x'.repeat(200)) } }],
  ])('%s: reported for %j by position and without the value, and no plan applies [O-10]', (problem, value) => {
    const { plans: found, problems } = read(value)
    expect(found).toEqual([])
    expect(problems).toEqual([expect.stringContaining(problem)])
    expect(problems.join()).toMatch(/^MCP_PLANS/)
    expect(problems.join()).not.toMatch(/hunter2|example/)
  })

  test('every wrong plan is reported', () => {
    const wrong = { limit: -1, domains: ['example.com'] }
    expect(read({ a: wrong, b: plans.team, c: wrong }).problems).toEqual([
      expect.stringContaining('MCP_PLANS[0]'),
      expect.stringContaining('MCP_PLANS[2]'),
    ])
  })

  test('a plan may be named like a member of Object.prototype', () => {
    expect(read('{"constructor":{"limit":1,"domains":["example.com"]}}').plans).toMatchObject([
      { policy: 'constructor' },
    ])
  })
})
