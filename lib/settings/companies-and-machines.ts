import { isObject } from '../base/json.ts'
import { normalDomain } from '../base/mail-domain.ts'
import { isPattern } from '../oauth/assertions/claim-pattern-form.ts'
import { sharedIssuers } from '../oauth/assertions/shared-issuers.ts'
import type {
  Assertions,
  ClaimPatterns,
  Machine,
  Tenant,
  TrustedIssuer,
  WorkloadProof,
} from '../oauth/assertions/trusted-issuer.ts'
import { keySourceOf } from '../oauth/clients/client-keys.ts'
import { scopes } from './docs-resource.ts'
import { mostInWindow } from './forms.ts'
import type { ProviderSettings } from './provider.ts'
import type { SettingsReader } from './reader.ts'
import { isPlainIssuer, isSecureUrl } from './urls.ts'

/** The two settings as JSON. `undefined`: the setting is absent. */
export interface AssertionSettings {
  readonly tenants: { readonly json: unknown } | undefined
  readonly machines: { readonly json: unknown } | undefined
}

/** Reads both settings, and reports what is wrong with them. Returns `undefined` if neither is set. */
export function readTrusted(
  settings: SettingsReader,
  provider: ProviderSettings | null | undefined,
): Assertions | undefined {
  const given = { tenants: settings.read('MCP_TENANTS'), machines: settings.read('MCP_MACHINES') }
  if (!given.tenants && !given.machines) return undefined
  const list = settings.read('MCP_PROVIDERS')?.json
  const listed = Array.isArray(list) ? list.flatMap((entry) => (isObject(entry) ? [issuerIn(entry)] : [])) : []
  const providers = provider?.kind === 'oidc' ? [provider.issuer, ...listed] : listed
  const { complaints, ...assertions } = readAssertions(given, providers)
  for (const { setting, what } of complaints) settings.complain(setting, what)
  return assertions
}

/** The issuer of a provider of `MCP_PROVIDERS`. */
const issuerIn = ({ issuer, preset }: Readonly<Record<string, unknown>>): string =>
  preset === 'google' ? 'https://accounts.google.com' : typeof issuer === 'string' ? issuer : ''

export interface ReadAssertions extends Assertions {
  /** What is wrong, each as the words that follow the name of the setting. Never repeats a value. */
  readonly complaints: readonly { readonly setting: 'MCP_TENANTS' | 'MCP_MACHINES'; readonly what: string }[]
}

/**
 * Reads `MCP_TENANTS` and `MCP_MACHINES`. Providers, tenants and the issuers of machines are disjoint, so that no assertion can be taken for one of another kind (N9).
 *
 * @param providers the issuers of the OpenID Providers
 */
export function readAssertions({ tenants, machines }: AssertionSettings, providers: readonly string[]): ReadAssertions {
  const first = entriesOf(tenants, 'companies', parseTenant)
  const second = entriesOf(machines, 'machines', parseMachine)
  const taken = new Set(providers.map(withoutSlash))
  const ofTenants = first.values.map(({ issuer }) => withoutSlash(issuer))
  const ofMachines = new Set(
    second.values.flatMap(({ proof }) => ('issuer' in proof ? [withoutSlash(proof.issuer)] : [])),
  )
  if (ofTenants.some((issuer) => taken.has(issuer))) first.complaints.push(' names the issuer of an OpenID Provider')
  if (isRepeated(ofTenants)) first.complaints.push(' names an issuer twice')
  if (isRepeated(first.values.flatMap(({ domains }) => [...domains]))) first.complaints.push(' names a domain twice')
  if ([...ofMachines].some((issuer) => taken.has(issuer) || ofTenants.includes(issuer))) {
    second.complaints.push(' names the issuer of an OpenID Provider or of a company')
  }
  const keys = new Map<string, string>()
  for (const { proof } of second.values) {
    if (proof.kind === 'client') continue
    const known = keys.get(proof.issuer)
    const now = JSON.stringify(proof.keys ?? null)
    if (known !== undefined && known !== now) second.complaints.push(' names different keys for one issuer')
    keys.set(proof.issuer, now)
  }
  const clients = second.values.flatMap(({ proof }) => (proof.kind === 'client' ? [proof.clientId] : []))
  if (isRepeated(clients)) second.complaints.push(' names a client twice')
  return {
    tenants: first.values,
    machines: second.values,
    complaints: [
      ...first.complaints.map((what) => ({ setting: 'MCP_TENANTS' as const, what })),
      ...second.complaints.map((what) => ({ setting: 'MCP_MACHINES' as const, what })),
    ],
  }
}

/** Characters. The environment has to hold every other setting too. */
const longest = 32_768

function entriesOf<T extends { readonly name: string }>(
  setting: AssertionSettings['tenants'],
  what: string,
  parse: (entry: Entry) => T | string,
): { readonly values: readonly T[]; readonly complaints: string[] } {
  if (setting === undefined) return { values: [], complaints: [] }
  const { json } = setting
  if (!Array.isArray(json) || json.length === 0) {
    return { values: [], complaints: [` must be a JSON array of ${what}, with one or more of them`] }
  }
  if (JSON.stringify(json).length > longest) {
    return { values: [], complaints: [` must be no longer than ${longest} characters`] }
  }
  const parsed = json.map((entry) => (isObject(entry) ? parse(entry) : 'must be an object'))
  const complaints = parsed.flatMap((value, index) => (typeof value === 'string' ? [`[${index}] ${value}`] : []))
  const values = parsed.filter((value) => typeof value !== 'string')
  if (isRepeated(values.map(({ name }) => name))) complaints.push(' names a name twice')
  return { values, complaints }
}

type Entry = Readonly<Record<string, unknown>>

/** Returns the company, or what is wrong with it. */
function parseTenant(entry: Entry): Tenant | string {
  const { name, issuer, jwks, jwks_uri, title, domains, clients, public_clients = false, scope, ...others } = entry
  const trusted = trustedIssuer({ issuer, jwks, jwks_uri })
  if (typeof trusted === 'string') return trusted
  if (sharedIssuers.some(({ isIssuer }) => isIssuer(trusted.issuer))) return 'must have an issuer of its own'
  const names = textsOf(domains, normalDomain)
  const ids = clients === undefined ? undefined : textsOf(clients, (id) => (/^[!-~]{1,2000}$/.test(id) ? id : null))
  const ceiling = scope === undefined ? undefined : scopesIn(scope)
  if (!isName(name)) return nameForm
  if (title !== undefined && !isTitle(title)) return 'must have a title of up to 100 characters'
  if (!names?.size) return 'must have domains as a list of names, without @ and *'
  if (ids === null) return 'must have clients as a list of client_id'
  if (typeof public_clients !== 'boolean') return 'must have public_clients as true or false'
  if (ceiling === null) return `must have a scope of ${scopes.join(' ')}`
  if (Object.keys(others).length > 0) return 'has a member that is not one of a company'
  return { name, title, ...trusted, domains: names, clients: ids, publicClients: public_clients, scope: ceiling }
}

/** Returns the machine, or what is wrong with it. */
function parseMachine(entry: Entry): Machine | string {
  const { name, client, scope, limit, issuer, jwks, jwks_uri, claims, any_place = false, ...others } = entry
  const allowed = scope === undefined ? ['docs:read'] : scopesIn(scope)
  if (!isName(name)) return nameForm
  if (allowed === null) return `must have a scope of ${scopes.join(' ')}`
  if (limit !== undefined && !isLimit(limit)) return `must have a limit from 0 to ${mostInWindow}`
  if (Object.keys(others).length > 0) return 'has a member that is not one of a machine'
  const machine = { name, scope: allowed, limit }
  const isClient = client !== undefined
  if (isClient === (issuer !== undefined)) return 'must have either a client or an issuer'
  if (isClient) {
    if (typeof client !== 'string' || !/^[!-~]{1,512}$/.test(client)) return 'must have a client_id as client'
    // Anyone can register a client. Only those of the settings, and documents that the operator names, are machines.
    if (client.startsWith('eyJ')) return 'must not name a client that registered itself'
    if ([jwks, jwks_uri, claims].some((member) => member !== undefined) || any_place !== false) {
      return 'must have no issuer, keys and claims beside a client'
    }
    return { ...machine, proof: { kind: 'client', clientId: client } }
  }
  const proof = workloadOf({ issuer, jwks, jwks_uri, claims, any_place })
  return typeof proof === 'string' ? proof : { ...machine, proof }
}

function workloadOf({ claims, any_place, ...keys }: Entry): WorkloadProof | string {
  const trusted = trustedIssuer(keys)
  if (typeof trusted === 'string') return trusted
  if (!isPatterns(claims) || Object.keys(claims).length === 0) {
    return 'must have claims as an object of texts, in which * stands for a whole segment between : and /'
  }
  if (any_place !== false && any_place !== true) return 'must have any_place as true or false'
  const shared = sharedIssuers.find(({ isIssuer }) => isIssuer(trusted.issuer))
  const names = (wanted: readonly string[]) =>
    wanted.some((claim) => Object.hasOwn(claims, claim) && isExact(claims[claim]))
  if (shared && !names(shared.owner)) return `must name ${shared.owner.join(' or ')} in full: everyone uses this issuer`
  // A lone star is every branch, and every environment.
  const isPlace = (claim: string) => Object.hasOwn(claims, claim) && claims[claim] !== '*'
  if (shared && shared.place.length > 0 && !shared.place.some(isPlace) && !any_place) {
    return `must name ${shared.place.join(' or ')}, or have any_place`
  }
  // A rule about what every token of the issuer says would be a rule for all of its workloads.
  const chosen = Object.keys(claims).filter((claim) => !['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'].includes(claim))
  if (chosen.length === 0) return 'must name a claim that tells one workload from another'
  return { kind: 'workload', ...trusted, claims }
}

const isExact = (pattern: unknown) => typeof pattern === 'string' && !pattern.includes('*')

function isPatterns(value: unknown, depth = 0): value is ClaimPatterns {
  if (!isObject(value) || depth > 4) return false
  return Object.values(value).every((pattern) =>
    typeof pattern === 'string' ? isPattern(pattern) : isPatterns(pattern, depth + 1),
  )
}

/** Reads an issuer and where its keys are. Only an https issuer says in its metadata where they are. */
function trustedIssuer({ issuer, jwks, jwks_uri }: Entry): TrustedIssuer | string {
  const isUrl = typeof issuer === 'string' && isPlainIssuer(issuer)
  const isSpiffe = typeof issuer === 'string' && /^spiffe:\/\/[a-z0-9._-]{1,255}$/.test(issuer)
  if (typeof issuer !== 'string' || !(isUrl || isSpiffe)) {
    return 'must have an issuer that is an https URL as tokens write it: its host in lower case, without the default port, ? and #; or spiffe:// and a trust domain'
  }
  if (typeof jwks_uri === 'string' && jwks === undefined && isSecureUrl(jwks_uri))
    return { issuer, keys: { uri: jwks_uri } }
  const keys = keySourceOf({ jwks, jwks_uri })
  if (keys && 'complaint' in keys) return `must have usable keys: ${keys.complaint}`
  if (!keys && !isUrl) return 'must have jwks_uri or jwks: this issuer has no metadata'
  return { issuer, keys }
}

const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)
const nameForm = 'must have a name of up to 40 lower-case letters, digits and hyphens'

const isTitle = (title: unknown): title is string =>
  typeof title === 'string' && /^[^\p{Cc}\u2028\u2029]{1,100}$/u.test(title)

const isLimit = (limit: unknown): limit is number =>
  typeof limit === 'number' && Number.isInteger(limit) && limit >= 0 && limit <= mostInWindow

/** Returns known scopes. The scope of admins is not in the list: no company's assertion and no machine gets it (N6). */
function scopesIn(scope: unknown): readonly string[] | null {
  const names = typeof scope === 'string' ? scope.split(' ') : []
  const known: readonly string[] = scopes
  return names.length > 0 && names.every((name) => known.includes(name)) ? names : null
}

function textsOf(given: unknown, read: (text: string) => string | null): ReadonlySet<string> | null {
  if (!Array.isArray(given)) return null
  const values = given.map((text) => (typeof text === 'string' ? read(text) : null))
  return values.includes(null) ? null : new Set(values.filter((value) => value !== null))
}

const isRepeated = (values: readonly string[]) => new Set(values).size < values.length

const withoutSlash = (issuer: string) => issuer.replace(/\/+$/, '')
