import { isObject } from '../base/json.ts'
import type { Revoker } from '../oauth/logout/revoker.ts'
import type { SettingsReader } from './reader.ts'
import { isSecureUrl } from './urls.ts'

const most = 20
const members = new Set(['name', 'issuer', 'token_sha256', 'people', 'domains'])

/**
 * Reads the services that may end people. A wrong entry is left out, and the complaint names its position.
 *
 * @param provider the issuer of the OpenID Provider
 */
export function readRevokers(settings: SettingsReader, provider: string | undefined): readonly Revoker[] {
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
    const revoker = revokerOf(entry, provider)
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
function revokerOf(entry: unknown, provider: string | undefined): Revoker | string {
  if (!isObject(entry)) return 'must be an object'
  if (Object.keys(entry).some((name) => !members.has(name))) return `may have only ${[...members].join(', ')}`
  const { name, issuer, token_sha256: digest, people = provider, domains = [] } = entry
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,40}$/.test(name)) return 'must have a name of a-z, 0-9 and hyphens'
  if ((issuer === undefined) === (digest === undefined)) return 'must have either issuer or token_sha256'
  if (issuer !== undefined && !isIssuer(issuer)) return 'must have an https URL as its issuer'
  const tokenHash = digest === undefined ? undefined : hashOf(digest)
  if (tokenHash === null) return 'must have the SHA-256 of a token as token_sha256, in hex or base64url'
  if (!isIssuer(people)) return 'must have an https URL as people'
  if (!Array.isArray(domains) || !domains.every(isDomain)) return 'must have domains in lower case as its domains'
  return { name, issuer, tokenHash, people, domains: new Set(domains) }
}

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
