import { jsonOf } from '../../base/json.ts'
import { parseBlockList } from '../../oauth/clients/blocked-clients.ts'
import { isHost } from '../../oauth/clients/host.ts'
import { parseRedirectUri } from '../../oauth/clients/redirect-uri.ts'
import { hasOneOwner, isTrustedEntry } from '../../oauth/clients/trusted-entry.ts'
import { readPastedJwk } from '../../oauth/keys/pasted-jwk.ts'
import { eventTypes } from '../../people/outbox/event-types.ts'
import {
  choice,
  custom,
  list,
  listOf,
  optionalFlag,
  type Rows,
  type Subject,
  text,
  url,
  value,
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
import { isSecureUrl, secureOriginOf } from '../urls.ts'

const signIn = { subject: 'sign-in' } as const
const service = { subject: 'service' } as const
const account = { subject: 'account' } as const
/** A mistake in the look is reported, and ours is used instead. */
const look = { subject: 'none' } as const

/** A text of the operator on pages. It is no markup: `<` and `>` would be shown as they are. */
const plain = (most: number, needed = '') =>
  text(
    look,
    `one line of at most ${most} characters without < and >${needed && `, with ${needed} in it`}`,
    (text) => text.length <= most && !/[<>\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(text) && text.includes(needed),
  )

/** Whether an app may use a redirect URI. For a template that ends in `/*`, checks an example of what it stands for. */
function isPrivateUseUri(uri: string): boolean {
  const example = uri.replace(/\/\*$/, '/x')
  return !example.includes('*') && parseRedirectUri(example, { privateUseUris: [uri] }).kind === 'private-use'
}

/** JSON whose members another file checks. `json` is `undefined` for a text that is no JSON. */
const json = (about: { readonly subject: Subject }, form: string) =>
  custom<{ readonly json: unknown }>(about, form, (text) => ({ value: { json: jsonOf(text) }, complaints: [] }))

const isAddress = (text: string) => /^mailto:[\w.!#$%&'*+/=~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text)

function signingJwk(text: string) {
  const jwk = readPastedJwk(jsonOf(text))
  return typeof jwk === 'string' ? { value: undefined, complaints: [` ${jwk}`] } : { value: jwk, complaints: [] }
}

/**
 * The settings of a sign-in that few sites have. None has a default. The `oauth` function loads them only if the environment has
 * one of them: `hasRareSetting` knows their names.
 */
export const rareRows = {
  MCP_OAUTH_SIGNING_JWK: custom({ ...service, secret: true }, 'a private RSA JWK of 2048 bits or more', signingJwk),
  MCP_OAUTH_TRUSTED_HOSTS: listOf(
    signIn,
    'a host in lower case that belongs to one owner, with or without a path, and without a scheme',
    (entry) => isTrustedEntry(entry) && hasOneOwner(entry),
  ),
  /** True: apps may register only the redirect URIs of the next setting. */
  MCP_OAUTH_PRIVATE_USE_SCHEMES: choice(signIn, { any: false, listed: true }, true),
  MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: listOf(signIn, 'a usable redirect URI of an app', isPrivateUseUri),
  MCP_OAUTH_CIMD_ALLOWED_HOSTS: listOf(
    signIn,
    'a host in lower case, with its port if it has one, and no scheme',
    isHost,
  ),
  MCP_OAUTH_CIMD_LOCAL_ORIGINS: list(signIn, 'an https origin without a path', (entry) =>
    /^https:/i.test(entry) ? secureOriginOf(entry) : null,
  ),
  // `settings/clients.ts` checks the clients themselves, because it knows the other rules for redirect URIs.
  MCP_OAUTH_CLIENTS: json(signIn, 'a JSON array of clients'),
  MCP_OAUTH_LOGOUT_ENDS_GRANTS: optionalFlag(account),
  // `settings/revokers.ts` checks the entries. A sign-in needs to know only whether there are any.
  MCP_OAUTH_REVOKERS: json(account, 'a JSON array'),
  // `settings/companies-and-machines.ts` checks these two.
  MCP_TENANTS: json(service, 'a JSON array of companies'),
  MCP_MACHINES: json(service, 'a JSON array of machines'),
  MCP_OAUTH_BLOCKED_CLIENTS: listOf(
    signIn,
    "a client's hash, a host in lower case without a scheme, or before:<date>",
    (entry) => parseBlockList([entry]) !== null,
  ),
  // `settings/providers.ts` reads the providers themselves. A mistake in one takes only that one out of service.
  MCP_PROVIDERS: custom(look, 'a JSON array of providers', (text) => ({
    value: { json: jsonOf(text) },
    complaints: [],
  })),
  MCP_LOGO_URL: url(look),
  MCP_CONSENT_TITLE: plain(100, '{app}'),
  MCP_CONSENT_MESSAGE: plain(300),
  MCP_APPROVE_BUTTON: plain(60),
  MCP_CANCEL_BUTTON: plain(60),
  MCP_FINISHED_TITLE: plain(100),
  MCP_FINISHED_MESSAGE: plain(300),
  MCP_ERROR_MESSAGE: plain(300),
  MCP_OAUTH_REGISTRATION_TOKEN: text({ ...signIn, secret: true }, tokenForm, isStrongToken),
  MCP_SESSION_ORIGINS: list(account, 'an https origin without a path', secureOriginOf),
  MCP_CAPTURE_URL: text(
    signIn,
    'an https URL without ? and #, to which /batch/ is added',
    (text) => isSecureUrl(text) && !/[?#]/.test(text),
  ),
  MCP_CAPTURE_KEY: word({ ...signIn, secret: true }),
  MCP_OAUTH_PREVIOUS_SECRETS: list({ ...signIn, secret: true }, secretForm, parseSecret),
  MCP_OAUTH_RETIRED_SECRETS: list({ ...signIn, secret: true }, secretForm, parseSecret),
  MCP_ADMIN_TOKEN: listOf({ ...account, secret: true }, secretForm, isSecret),
  CRM_WEBHOOK_PREVIOUS_SECRET: value({ ...signIn, secret: true }, webhookSecretForm, parseWebhookSecret),
  CRM_WEBHOOK_EVENTS: list(signIn, eventTypes.join(', '), (entry) => eventTypes.find((type) => type === entry) ?? null),
  MCP_SUPPORT_URL: text(
    signIn,
    'an https URL, or mailto: and an email address',
    (text) => isAddress(text) || isSecureUrl(text),
  ),
} as const satisfies Rows
