import { defined } from '../base/defined.ts'
import { type AddressRange, parseRange } from '../limits/address.ts'
import { type BlockList, parseBlockList } from '../oauth/clients/blocked-clients.ts'
import type { Client } from '../oauth/clients/client.ts'
import { parseConfiguredClients } from '../oauth/clients/parse-configured-clients.ts'
import { defaultPrivateUseUris } from '../oauth/clients/redirect-uri.ts'
import { hasOneOwner, isTrustedEntry } from '../oauth/clients/trusted-entry.ts'
import { vendorRedirects } from '../oauth/clients/vendor-redirects.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import type { Scopes } from '../oauth/scopes.ts'
import type { Brand, Shared } from '../pages/brand.ts'
import { isStrongToken, parseSecret, secretForm, tokenForm } from '../settings/secrets.ts'
import { isSecureOrigin, isSecureUrl } from '../settings/urls.ts'
import type { AuthorizationServerOptions } from './options.ts'

/** The options of `createAuthorizationServer` are wrong. The message has one line for each of them, and quotes no secret. */
export class InvalidOptions extends Error {
  override readonly name = 'InvalidOptions'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`createAuthorizationServer cannot start:\n${problems.map((problem) => `- ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** The options, read and completed. */
export type CheckedOptions = ReturnType<typeof checkOptions>

const hour = 3600
const day = 86_400

/** The form of a scope (RFC 6749 §3.3). */
const scopeForm = /^[\x21\x23-\x5B\x5D-\x7E]+$/

const defaultLifetimes = { accessToken: hour, refreshToken: 30 * day, grant: 180 * day, grace: 60, signIn: 600 }

/** Reads the options. Throws `InvalidOptions` with everything that is wrong. */
export function checkOptions(options: AuthorizationServerOptions) {
  const problems: string[] = []
  const require = (isRight: boolean, problem: string) => void (isRight || problems.push(problem))
  const { issuer, resource, brand, clients = {}, limits = {}, callbackPath = '/oauth/callback' } = options

  require(isSecureOrigin(issuer), 'issuer must be an origin such as https://auth.example.com, without a path')
  require(isSecureUrl(resource.url) &&
    resource.url ===
      canonical(resource.url), 'resource.url must be an https URL without a query and without a slash at its end')
  require(resource.name.trim() !== '', 'resource.name must be a text')
  require(/^(?:\/[\w.~-]+)+$/.test(callbackPath) &&
    new URL(callbackPath, 'https://host.example').pathname ===
      callbackPath, 'callbackPath must be a path such as /oauth/callback')
  for (const name of ['name', 'provider'] as const) require(brand[name].trim() !== '', `brand.${name} must be a text`)
  for (const name of ['signupUrl', 'privacyUrl', 'supportUrl', 'logoUrl'] as const) {
    const url = brand[name]
    require(url === undefined || isSecureUrl(url), `brand.${name} must be an https URL`)
  }
  const { documentationUrl } = resource
  require(documentationUrl === undefined ||
    isSecureUrl(documentationUrl), 'resource.documentationUrl must be an https URL')
  const { accentColor = '#57606a' } = brand
  require(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accentColor), 'brand.accentColor must be #rgb or #rrggbb')
  if (!('identify' in options.provider)) {
    require(isSecureUrl(options.provider.issuer), 'provider.issuer must be an https URL')
    require(options.provider.clientId !== '', 'provider.clientId must be a text')
  }

  const scopes = scopesOf(resource.scopes, require)
  const lifetimes = { ...defaultLifetimes, ...defined({ ...options.lifetimes }) }
  for (const [name, seconds] of Object.entries(lifetimes)) {
    require(Number.isInteger(seconds) && seconds > 0, `lifetimes.${name} must be a whole number of seconds`)
  }
  // Signing keys are kept for the longest of these, and grants are found by their months.
  require(lifetimes.accessToken <= day, 'lifetimes.accessToken must be a day or less')
  require(lifetimes.grant <= 180 * day, 'lifetimes.grant must be 180 days or less')
  require(lifetimes.grace <= 600, 'lifetimes.grace must be ten minutes or less')
  const introspectionTokens = options.introspectionTokens ?? []
  require(introspectionTokens.every(isStrongToken), `introspectionTokens must be ${tokenForm}`)
  const { registrationToken } = clients
  require(registrationToken === undefined ||
    isStrongToken(registrationToken), `clients.registrationToken must be ${tokenForm}`)
  const policy = { scopes: scopes.all, privateUseUris: defaultPrivateUseUris }
  const configured = parseConfiguredClients(clients.configured ?? [], policy)
  for (const complaint of configured.complaints) problems.push(`clients.configured${complaint}`)
  const blocked = parseBlockList(clients.blocked ?? [])
  require(blocked !== null, 'clients.blocked must have hashes of client ids, hosts, and before:<ISO date>')
  const trusted = clients.trustedRedirects ?? vendorRedirects
  require(trusted.every(
    (entry) => isTrustedEntry(entry) && hasOneOwner(entry),
  ), 'clients.trustedRedirects must have hosts, hosts with a path, and whole URIs')
  for (const name of ['registrations', 'allRegistrations', 'clientDocuments'] as const) {
    const limit = limits[name]
    const isRight =
      limit === undefined || limit === false || [limit.limit, limit.windowSeconds].every(isPositiveInteger)
    require(isRight, `limits.${name} must be false, or whole numbers: { limit, windowSeconds }`)
  }
  const exempt = (limits.exempt ?? []).map(parseRange)
  require(!exempt.includes(null), 'limits.exempt must have CIDR ranges, such as 192.0.2.0/24')
  const secrets = secretsOf(options, require)

  if (problems.length > 0 || secrets === null) throw new InvalidOptions(problems)
  const configuredUris = configured.clients.flatMap(({ redirectUris }) => redirectUris)
  return {
    issuer,
    secrets,
    scopes,
    lifetimes,
    callbackPath,
    introspectionTokens,
    registrationToken,
    policy: { ...policy, ownHosts: new Set([new URL(issuer).host]), configuredUris: new Set(configuredUris) },
    configuredClients: configured.clients satisfies readonly Client[],
    blocked: (blocked ?? noBlocks) satisfies BlockList,
    trustedRedirects: new Set([...trusted, ...configuredUris]),
    exempt: exempt.filter((range): range is AddressRange => range !== null),
    limits: {
      registrations: limits.registrations ?? { limit: 20, windowSeconds: hour },
      allRegistrations: limits.allRegistrations ?? { limit: 10_000, windowSeconds: hour },
      clientDocuments: limits.clientDocuments ?? { limit: 30, windowSeconds: 600 },
    },
    brand: {
      shared: sharedWith(brand.name, resource.name),
      ...brand,
      ...defined({ documentationUrl }),
      productName: resource.name,
      accentColor,
    } satisfies Brand,
  }
}

const isPositiveInteger = (value: number) => Number.isSafeInteger(value) && value > 0

const noBlocks: BlockList = { hashes: new Set(), hosts: new Set(), before: 0 }

type Require = (isRight: boolean, problem: string) => void

function scopesOf(given: AuthorizationServerOptions['resource']['scopes'], require: Require): Scopes {
  const all = given.map(({ name }) => name)
  const named = (which: 'initial' | 'optional') => given.filter((scope) => scope[which]).map(({ name }) => name)
  require(all.every((name) => scopeForm.test(name)), 'resource.scopes must have names without spaces and quotes')
  require(new Set(all).size === all.length, 'resource.scopes names a scope twice')
  require(named('initial').length > 0, 'resource.scopes must have a scope that is initial')
  require(given.every(({ text }) => text.trim() !== ''), 'resource.scopes must say in `text` what each scope allows')
  require(!all.includes(
    'offline_access',
  ), 'resource.scopes must leave out offline_access: every client gets refresh tokens')
  return {
    all,
    initial: named('initial'),
    optional: named('optional'),
    texts: Object.fromEntries(given.map(({ name, text }) => [name, text])),
  }
}

function secretsOf({ secret, previousSecrets = [] }: AuthorizationServerOptions, require: Require): Secrets | null {
  const [current, ...previous] = [secret, ...previousSecrets].map(parseSecret)
  require(current !== null &&
    current !== undefined, `secret must be ${secretForm.replace(/:.*/, '')}: newSecret() makes one`)
  require(!previous.includes(null), 'previousSecrets must have secrets of the same form')
  return current ? { current, previous: previous.filter((bytes) => bytes !== null), retired: [] } : null
}

const sharedWith = (name: string, product: string): readonly Shared[] => [
  { icon: 'mail', what: 'Email address and organization', how: `they show ${name} who uses ${product}` },
]

/** Returns the URL as clients must name it: no query, no fragment, no slash at its end. */
function canonical(text: string): string {
  const { origin, pathname } = new URL(text)
  return origin + pathname.replace(/\/$/, '')
}
