import { createPrivateKey } from 'node:crypto'
import type { JWK } from 'jose'
import { type AddressRange, parseRange } from '../limits/address.ts'
import { type BlockList, isHost, parseBlockList } from '../oauth/clients/blocked-clients.ts'
import { defaultPrivateUseUris, parseRedirectUri } from '../oauth/clients/redirect-uri.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import { type Brand, defaultBrand } from '../oauth/pages/brand.ts'
import { parseSecret } from './secrets.ts'
import { createSettingsReader, type Environment, isLoopbackHttp, isSecureUrl, type SettingsReader } from './settings.ts'
import type { Site } from './site.ts'

/** Everything that can be configured, read and validated once per instance. */
export interface Configuration {
  readonly issuer: string
  /** URL of the protected resource: what people type into their client. */
  readonly resource: string
  readonly brand: Brand
  readonly documentationUrl: string
  readonly signingJwk: JWK | undefined
  readonly mcp: McpSettings
  /** Dynamic client registration is not offered. */
  readonly registrationOff: boolean
  /** `null` as long as there are problems: the flow answers 503, discovery stays up (F-000-39). */
  readonly flow: FlowSettings | null
  /** Every problem at once, by the name of the setting; never a value. */
  readonly problems: readonly string[]
}

export interface FlowSettings {
  readonly secrets: Secrets
  readonly upstream:
    | { readonly kind: 'mock' }
    | { readonly kind: 'oidc'; readonly issuer: string; readonly clientId: string; readonly clientSecret?: string }
  /** Seconds. */
  readonly lifetimes: {
    readonly accessToken: number
    readonly refreshToken: number
    readonly grant: number
    readonly grace: number
  }
  readonly privateUseUris: readonly string[]
  readonly trustedHosts: ReadonlySet<string>
  readonly interstitial: boolean
  /** `undefined`: not limited. */
  readonly limits: {
    readonly registration: WindowLimit | undefined
    readonly metadataDocuments: WindowLimit | undefined
    readonly exempt: readonly AddressRange[]
  }
  /** Who registers has to show it; `undefined`: anybody may register. */
  readonly registrationToken: string | undefined
  readonly blockedClients: BlockList
  /** `undefined`: any host may serve metadata documents. */
  readonly cimdAllowedHosts: ReadonlySet<string> | undefined
  /** Exact origins of metadata documents on this machine, for tests and development. */
  readonly cimdLocalOrigins: readonly string[]
  readonly crmWebhookUrl: string | undefined
}

/** So many in a window of so many seconds. */
export interface WindowLimit {
  readonly limit: number
  readonly windowSeconds: number
}

export interface McpSettings {
  readonly requireAuth: boolean
  readonly allowedOrigins: readonly string[] | undefined
  readonly tool: { readonly name: string; readonly title: string; readonly description: string }
  readonly kapa: { readonly url: string; readonly apiKey: string | undefined; readonly toolName: string }
}

const day = 86_400

/** Redirect hosts of the web clients that the vendors document; their users need not confirm where an error goes. */
const defaultTrustedHosts = [
  'claude.ai',
  'claude.com',
  'chatgpt.com',
  'vscode.dev',
  'insiders.vscode.dev',
  'www.cursor.com',
  'antigravity.google',
  'grok.com',
  'console.x.ai',
]

export function readConfiguration(env: Environment, site: Site): Configuration {
  const settings = createSettingsReader(env)
  if (!isIssuer(site.issuer)) {
    settings.complain('MCP_OAUTH_ISSUER must be an https origin without a path or trailing slash')
  }
  const brand = readBrand(settings)
  const mcp = readMcp(settings, brand)
  const signingJwk = readSigningJwk(settings)
  const flow = readFlow(settings, site)
  return {
    issuer: site.issuer,
    resource: `${site.issuer}/mcp`,
    brand,
    documentationUrl: brand.documentationUrl ?? site.issuer,
    signingJwk,
    mcp,
    registrationOff: readSwitch(settings, 'MCP_OAUTH_DCR') === 'off',
    flow: settings.problems.length === 0 ? flow : null,
    problems: settings.problems,
  }
}

/** An origin, spelled as browsers spell it; http on loopback only (O-10). */
const isIssuer = (issuer: string) => isSecureUrl(issuer) && new URL(issuer).origin === issuer

function readBrand(settings: SettingsReader): Brand {
  const urls = {
    signupUrl: settings.url('MCP_OAUTH_SIGNUP_URL') ?? defaultBrand.signupUrl,
    privacyUrl: settings.url('MCP_OAUTH_PRIVACY_URL') ?? defaultBrand.privacyUrl,
    documentationUrl: settings.url('MCP_DOCS_URL') ?? defaultBrand.documentationUrl,
    supportUrl: settings.url('MCP_SUPPORT_URL') ?? defaultBrand.supportUrl,
  }
  const accentColour = settings.text('MCP_BRAND_COLOR') ?? defaultBrand.accentColour
  if (!/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(accentColour))
    settings.complain('MCP_BRAND_COLOR must be #rgb or #rrggbb')
  return {
    name: settings.text('MCP_BRAND_NAME') ?? defaultBrand.name,
    productName: settings.text('MCP_PRODUCT_NAME') ?? defaultBrand.productName,
    accentColour,
    provider: settings.text('MCP_PROVIDER_NAME') ?? defaultBrand.provider,
    answerService: settings.text('MCP_ANSWER_SERVICE') ?? defaultBrand.answerService,
    ...Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined)),
  }
}

function readMcp(settings: SettingsReader, brand: Brand): McpSettings {
  const apiKey = settings.text('KAPA_API_KEY')
  if (apiKey === undefined) settings.complain('KAPA_API_KEY is missing')
  return {
    requireAuth: settings.flag('REQUIRE_AUTH'),
    allowedOrigins: settings.list('MCP_ALLOWED_ORIGINS'),
    tool: {
      name: settings.text('MCP_TOOL_NAME') ?? 'ask_redpanda_question',
      title: settings.text('MCP_TOOL_TITLE') ?? `Search ${brand.name} Sources`,
      description:
        settings.text('MCP_TOOL_DESCRIPTION') ??
        `Answers a question from the ${brand.productName} and related sources. Ask one full question in plain words; the result is a list of passages with the address each one comes from.`,
    },
    kapa: {
      url: settings.url('KAPA_MCP_SERVER_URL') ?? 'https://redpanda.mcp.kapa.ai',
      apiKey,
      toolName: settings.text('KAPA_TOOL_NAME') ?? 'search_redpanda_knowledge_sources',
    },
  }
}

function readSigningJwk(settings: SettingsReader): JWK | undefined {
  const text = settings.text('MCP_OAUTH_SIGNING_JWK')
  if (text === undefined) return undefined
  try {
    const jwk: JWK = JSON.parse(text)
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    const kid: unknown = jwk.kid
    const named = kid === undefined || (typeof kid === 'string' && /^[\x21-\x7E]{1,128}$/.test(kid))
    if (named && asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return jwk
  } catch {
    // Not JSON, or not a private key with all its members: complained about like every other unusable value.
  }
  settings.complain(
    'MCP_OAUTH_SIGNING_JWK must be a private RSA JWK of 2048 bits or more, with a kid of 1 to 128 characters or none',
  )
  return undefined
}

function readFlow(settings: SettingsReader, site: Site): FlowSettings | null {
  const secrets = readSecrets(settings)
  const upstream = readUpstream(settings, site)
  const lifetimes = {
    accessToken: settings.integer('MCP_OAUTH_ACCESS_TTL', { min: 60, max: day, default: 3600 }),
    refreshToken: settings.integer('MCP_OAUTH_REFRESH_TTL', { min: 3600, max: 180 * day, default: 30 * day }),
    grant: 180 * day,
    grace: settings.integer('MCP_OAUTH_REFRESH_GRACE', { min: 0, max: 600, default: 60 }),
  }
  const privateUseUris = settings.list('MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS') ?? defaultPrivateUseUris
  for (const uri of privateUseUris) {
    const parsed = parseRedirectUri(uri, { privateUseUris })
    if (parsed.kind !== 'private-use') settings.complain('MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS has an unusable URI')
  }
  const cimdLocalOrigins = settings.list('MCP_OAUTH_CIMD_LOCAL_ORIGINS') ?? []
  if (cimdLocalOrigins.length > 0 && !isLoopbackHttp(site.issuer)) {
    settings.complain('MCP_OAUTH_CIMD_LOCAL_ORIGINS is for an issuer on loopback http only')
  }
  const crmWebhookUrl = settings.url('CRM_WEBHOOK_URL')
  const interstitial = readSwitch(settings, 'MCP_OAUTH_INTERSTITIAL') === 'on'
  const limits = readLimits(settings)
  const hardening = readHardening(settings)
  if (!secrets || !upstream) return null
  return {
    secrets,
    upstream,
    lifetimes,
    privateUseUris,
    interstitial,
    limits,
    ...hardening,
    trustedHosts: new Set(settings.list('MCP_OAUTH_TRUSTED_HOSTS') ?? defaultTrustedHosts),
    cimdLocalOrigins,
    crmWebhookUrl,
  }
}

/** On unless it is exactly `off`; another word is a mistake to be told about, not something to leave out. */
function readSwitch(settings: SettingsReader, name: string): 'on' | 'off' {
  const word = settings.text(name) ?? 'on'
  if (word !== 'on' && word !== 'off') settings.complain(`${name} must be on or off`)
  return word === 'off' ? 'off' : 'on'
}

function readLimits(settings: SettingsReader): FlowSettings['limits'] {
  const window = (limitName: string, windowName: string, otherwise: WindowLimit) => {
    const limit = settings.integer(limitName, { min: 0, max: 1000, default: otherwise.limit })
    const range = { min: 1, max: day, default: otherwise.windowSeconds }
    const windowSeconds = settings.integer(windowName, range)
    return limit === 0 ? undefined : { limit, windowSeconds }
  }
  const exempt = (settings.list('MCP_OAUTH_LIMIT_EXEMPT') ?? []).map(parseRange)
  if (exempt.includes(null)) settings.complain('MCP_OAUTH_LIMIT_EXEMPT must be a list of CIDR ranges')
  return {
    registration: window('MCP_OAUTH_REGISTER_LIMIT', 'MCP_OAUTH_REGISTER_WINDOW_SEC', {
      limit: 20,
      windowSeconds: 3600,
    }),
    metadataDocuments: window('MCP_OAUTH_CIMD_LIMIT', 'MCP_OAUTH_CIMD_WINDOW_SEC', { limit: 30, windowSeconds: 600 }),
    exempt: exempt.filter((range) => range !== null),
  }
}

function readHardening(
  settings: SettingsReader,
): Pick<FlowSettings, 'registrationToken' | 'blockedClients' | 'cimdAllowedHosts'> {
  const registrationToken = settings.text('MCP_OAUTH_REGISTRATION_TOKEN')
  // RFC 6750 §2.1, and long enough that guessing it is hopeless even from many addresses.
  if (registrationToken !== undefined && !/^[\w.~+/-]{32,}=*$/.test(registrationToken)) {
    settings.complain('MCP_OAUTH_REGISTRATION_TOKEN must be 32 or more characters of a bearer token')
  }
  const blockedClients = parseBlockList(settings.list('MCP_OAUTH_BLOCKED_CLIENTS') ?? [])
  if (!blockedClients) {
    settings.complain('MCP_OAUTH_BLOCKED_CLIENTS must be a list of client hashes, hosts and before:<date>')
  }
  const hosts = settings.list('MCP_OAUTH_CIMD_ALLOWED_HOSTS')
  if (hosts && !hosts.every(isHost)) settings.complain('MCP_OAUTH_CIMD_ALLOWED_HOSTS must be a list of hosts')
  return {
    registrationToken,
    blockedClients: blockedClients ?? { hashes: new Set(), hosts: new Set(), before: 0 },
    cimdAllowedHosts: hosts && new Set(hosts),
  }
}

function readSecrets(settings: SettingsReader): Secrets | null {
  const parse = (name: string, texts: readonly string[]) =>
    texts.flatMap((text) => {
      const secret = parseSecret(text)
      if (typeof secret !== 'string') return [secret]
      settings.complain(`${name} ${secret}: make one with npm run secret`)
      return []
    })
  const text = settings.text('MCP_OAUTH_SECRET')
  if (text === undefined) settings.complain('MCP_OAUTH_SECRET is missing: make one with npm run secret')
  const [current] = parse('MCP_OAUTH_SECRET', text === undefined ? [] : [text])
  const previous = parse('MCP_OAUTH_PREVIOUS_SECRETS', settings.list('MCP_OAUTH_PREVIOUS_SECRETS') ?? [])
  const retired = parse('MCP_OAUTH_RETIRED_SECRETS', settings.list('MCP_OAUTH_RETIRED_SECRETS') ?? [])
  return current ? { current, previous, retired } : null
}

/** Whatever would silently fall back to the mock is a misconfiguration (F-000-38). */
function readUpstream(settings: SettingsReader, site: Site): FlowSettings['upstream'] | null {
  const issuer = settings.url('UPSTREAM_ISSUER', 'REDPANDA_OAUTH_ISSUER') ?? 'https://auth.prd.cloud.redpanda.com/'
  const clientId = settings.text('UPSTREAM_CLIENT_ID', 'REDPANDA_OAUTH_CLIENT_ID')
  const clientSecret = settings.text('UPSTREAM_CLIENT_SECRET')
  if (clientId !== undefined) {
    return { kind: 'oidc', issuer, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
  }
  const wanted = settings.flag('NETLIFY_DEV') || settings.flag('MCP_OAUTH_ALLOW_MOCK')
  if (wanted && !site.production) return { kind: 'mock' }
  settings.complain(
    wanted ? 'the mock upstream is not for production: UPSTREAM_CLIENT_ID is missing' : 'UPSTREAM_CLIENT_ID is missing',
  )
  return null
}
