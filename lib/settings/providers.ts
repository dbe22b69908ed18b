import type { AdminEntry } from '../account/admins.ts'
import { isObject } from '../base/json.ts'
import { entraIssuer, template } from '../oauth/providers/presets/entra-issuer.ts'
import type { ListedProvider, Organization } from '../oauth/providers/presets/preset.ts'
import { domainOf } from '../oauth/providers/presets/rules.ts'
import { isPlainIssuer } from './urls.ts'

/** The value of `MCP_PROVIDERS`, and what reads the variables that it names. */
export interface ListedProviders {
  readonly json: unknown
  /** The trimmed text of a variable of the environment. */
  readonly variable: (name: string) => string | undefined
  /** The provider of `UPSTREAM_ISSUER`, which is the default one. */
  readonly hasDefault: boolean
}

/** What each preset needs. `issuer`: the operator must give it. */
const needs: Readonly<
  Record<string, { readonly issuer?: true; readonly secret?: true; readonly organizations?: true }>
> = {
  auth0: { issuer: true },
  google: { secret: true },
  okta: { issuer: true },
  entra: { organizations: true },
  cognito: { issuer: true },
  workos: { issuer: true },
  keycloak: { issuer: true },
  github: { secret: true },
  oidc: { issuer: true },
}

/** The form of the name of a variable with a client secret. No other secret of this service has such a name. */
export const secretVariable = /^MCP_PROVIDER_SECRET_[A-Z0-9_]{1,40}$/

const members = [
  ...['name', 'preset', 'label', 'issuer', 'client_id', 'client_secret_variable', 'scopes', 'email_domains', 'button'],
  ...['organizations', 'organization', 'organization_claim', 'organization_name_claim', 'email', 'role_claims'],
]

const defaultName = 'default'

/**
 * Reads the providers of the list, and says what is wrong with each. A provider with a mistake is left out, and the others stay in
 * service. The complaints quote the name of a provider, and no other value.
 *
 * @param defaultIssuer the issuer of the provider of `UPSTREAM_ISSUER`
 */
export function parseProviders(
  { json, variable, hasDefault }: ListedProviders,
  defaultIssuer?: string,
): {
  readonly providers: readonly ListedProvider[]
  /** Each as the words that follow `MCP_PROVIDERS`. */
  readonly complaints: readonly string[]
} {
  if (!Array.isArray(json) || json.length > 100) {
    return { providers: [], complaints: [' must be a JSON array of at most 100 providers'] }
  }
  const complaints: string[] = []
  const providers: ListedProvider[] = []
  const seen = new Set<string>(hasDefault ? [defaultName] : [])
  json.forEach((entry: unknown, index) => {
    const name = isObject(entry) && isName(entry.name) ? entry.name : undefined
    const complain = (what: string) => complaints.push(`: provider ${name ?? `[${index}]`} ${what}`)
    const read = name === undefined ? nameForm : seen.has(name) ? twice(name) : parseProvider(name, entry, variable)
    if (name !== undefined) seen.add(name)
    if (typeof read === 'string') complain(read)
    else providers.push(read)
  })
  const kept = providers.filter((provider) => {
    const problem = problemAmong(provider, providers, { hasDefault, defaultIssuer })
    if (problem) complaints.push(`: provider ${provider.name ?? defaultName} ${problem}`)
    return problem === undefined
  })
  return { providers: kept, complaints }
}

const nameForm = 'must have a name of up to 20 lower-case letters, digits and hyphens'
const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?$/.test(name)
const twice = (name: string) =>
  name === defaultName
    ? 'is that of UPSTREAM_CLIENT_ID: give this one another name'
    : 'has the name of another provider'

/** Returns the provider, or a complaint. */
function parseProvider(name: string, entry: unknown, variable: ListedProviders['variable']): ListedProvider | string {
  if (!isObject(entry)) return 'must be an object'
  if ('client_secret' in entry) {
    return 'must not have client_secret: put it into a variable of its own, and name that as client_secret_variable'
  }
  if (Object.keys(entry).some((member) => !members.includes(member)))
    return 'has a member that is not one of a provider'
  const { preset, label, issuer, client_id: clientId, client_secret_variable: secretIn, email, button } = entry
  const needed = typeof preset === 'string' && Object.hasOwn(needs, preset) ? needs[preset] : undefined
  if (typeof preset !== 'string' || !needed) return `must have a preset: ${Object.keys(needs).join(', ')}`
  if (label !== undefined && !isLine(label, 40)) return 'must have a label of one line of at most 40 characters'
  if (issuer === undefined ? needed.issuer : !isIssuer(issuer)) {
    return 'must have an issuer: an https URL without ? and #, and without /.well-known/ and what follows it'
  }
  if (typeof clientId !== 'string' || !/^[!-~]{1,500}$/.test(clientId)) return 'must have a client_id'
  if (secretIn !== undefined && (typeof secretIn !== 'string' || !secretVariable.test(secretIn))) {
    return 'must have a client_secret_variable that begins with MCP_PROVIDER_SECRET_'
  }
  const clientSecret = typeof secretIn === 'string' ? variable(secretIn) : undefined
  if (secretIn !== undefined && clientSecret === undefined)
    return 'names a variable for its client secret that is not set'
  if (needed.secret && clientSecret === undefined) return 'must have a client_secret_variable: it has no public clients'
  const lists = readLists(entry)
  if (typeof lists === 'string') return lists
  const { emailDomains, organizations } = lists
  if (needed.organizations && organizations === undefined) {
    return 'must have organizations: a list of tenant ids, or "any"'
  }
  if (preset === 'entra' && Array.isArray(organizations) && !organizations.every((id) => uuid.test(id))) {
    return 'must have organizations that are tenant ids: 36 lower-case characters'
  }
  if (preset === 'github' && (organizations !== undefined || entry.organization !== undefined)) {
    return 'must not have organizations: at GitHub they are no companies'
  }
  const organization = readOrganization(entry)
  if (typeof organization === 'string') return organization
  if (email !== undefined && email !== 'verified' && email !== 'optional')
    return 'must have email as verified or optional'
  if (entry.role_claims !== undefined && typeof entry.role_claims !== 'boolean') {
    return 'must have role_claims as true or false'
  }
  if (button !== undefined && typeof button !== 'boolean') return 'must have button as true or false'
  if (button === false && emailDomains.length === 0) return 'must have email_domains: without a button, they find it'
  return {
    name: name === defaultName ? undefined : name,
    preset,
    label: typeof label === 'string' ? label : undefined,
    issuer: typeof issuer === 'string' ? originLike(preset, issuer) : undefined,
    clientId,
    clientSecret,
    ...lists,
    ...organization,
    byDomainOnly: button === false,
    emailOptional: email === 'optional',
    roleClaims: entry.role_claims === true,
  }
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Paths are added to the issuers of these presets. */
const originLike = (preset: string, issuer: string) =>
  ['entra', 'github'].includes(preset) ? issuer.replace(/\/+$/, '') : issuer

function readLists(entry: Readonly<Record<string, unknown>>) {
  const { scopes = [], email_domains: domains = [], organizations } = entry
  if (!isListOf(scopes, (scope) => /^[!#-[\]-~]{1,100}$/.test(scope) && scope !== 'offline_access')) {
    return 'must have scopes that are a list of scopes, without offline_access'
  }
  if (
    !isListOf(domains, (domain) => /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+$/.test(domain) && domainOf(domain) === domain)
  ) {
    return 'must have email_domains that are a list of domains in lower case'
  }
  if (
    organizations !== undefined &&
    organizations !== 'any' &&
    !(isListOf(organizations, isId) && organizations.length > 0)
  ) {
    return 'must have organizations that are a list of ids, or "any"'
  }
  return { scopes, emailDomains: domains, organizations: organizations as readonly string[] | 'any' | undefined }
}

function readOrganization(
  entry: Readonly<Record<string, unknown>>,
): Pick<ListedProvider, 'organization' | 'organizationClaim' | 'organizationNameClaim'> | string {
  const { organization, organization_claim: claim, organization_name_claim: nameClaim } = entry
  if (organization !== undefined && !isOrganization(organization))
    return 'must have an organization with an id and a name'
  if (claim !== undefined && !isLine(claim, 100)) return 'must have an organization_claim that is the name of a claim'
  if (nameClaim !== undefined && (claim === undefined || !isLine(nameClaim, 100))) {
    return 'must have an organization_name_claim that is the name of a claim, beside organization_claim'
  }
  return {
    organization: organization === undefined ? undefined : organization,
    organizationClaim: claim,
    organizationNameClaim: nameClaim,
  }
}

const isLine = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most && !/[<>\p{C}\p{Zl}\p{Zp}]/u.test(value)
const isId = (text: string) => /^[^\s\p{C}]{1,75}$/u.test(text)
const isListOf = (value: unknown, isGood: (text: string) => boolean): value is readonly string[] =>
  Array.isArray(value) && value.length <= 500 && value.every((each) => typeof each === 'string' && isGood(each))
const isOrganization = (value: unknown): value is Organization & { readonly id: string } =>
  isObject(value) &&
  typeof value.id === 'string' &&
  isId(value.id) &&
  (value.name === undefined || isLine(value.name, 60)) &&
  Object.keys(value).every((member) => member === 'id' || member === 'name')
const isIssuer = (value: unknown): value is string =>
  typeof value === 'string' && isPlainIssuer(value) && !value.includes('/.well-known/')

/** Says what is wrong with a provider beside the others. */
function problemAmong(
  provider: ListedProvider,
  all: readonly ListedProvider[],
  { hasDefault, defaultIssuer }: { readonly hasDefault: boolean; readonly defaultIssuer: string | undefined },
): string | undefined {
  const others = all.filter((each) => each !== provider)
  // GitHub accepts every address below the registered callback. At /mcp/callback, it would send its codes to those of the others.
  if (provider.preset === 'github' && provider.name === undefined && (others.length > 0 || hasDefault)) {
    return 'must have another name beside other providers: GitHub also sends its codes to every address below its callback'
  }
  const earlier = all.slice(0, all.indexOf(provider))
  if (provider.emailDomains.some((domain) => earlier.some(({ emailDomains }) => emailDomains.includes(domain)))) {
    return 'has an email domain of another provider: each belongs to one'
  }
  const taken = [...earlier.flatMap(issuersOf), ...(defaultIssuer === undefined ? [] : [defaultIssuer])]
  if (issuersOf(provider).some((one) => taken.some((other) => covers(one, other) || covers(other, one)))) {
    return 'has the issuer of another provider: one person would come from two'
  }
  return undefined
}

/** The issuers of a provider's people: with Entra ID that of each tenant. */
function issuersOf(provider: ListedProvider): readonly string[] {
  const { preset, issuer, organizations } = provider
  if (preset === 'entra' && Array.isArray(organizations)) return organizations.map((id) => entraIssuer([id], issuer))
  return [issuerOf(provider) ?? '']
}

/** Whether two issuers are the same, or the first is the template of a tenant's issuer and the second that of a tenant. */
function covers(one: string, other: string): boolean {
  const [before = '', after] = one.split(template)
  if (after === undefined) return withoutSlash(one) === withoutSlash(other)
  return other.startsWith(before) && other.endsWith(after)
}

/** The issuer in the settings, as an admin entry may name it. */
const issuerOf = ({ preset, issuer, organizations = [] }: ListedProvider): string | undefined =>
  preset === 'entra' ? entraIssuer(organizations, issuer) : (issuer ?? fixedIssuers[preset])

const fixedIssuers: Readonly<Record<string, string>> = {
  google: 'https://accounts.google.com',
  github: 'https://github.com',
}

/** A provider as other settings name it: by its name, `default` for the default one, or by its issuer. */
export interface ProviderPlace {
  readonly name: string
  /** Of several tenants of Entra ID, a template. */
  readonly issuer: string | undefined
  readonly preset?: string
}

/** Lists the providers at which people sign in, the default one first. */
export const placesOf = (
  providers: readonly ListedProvider[],
  defaultIssuer: string | undefined,
): readonly ProviderPlace[] => [
  ...(defaultIssuer === undefined ? [] : [{ name: defaultName, issuer: defaultIssuer }]),
  ...providers.map((each) => ({ name: each.name ?? defaultName, issuer: issuerOf(each), preset: each.preset })),
]

/**
 * Finds the provider of each admin entry (N6). With several providers, each entry must say which one it is about, by its name or its
 * issuer. No person of GitHub is an admin.
 */
export function adminsAmong(
  entries: readonly AdminEntry[],
  {
    providers,
    defaultIssuer,
  }: { readonly providers: readonly ListedProvider[]; readonly defaultIssuer: string | undefined },
): { readonly admins: readonly AdminEntry[]; readonly complaints: readonly string[] } {
  const complaints = new Set<string>()
  const known = placesOf(providers, defaultIssuer)
  const admins = entries.flatMap(({ provider: wanted, who }): readonly AdminEntry[] => {
    const [only, ...more] = known
    if (wanted === undefined && more.length > 0) {
      complaints.add(': with several providers, each value must begin with the name or the issuer of one')
      return []
    }
    const found =
      wanted === undefined
        ? only
        : known.find(({ name, issuer }) => name === wanted || withoutSlash(issuer) === withoutSlash(wanted))
    if (!found) {
      complaints.add(': the name or issuer before an entry must be that of a provider')
      return []
    }
    if (found.preset === 'github') {
      complaints.add(': a person at GitHub cannot be an admin')
      return []
    }
    const { name } = found
    return [{ name, who: 'email' in who || name === defaultName ? who : inProvider(name, who) }]
  })
  return { admins: complaints.size > 0 ? [] : admins, complaints: [...complaints] }
}

const inProvider = (name: string, { organizationId }: { readonly organizationId: string }) => ({
  organizationId: organizationId.startsWith(`${name}:`) ? organizationId : `${name}:${organizationId}`,
})

const withoutSlash = (issuer: string | undefined) => issuer?.replace(/\/$/, '')
