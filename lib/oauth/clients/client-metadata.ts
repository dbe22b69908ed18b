import * as v from 'valibot'
import { capabilities, scopes } from '../capabilities.ts'
import { parseRedirectUri, type RedirectPolicy } from './redirect-uri.ts'

/** What we keep of a client's metadata (RFC 7591 §2): every member is of a known form, and means something to us. */
export interface ClientMetadata {
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly applicationType: ApplicationType
  /** Cleaned text of whoever wrote it. */
  readonly name?: string
  /** Space-separated, ours only; what the client gets when it asks for none. */
  readonly scope?: string
}

export type GrantType = (typeof capabilities.grantTypes)[number]
export type ApplicationType = 'native' | 'web'

/** RFC 7591 §3.2.2. */
export interface MetadataRefused {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  /** ASCII, without anything the client sent. */
  readonly description: string
}

const MOST_REDIRECT_URIS = 10
const LONGEST_NAME = 200

/** The members that we read; all others are ignored, whatever they are. */
const schema = v.object({
  redirect_uris: v.optional(v.array(v.string())),
  grant_types: v.optional(v.array(v.string())),
  response_types: v.optional(v.array(v.string())),
  client_name: v.optional(v.string()),
  scope: v.optional(v.string()),
  application_type: v.optional(v.string()),
})

/**
 * The members as clients write them: where a wrong value changes nothing that anybody relies on, it is left out instead of
 * refused. Not so where a code may go, and which grants and answers a client can handle.
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

/** The texts of a list, of which an empty one is none; a list without any says nothing. What is no list stays what it is. */
function textsOf(list: unknown): unknown {
  if (!Array.isArray(list)) return list
  const texts = list.filter((item) => typeof item === 'string' && item !== '')
  return texts.length > 0 ? texts : undefined
}

export interface MetadataRules extends RedirectPolicy {
  /**
   * What one unacceptable redirect URI means. `refuse`: the whole set is refused, as a client that is registering wants to
   * be told. `omit`: it is left out, since the others were fit to use yesterday and still are.
   */
  readonly unacceptable: 'refuse' | 'omit'
  /** The operator has written the metadata: a client gets no refresh token if its `grant_types` leave it out. */
  readonly operatorsOwn?: boolean
}

/**
 * Reads client metadata: the body of a registration, a registration that is opened again, or a metadata document.
 * Nothing that is merely unknown to us is an error (R-08, R-10, M-09).
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
  const scope = supportedScope(output.scope ?? '')
  return {
    redirectUris,
    grantTypes,
    applicationType: applicationType(output.application_type, redirectUris),
    ...(name === '' ? {} : { name }),
    ...(scope === '' ? {} : { scope }),
  }
}

/** The members of a JSON object that are not `null`. */
export function withoutNulls(input: unknown): Record<string, unknown> | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return null
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
}

/**
 * The members that say something, where a client writes them: "nothing" is spelled `null`, `[]` or `""`, and means that the
 * member is not there (R-03; RFC 7591 §2 has defaults for what is absent).
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
 * Ours among those named, and a refresh token for every client that gets codes (T-19). Clients name the code alone
 * out of habit, and then refresh, or ask for `offline_access`; without a refresh token their user signs in every hour.
 * To withhold it from a client that says so of itself protects nobody. The server may choose (RFC 7591 §3.2.1), and the
 * answer to a registration names what it chose.
 */
function grantTypesOf(named: readonly string[], { operatorsOwn = false }: MetadataRules): readonly GrantType[] {
  const widened = !operatorsOwn && named.includes('authorization_code')
  return widened ? capabilities.grantTypes : capabilities.grantTypes.filter((type) => named.includes(type))
}

/** what we do not offer is dropped. */
function supportedScope(named: string): string {
  const wanted = named.split(' ')
  return scopes.filter((scope) => wanted.includes(scope)).join(' ')
}

/** taken as given or inferred, echoed, and never held against a redirect URI. */
function applicationType(named: string | undefined, redirectUris: readonly string[]): ApplicationType {
  if (named === 'native' || named === 'web') return named
  return redirectUris.every((uri) => uri.startsWith('https://')) ? 'web' : 'native'
}

/** One line without invisible characters. It stays text that nobody has verified. */
function cleanName(name: string): string {
  const visible = name
    .slice(0, 4 * LONGEST_NAME)
    .replace(/\s+/g, ' ')
    // Controls, bidi and other formatting, lone surrogates, private use; and letters that show nothing.
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim()
  return Array.from(visible).slice(0, LONGEST_NAME).join('').trimEnd()
}

function invalid(description: string): MetadataRefused {
  return { error: 'invalid_client_metadata', description }
}

function invalidRedirect(description: string): MetadataRefused {
  return { error: 'invalid_redirect_uri', description }
}
