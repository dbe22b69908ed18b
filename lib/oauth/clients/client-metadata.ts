import * as v from 'valibot'
import { isObject } from '../../base/json.ts'
import { capabilities } from '../capabilities.ts'
import { parseRedirectUri, type RedirectPolicy } from './redirect-uri.ts'

/** The metadata of a client that this server uses (RFC 7591 §2), validated. */
export interface ClientMetadata {
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly applicationType: ApplicationType
  /** Cleaned text, and still unverified. */
  readonly name?: string | undefined
  /** Known scopes, separated by spaces. The client gets these if it asks for none. */
  readonly scope?: string | undefined
  /** What the client promises to do, and the server then requires. Absent: nothing. */
  readonly requires?: readonly ClientRequirement[] | undefined
}

export type GrantType = (typeof capabilities.grantTypes)[number]
export type ApplicationType = 'native' | 'web'

/** RFC 7591 §3.2.2. */
export interface MetadataRefused {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  /** ASCII. It quotes nothing that the client sent. */
  readonly description: string
}

/** RFC 9449 §5.2 and RFC 9126 §6. */
const requirements = {
  dpop_bound_access_tokens: v.optional(v.boolean()),
  require_pushed_authorization_requests: v.optional(v.boolean()),
}
export type ClientRequirement = keyof typeof requirements

export const isRequirement = (name: string): name is ClientRequirement => Object.hasOwn(requirements, name)

/** The requirements as members of client metadata. */
export const requirementMembers = (requires: readonly string[] = []) =>
  Object.fromEntries(requires.map((name) => [name, true]))

const MOST_REDIRECT_URIS = 10
const LONGEST_NAME = 200

/** The members that this server reads. It ignores all others. */
const schema = v.object({
  ...requirements,
  redirect_uris: v.optional(v.array(v.string())),
  grant_types: v.optional(v.array(v.string())),
  response_types: v.optional(v.array(v.string())),
  client_name: v.optional(v.string()),
  scope: v.optional(v.string()),
  application_type: v.optional(v.string()),
})

/**
 * Drops wrong values of members that decide nothing important. A wrong value is still refused where it decides where a code
 * goes, or which grant types and response types the client can handle.
 */
function withoutOddities(members: Record<string, unknown>): Record<string, unknown> {
  const { grant_types, response_types, client_name, scope, application_type } = members
  const scopes = textsOf(scope)
  return {
    ...members,
    grant_types: textsOf(grant_types),
    response_types: textsOf(response_types),
    client_name: typeof client_name === 'string' ? client_name : undefined,
    scope: Array.isArray(scopes) ? scopes.join(' ') : typeof scope === 'string' ? scope : undefined,
    application_type: typeof application_type === 'string' ? application_type : undefined,
  }
}

/** Returns the texts of a list that are not empty, or `undefined` if there are none. Returns any other value as it is. */
function textsOf(list: unknown): unknown {
  if (!Array.isArray(list)) return list
  const texts = list.filter((item) => typeof item === 'string' && item !== '')
  return texts.length > 0 ? texts : undefined
}

/** What the metadata of a client may say. */
export interface ClientPolicy extends RedirectPolicy {
  /** Every scope that a client may ask for. */
  readonly scopes: readonly string[]
}

export interface MetadataRules extends ClientPolicy {
  /**
   * What one unacceptable redirect URI does. `refuse`: it refuses the whole set, so that a client that registers is told
   * . `omit`: it is left out, and the client keeps its other redirect URIs.
   */
  readonly unacceptable: 'refuse' | 'omit'
  /** The operator wrote the metadata. A client then gets no refresh token if its `grant_types` leave it out. */
  readonly operatorsOwn?: boolean
}

/**
 * Reads client metadata from the body of a registration, from a registration that is opened again, or from a metadata
 * document. Unknown values are not errors (R-08, R-10, M-09).
 */
export function parseClientMetadata(input: unknown, rules: MetadataRules): ClientMetadata | MetadataRefused {
  const members = rules.operatorsOwn ? withoutNulls(input) : presentMembers(input)
  if (!members) return invalid('client metadata must be a JSON object')
  const { success, output, issues } = v.safeParse(schema, rules.operatorsOwn ? members : withoutOddities(members))
  if (!success) return invalid(`${v.getDotPath(issues[0]) ?? 'client metadata'} has the wrong type`)

  const redirectUris = acceptableRedirectUris(output.redirect_uris ?? [], rules)
  if ('error' in redirectUris) return redirectUris
  const grantTypes = grantTypesOf(output.grant_types ?? capabilities.grantTypes, rules)
  if (!grantTypes.includes('authorization_code')) return invalid('grant_types must include authorization_code')
  if (output.response_types && !output.response_types.includes('code')) {
    return invalid('response_types must include code')
  }
  const name = cleanName(output.client_name ?? '')
  const scope = supportedScope(output.scope ?? '', rules)
  const requires = Object.keys(requirements)
    .filter(isRequirement)
    .filter((name) => output[name])
  return {
    redirectUris,
    grantTypes,
    applicationType: applicationType(output.application_type, redirectUris),
    name: name || undefined,
    scope: scope || undefined,
    requires: requires.length > 0 ? requires : undefined,
  }
}

/** Returns the members of a JSON object that are not `null`, or `null` for any other value. */
export function withoutNulls(input: unknown): Record<string, unknown> | null {
  if (!isObject(input)) return null
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
}

/**
 * Returns the members of a JSON object that say something. Clients write `null`, `[]` or `""` for a member that they leave
 * out, and RFC 7591 §2 has defaults for such members.
 */
export function presentMembers(input: unknown): Record<string, unknown> | null {
  const members = withoutNulls(input)
  const isNothing = (value: unknown) => value === '' || (Array.isArray(value) && value.length === 0)
  return members && Object.fromEntries(Object.entries(members).filter(([, value]) => !isNothing(value)))
}

function acceptableRedirectUris(uris: readonly string[], rules: MetadataRules): readonly string[] | MetadataRefused {
  if (uris.length === 0) return invalidRedirect('redirect_uris is required')
  if (uris.length > MOST_REDIRECT_URIS) return invalidRedirect(`more than ${MOST_REDIRECT_URIS} redirect_uris`)
  const acceptable: string[] = []
  let complaint: string | undefined
  for (const [index, uri] of uris.entries()) {
    const redirect = parseRedirectUri(uri, rules)
    if (redirect.kind === 'refused') complaint ??= `redirect_uris[${index}] is not acceptable: ${redirect.reason}`
    else acceptable.push(uri)
  }
  if (complaint && (rules.unacceptable === 'refuse' || acceptable.length === 0)) return invalidRedirect(complaint)
  return acceptable
}

/**
 * Returns the supported grant types among the named ones. Every client that gets codes also gets refresh tokens
 * (T-19): many clients name only `authorization_code` and then refresh, and without a refresh token their user signs in every
 * hour. To withhold it would protect no user. The server may choose (RFC 7591 §3.2.1), and the answer to a registration
 * names its choice.
 */
function grantTypesOf(named: readonly string[], { operatorsOwn = false }: MetadataRules): readonly GrantType[] {
  const widened = !operatorsOwn && named.includes('authorization_code')
  return widened ? capabilities.grantTypes : capabilities.grantTypes.filter((type) => named.includes(type))
}

/** Drops unknown scopes. */
function supportedScope(named: string, { scopes }: ClientPolicy): string {
  const wanted = named.split(' ')
  return scopes.filter((scope) => wanted.includes(scope)).join(' ')
}

/** Returns the named type, or infers it. It is echoed, and never a reason to refuse a redirect URI. */
function applicationType(named: string | undefined, redirectUris: readonly string[]): ApplicationType {
  if (named === 'native' || named === 'web') return named
  return redirectUris.every((uri) => uri.startsWith('https://')) ? 'web' : 'native'
}

/** Turns a name into one line without invisible characters. The name stays unverified. */
function cleanName(name: string): string {
  const visible = name
    .slice(0, 4 * LONGEST_NAME)
    .replace(/\s+/g, ' ')
    // Removes controls, formatting such as bidi, lone surrogates, private use and invisible letters.
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim()
  return Array.from(visible).slice(0, LONGEST_NAME).join('').trimEnd()
}

export function invalid(description: string): MetadataRefused {
  return { error: 'invalid_client_metadata', description }
}

function invalidRedirect(description: string): MetadataRefused {
  return { error: 'invalid_redirect_uri', description }
}
