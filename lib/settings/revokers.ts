import { isObject } from '../base/json.ts'
import type { Revoker } from '../oauth/logout/revoker.ts'
import type { ProviderPlace } from './providers.ts'
import type { SettingsReader } from './reader.ts'
import { isSecureUrl } from './urls.ts'

const most = 20
const members = new Set(['name', 'issuer', 'token_sha256', 'people', 'domains'])

/**
 * Reads the services that may end people. A wrong entry is left out, and the complaint names its position.
 *
 * @param provider the issuer of the OpenID Provider
 * @param places the providers, where `MCP_PROVIDERS` lists some
 */
export function readRevokers(
  settings: SettingsReader,
  provider: string | undefined,
  places?: readonly ProviderPlace[],
): readonly Revoker[] {
  const value = settings.read('MCP_OAUTH_REVOKERS')
  if (value === undefined) return []
  const { json } = value
  const complain = (what: string) => settings.complain('MCP_OAUTH_REVOKERS', what)
  if (!Array.isArray(json) || json.length === 0 || json.length > most) {
    complain(` must be a JSON array of 1 to ${most} services`)
    return []
  }
  const names = new Set<string>()
  return json.flatMap((entry: unknown, index) => {
    const revoker = revokerOf(entry, provider, places)
    if (typeof revoker === 'string') complain(`: entry ${index + 1} ${revoker}`)
    else if (names.has(revoker.name)) complain(`: entry ${index + 1} has the name of another`)
    else {
      names.add(revoker.name)
      return [revoker]
    }
    return []
  })
}

/** Returns the service, or the words that follow "entry 1". */
function revokerOf(
  entry: unknown,
  provider: string | undefined,
  places: readonly ProviderPlace[] | undefined,
): Revoker | string {
  if (!isObject(entry)) return 'must be an object'
  if (Object.keys(entry).some((name) => !members.has(name))) return `may have only ${[...members].join(', ')}`
  const { name, issuer, token_sha256: digest, people, domains = [] } = entry
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,40}$/.test(name)) return 'must have a name of a-z, 0-9 and hyphens'
  if ((issuer === undefined) === (digest === undefined)) return 'must have either issuer or token_sha256'
  if (issuer !== undefined && !isIssuer(issuer)) return 'must have an https URL as its issuer'
  const tokenHash = digest === undefined ? undefined : hashOf(digest)
  if (tokenHash === null) return 'must have the SHA-256 of a token as token_sha256, in hex or base64url'
  const reach = reachOf(people, provider, places)
  if (typeof reach === 'string') return reach
  if (!Array.isArray(domains) || !domains.every(isDomain)) return 'must have domains in lower case as its domains'
  return { name, issuer, tokenHash, ...reach, domains: new Set(domains) }
}

/** Returns whose people a service reaches, or the words that follow "entry 1". */
function reachOf(
  people: unknown,
  provider: string | undefined,
  places: readonly ProviderPlace[] | undefined,
): Pick<Revoker, 'people' | 'provider'> | string {
  if (!places) {
    const issuer = people ?? provider
    return isIssuer(issuer) ? { people: issuer } : 'must have an https URL as people'
  }
  const [only, ...others] = places
  const wanted = people ?? (others.length === 0 ? only?.name : undefined)
  const found = places.find(({ name, issuer }) => name === wanted || withoutSlash(issuer) === withoutSlash(wanted))
  // Of several tenants, each has an issuer of its own.
  if (found?.issuer?.includes('{')) return 'must have the issuer of one tenant as people'
  if (found?.issuer !== undefined) return { people: found.issuer, provider: found.name }
  return isIssuer(wanted)
    ? { people: wanted, provider: null }
    : 'must have the name or the issuer of a provider as people'
}

const withoutSlash = (value: unknown) => (typeof value === 'string' ? value.replace(/\/$/, '') : Number.NaN)

const isIssuer = (value: unknown): value is string =>
  typeof value === 'string' && isSecureUrl(value) && !/[?#]/.test(value)

const isDomain = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(value)

/** Of an unset variable, whose hash must open nothing. */
const ofNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

function hashOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const bytes = /^[0-9a-f]{64}$/i.test(value)
    ? Buffer.from(value, 'hex')
    : /^[\w-]{43}$/.test(value)
      ? Buffer.from(value, 'base64url')
      : null
  return bytes === null || bytes.toString('hex') === ofNothing ? null : bytes.toString('base64url')
}
