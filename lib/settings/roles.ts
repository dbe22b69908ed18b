import { isObject, jsonOf } from '../base/json.ts'
import { normalDomain } from '../base/mail-domain.ts'
import { markOf } from '../people/roles/marks.ts'
import { type Allowance, lowerCase, type Role, type Roles } from '../people/roles/role.ts'
import { adminScope, scopes } from './docs-resource.ts'
import type { Reading } from './forms.ts'
import { privateScope } from './private-scope.ts'

/** Characters. The environment has to hold every other setting too. */
const longest = 16_384
const mostRoles = 50
const mostEntries = 1_000

/** What a role may give besides the scope of admins. Where no tool needs the last one, no client is offered it. */
const readerScopes = [...scopes, privateScope]

/** Stands for the tool that answers questions, whose name is another setting. */
export const askTool = '{ask}'

/** What the three usual roles may do, unless the setting says otherwise. */
const usual: Readonly<Record<string, Omit<Allowance, 'role'>>> = {
  admin: { scopes: [...readerScopes, adminScope] },
  user: { scopes: readerScopes },
  limited: { scopes: ['docs:read'], tools: [askTool] },
}
const usualOf = (name: string) => (Object.hasOwn(usual, name) ? usual[name] : undefined)

/** The role of a person who may do nothing. */
const none = 'none'

/**
 * Reads `MCP_ROLES` and names each wrong role by its position. If anything is wrong, no role holds and the service is out of service:
 * a role that restricts must not be lost while another one holds, and no person gains a role by a typing error.
 */
export function parseRoles(text: string): Reading<Roles> {
  const refuse = (...complaints: string[]) => ({ value: undefined, complaints })
  if (text.length > longest) return refuse(` must be no longer than ${longest} characters`)
  const given = jsonOf(text)
  if (given === undefined) return refuse(' is not JSON')
  if (!isObject(given)) return refuse(' must be a JSON object')
  const { claims: names = [], roles: list, default: otherwise = 'user', ...others } = given
  if (Object.keys(others).length > 0) return refuse(' has a member other than claims, roles and default')
  const claims = claimsOf(names)
  if (!claims) return refuse('.claims must be a list of names of claims, or of paths')
  if (!Array.isArray(list) || list.length > mostRoles)
    return refuse(`.roles must be a list of at most ${mostRoles} roles`)
  const read = list.map((role) => parseRole(role, otherwise))
  const complaints = read.flatMap((role, index) => (typeof role === 'string' ? [`.roles[${index}] ${role}`] : []))
  const roles = read.filter((role) => typeof role !== 'string')
  const byDefault = defaultOf(otherwise, roles)
  if (!byDefault) complaints.push('.default must be none, user, limited or the name of a role without docs:admin')
  const hasValues = roles.some(({ values }) => values.size > 0)
  if (hasValues !== claims.length > 0) complaints.push(' must have claims if a role has values, and only then')
  complaints.push(...repeated(roles))
  return complaints.length > 0 || !byDefault
    ? refuse(...complaints)
    : { value: { claims, roles, otherwise: byDefault }, complaints }
}

/** Returns the role, or what is wrong with it. Repeats nothing of the value. */
function parseRole(given: unknown, otherwise: unknown): Role | string {
  if (!isObject(given)) return 'must be an object'
  const { name, scopes: ofRole, tools: ofTools, emails, domains, organizations, values, ...others } = given
  if (Object.keys(others).length > 0) {
    return 'has a member other than name, scopes, tools, emails, domains, organizations and values'
  }
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name) || name === none) {
    return 'must have a name of lower-case letters, digits and hyphens that is not none'
  }
  const scopes = ofRole === undefined ? usualOf(name)?.scopes : listOf(ofRole, knownScope)
  if (!scopes) return `must have scopes as a list of ${[...readerScopes, adminScope].join(', ')}`
  if (scopes.length > 0 && !scopes.includes('docs:read')) return 'must have docs:read among its scopes, or no scope'
  const tools =
    ofTools === undefined
      ? usualOf(name)?.tools
      : listOf(ofTools, (text) => (/^[\w.-]{1,64}$/.test(text) ? text : null))
  if (tools === null) return 'must have tools as a list of names'
  const people = {
    emails: setOf(emails, emailAddress),
    domains: setOf(domains, normalDomain),
    organizations: setOf(organizations, (id) => (/^[\x21-\x7E]{1,64}$/.test(id) ? id : null)),
    values: setOf(values, (text) => (/^[^\p{Cc}]{1,256}$/u.test(text) && text.isWellFormed() ? text : null)),
  }
  if (!people.emails) return 'must have emails as a list of addresses'
  if (!people.domains) return 'must have domains as a list of names, without @ and *'
  if (!people.organizations) return 'must have organizations as a list of identifiers'
  if (!people.values) return 'must have values as a list of texts'
  const { size } = new Set(Object.values(people).flatMap((entries) => [...(entries ?? [])]))
  if (size === 0 && name !== otherwise) return 'must have emails, domains, organizations or values'
  // N6: anyone at a domain could become an admin by a mailbox there.
  if (scopes.includes(adminScope) && people.domains.size > 0) return 'may not give docs:admin by domain'
  return {
    role: name,
    scopes,
    tools,
    emails: people.emails,
    domains: people.domains,
    organizations: people.organizations,
    values: new Map([...people.values].map((value) => [value, markOf(value)])),
  }
}

const knownScope = (text: string) => ([...readerScopes, adminScope].some((scope) => scope === text) ? text : null)

/** An address in ASCII, since others can look like it. */
const emailAddress = (text: string) =>
  /^[\x21-\x3F\x41-\x7E]+@[\x21-\x7E]+$/.test(text) &&
  normalDomain(text.split('@').at(-1) ?? '') !== null &&
  !text.includes('*')
    ? lowerCase(text)
    : null

function defaultOf(name: unknown, roles: readonly Role[]): Allowance | undefined {
  if (typeof name !== 'string') return undefined
  if (name === none) return { role: none, scopes: [] }
  const listed = roles.find(({ role }) => role === name)
  const ofUsual = usualOf(name)
  const found = listed ?? (ofUsual && { role: name, ...ofUsual })
  return found?.scopes.includes(adminScope)
    ? undefined
    : found && { role: name, scopes: found.scopes, tools: found.tools }
}

/** A name is the name itself, with its dots and slashes. A list is a path into a claim. */
function claimsOf(given: unknown): readonly (readonly string[])[] | null {
  if (!Array.isArray(given) || given.length > 10) return null
  const paths = given.map((one) =>
    listOf(typeof one === 'string' ? [one] : one, (name) => (/^[^\p{Cc}]{1,200}$/u.test(name) ? name : null)),
  )
  return paths.every((path) => path !== null && path.length > 0 && path.length <= 5)
    ? paths.filter((path) => path !== null)
    : null
}

/** Complains of names and entries that stand twice. Which role counts would then depend on the order alone. */
function repeated(roles: readonly Role[]): readonly string[] {
  const members = {
    role: 'a role',
    emails: 'an address',
    domains: 'a domain',
    organizations: 'an organization',
    values: 'a value',
  } as const
  return Object.entries(members).flatMap(([member, word]) => {
    const all = roles.flatMap((role) => (member === 'role' ? [role.role] : entriesOf(role, member)))
    return new Set(all).size < all.length ? [` names ${word} in two roles`] : []
  })
}

function entriesOf({ emails, domains, organizations, values }: Role, member: string): readonly string[] {
  const sets = { emails, domains, organizations, values }
  return Object.entries(sets).flatMap(([name, entries]) => (name === member ? [...entries.keys()] : []))
}

/** Returns the values that `read` understands; `null` unless it is a list of such texts, each once. */
function listOf(given: unknown, read: (text: string) => string | null): readonly string[] | null {
  if (!Array.isArray(given) || given.length > mostEntries) return null
  const values = given.map((text) => (typeof text === 'string' ? read(text) : null)).filter((value) => value !== null)
  return values.length === given.length && new Set(values).size === values.length ? values : null
}

/** The same as a set. Absent: empty. */
function setOf(given: unknown, read: (text: string) => string | null): ReadonlySet<string> | null {
  const list = given === undefined ? [] : listOf(given, read)
  return list && new Set(list)
}
