import { adminForm, parseAdmin } from '../../account/admins.ts'
import { parseRange } from '../../limits/address.ts'
import { lifetimes } from '../../oauth/capabilities.ts'
import { defaultBrand } from '../../pages/brand.ts'
import { textOn } from '../../pages/color.ts'
import type { SealedPeople } from '../../people/privacy/personal-data.ts'
import {
  choice,
  flag,
  integer,
  limit,
  line,
  list,
  listOf,
  onOff,
  type Rows,
  text,
  url,
  urlOrOff,
  value,
  windowSeconds,
  withDefault,
  word,
} from '../forms.ts'
import {
  isSecret,
  isStrongToken,
  parseSecret,
  parseWebhookSecret,
  secretForm,
  tokenForm,
  webhookSecretForm,
} from '../secrets.ts'
import { hostOf, isSecureUrl, secureOriginOf } from '../urls.ts'

const signIn = { subject: 'sign-in' } as const
const mcp = { subject: 'mcp' } as const
const service = { subject: 'service' } as const
const account = { subject: 'account' } as const

const day = 86_400

/** A path begins with one slash. Two slashes name a host, possibly this one with a password before it. */
const isPath = (text: string) => /^\/(?!\/)[^\s<>"{}|\\^`]*$/.test(text)

/** OpenID Connect Discovery §3: an issuer has neither a query nor a fragment. Operators often copy the metadata's URL. */
const isProviderIssuer = (text: string) => isSecureUrl(text) && !/[?#]|\/\.well-known\//.test(text)

const isColor = (text: string) => /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text)

/** A mistake in the look is reported, and ours is used instead. */
const look = { subject: 'none' } as const

/** Reads one color, or two with a space between them. `null` also where no text is readable on them. */
function readColors(value: string): readonly string[] | null {
  const colors = value.trim().split(/\s+/)
  return colors.length <= 2 && textOn(colors) ? colors : null
}

/**
 * The settings that a sign-in needs before its first answer, and those that take it out of service. The `oauth` function loads
 * them at its start, and `rareRows` only if one of those is set.
 */
export const signInRows = {
  MCP_OAUTH_SECRET: value({ ...signIn, secret: true }, secretForm, parseSecret),

  UPSTREAM_CLIENT_ID: word({ ...signIn, aliases: ['REDPANDA_OAUTH_CLIENT_ID'] }),
  UPSTREAM_ISSUER: text(
    { ...signIn, aliases: ['REDPANDA_OAUTH_ISSUER'], ofRedpanda: 'https://auth.prd.cloud.redpanda.com/' },
    'an https URL without ? and #, and without /.well-known/ and what follows it',
    isProviderIssuer,
  ),
  UPSTREAM_CLIENT_SECRET: line({ ...signIn, secret: true }, 2000),
  MCP_OAUTH_ALLOW_MOCK: flag(signIn),
  NETLIFY_DEV: flag(signIn),
  MCP_NOTIFY_WITH_MOCK: flag(signIn),

  // `readConfiguration` checks the issuer of the site instead, which may also be the URL that Netlify reports.
  MCP_OAUTH_ISSUER: text(service, 'an https origin in lower case, without a path or trailing slash', () => true),
  MCP_OAUTH_PROXY_HOSTS: list(service, 'a host, with its port if it has one', hostOf),
  MCP_OAUTH_PREVIEW_DOMAINS: list(service, 'a domain, such as previews.example.com', (entry) => {
    const host = hostOf(entry)
    return host && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/.test(host) ? host : null
  }),

  MCP_OAUTH_OWN_HOST: flag(account),
  MCP_ACCOUNT_ORIGIN: value(account, 'an https origin without a path', secureOriginOf),
  MCP_ADMINS: list(account, adminForm, parseAdmin),
  MCP_ADMIN_WRITE_TOKEN: listOf({ ...account, secret: true }, secretForm, isSecret),

  // The whole service needs it: without an answer service, there is nothing to sign in to.
  KAPA_API_KEY: word({ ...service, secret: true }),

  // Where it is off, no client may ask for the scope of feedback.
  MCP_FEEDBACK_FORM_PATH: urlOrOff(
    { ...mcp, ofRedpanda: '/home/' },
    'a path on this site, an https URL, or off',
    (text) => isPath(text) || isSecureUrl(text),
  ),

  MCP_OAUTH_ACCESS_TTL: integer(signIn, { from: 60, to: day, default: 3600 }),
  MCP_OAUTH_REFRESH_TTL: integer(signIn, { from: 3600, to: 180 * day, default: 30 * day }),
  MCP_OAUTH_REFRESH_GRACE: integer(signIn, { from: 0, to: 600, default: 60 }),
  MCP_OAUTH_SIGN_IN_TTL: integer(signIn, { from: 1, to: 3600, default: lifetimes.signIn }),
  MCP_OAUTH_INTERSTITIAL: onOff(signIn),
  MCP_OAUTH_ADVERTISE_ISS: onOff(signIn),

  MCP_OAUTH_DCR: onOff(signIn),
  MCP_OAUTH_INTROSPECTION_TOKENS: listOf({ ...signIn, secret: true }, tokenForm, isStrongToken),

  MCP_OAUTH_REGISTER_LIMIT: limit(signIn, 20),
  MCP_OAUTH_REGISTER_WINDOW_SEC: windowSeconds(signIn, 3600),
  // The sum over all callers is estimated from a sample, so that it may be larger than one page of the store.
  MCP_OAUTH_REGISTER_TOTAL_LIMIT: limit(signIn, 10_000, 1_000_000),
  MCP_OAUTH_CIMD_LIMIT: limit(signIn, 30),
  MCP_OAUTH_CIMD_WINDOW_SEC: windowSeconds(signIn, 600),
  MCP_OAUTH_LIMIT_EXEMPT: list(service, 'a CIDR range, such as 192.0.2.0/24', parseRange),

  MCP_KEEP_ATTEMPTS_DAYS: integer(signIn, { from: 1, to: 366, default: 30 }),
  MCP_KEEP_AUDIT_DAYS: integer(signIn, { from: 30, to: 3660, default: 400 }),
  MCP_KEEP_USAGE_DAYS: integer(signIn, { from: 90, to: 3660, default: 400 }),
  MCP_KEEP_PEOPLE_USAGE_DAYS: integer(signIn, { from: 1, to: 3660, default: 90 }),
  MCP_KEEP_PEOPLE_DAYS: integer(signIn, { from: 0, to: 3660, default: 0 }),
  MCP_PEOPLE_SEALED: withDefault('new', choice<SealedPeople>(signIn, { new: 'new', all: 'all', none: 'none' }, 'all')),

  MCP_BRAND_NAME: withDefault(defaultBrand.name, line(service)),
  MCP_PRODUCT_NAME: line(signIn),
  MCP_BRAND_COLOR: withDefault(defaultBrand.accentColor, text(signIn, '#rgb or #rrggbb', isColor)),
  MCP_BACKGROUND: value(look, 'one or two colors, #rgb or #rrggbb, on which text is readable', readColors),
  MCP_PROVIDER_NAME: line({ ...signIn, ofRedpanda: defaultBrand.provider }),
  MCP_ANSWER_SERVICE: withDefault(defaultBrand.answerService, line(signIn)),
  MCP_DOCS_URL: url(signIn),
  MCP_OAUTH_SIGNUP_URL: url({ ...signIn, ofRedpanda: defaultBrand.signupUrl }),
  MCP_OAUTH_PRIVACY_URL: url({ ...signIn, ofRedpanda: defaultBrand.privacyUrl }),

  CRM_WEBHOOK_URL: url(signIn),
  CRM_WEBHOOK_SECRET: value({ ...signIn, secret: true }, webhookSecretForm, parseWebhookSecret),
} as const satisfies Rows
