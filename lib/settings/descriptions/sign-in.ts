import type { Description } from './description.ts'

export const secretsAndKeys = {
  MCP_OAUTH_SECRET: {
    what: 'Seals and signs everything that travels. Make one with `npm run -s secret`.',
    more: 'Every key is derived from it.',
    default: 'none: required',
  },
  MCP_OAUTH_PREVIOUS_SECRETS: {
    what: 'Former values of `MCP_OAUTH_SECRET`, and the next one before it takes over. They open everything.',
    more: 'See [rotation](operations.md#how-do-i-rotate-mcp_oauth_secret). If a former value is missing here, its registered clients are unknown, and the signing key does not open (503).',
  },
  MCP_OAUTH_RETIRED_SECRETS: {
    what: 'Leaked values of `MCP_OAUTH_SECRET`. They keep registered clients known, and open nothing else.',
    more: 'The service does not believe the registration times of these clients: every `before:` rule blocks them, and they cannot begin a sign-in where registration is closed. A value here must not be in use any more.',
  },
  MCP_OAUTH_SIGNING_JWK: {
    what: 'A signing key that replaces the one in the store: a private RSA JWK on one line.',
    more: 'See [pinning](operations.md#how-do-i-pin-the-signing-key). The service tries the key when it reads the settings. It refuses a key whose members belong to two keys, and one whose `alg`, `use` or `key_ops` is for another purpose.',
    default:
      'a key that the service creates in the store and [rotates](operations.md#how-is-the-signing-key-replaced-automatically)',
  },
} as const satisfies Readonly<Record<string, Description>>

export const provider = {
  UPSTREAM_CLIENT_ID: {
    what: 'The client id of this service at the OpenID Provider. The callback to register there is `<issuer>/mcp/callback`.',
    more: 'If the provider does not know it, users see an error of the provider.',
    default: 'none: required',
    example: 'docs-mcp',
  },
  UPSTREAM_ISSUER: {
    what: 'The issuer of the OpenID Provider: what stands before `/.well-known/openid-configuration`.',
    more: 'If the provider’s metadata names another issuer, no user can sign in, and the log has `upstream_failed` with the code `issuer_mismatch`.',
    example: 'https://login.example.com/',
  },
  UPSTREAM_CLIENT_SECRET: {
    what: 'The client secret, for a confidential client. Without it, this service is a public client with PKCE.',
    more: 'It is sent in the body if the provider’s metadata lists `client_secret_post`, and by HTTP Basic otherwise. If the provider refuses it, the log has `upstream_failed` of the kind `misconfigured` with the provider’s code.',
  },
  MCP_PROVIDERS: {
    what: 'Further providers, or all of them: a JSON array on one line. See [the providers](providers/README.md).',
    more: 'Each has a name, a preset and a client id; its callback is `<issuer>/mcp/callback/<name>`. A client secret is in a variable of its own, which the entry names. A mistake takes that provider out of service and no other, and the log names it.',
    example:
      '[{"name":"google","preset":"google","client_id":"docs","client_secret_variable":"MCP_PROVIDER_SECRET_GOOGLE"}]',
  },
  MCP_OAUTH_ALLOW_MOCK: {
    what: 'Development only: without a client id, every user is one made-up person, `reader@example.com`.',
    more: 'For development and previews. Next to a client id it changes nothing. In production without a client id, `true` is a mistake.',
    example: 'true',
  },
  NETLIFY_DEV: {
    what: 'Set by `netlify dev`. Has the same effect as `MCP_OAUTH_ALLOW_MOCK`.',
    more: 'In the context `dev`, it also says that the store [reads without ETags](development.md#does-it-run-under-netlify-dev).',
    example: 'true',
  },
  MCP_NOTIFY_WITH_MOCK: {
    what: 'Tells the CRM and the feedback form about the made-up person too, marked as a preview.',
    more: 'Otherwise they are not told. See [previews](operations.md#what-does-a-preview-send-to-other-services).',
    example: 'true',
  },
} as const satisfies Readonly<Record<string, Description>>

export const whereItIs = {
  MCP_OAUTH_ISSUER: {
    what: 'The origin that clients see and that tokens name.',
    more: 'A deploy preview ignores it. If users come by another host, everything answers 404, and the log has [`foreign_host`](operations.md#everything-answers-404).',
    default: 'the URL of the site',
    example: 'https://docs.example.com',
  },
  MCP_OAUTH_PROXY_HOSTS: {
    what: 'More hosts at which requests for this issuer arrive, when a documentation site passes them on.',
    more: 'Upper case, `https://` and a trailing slash do not matter. If a host is missing here, that site answers 404, and the log has [`foreign_host`](operations.md#everything-answers-404).',
    example: 'docs-mcp.netlify.app',
  },
  MCP_OAUTH_PREVIEW_DOMAINS: {
    what: 'Your own domains under which Netlify serves deploy previews and branches.',
    more: 'A preview has one label before the domain ([how](operations.md#what-is-the-address-of-a-preview)). Only previews read this setting. If a domain is missing here, its previews answer 404.',
    default: 'none: only `<label>--<site>.netlify.app`',
    example: 'previews.example.com',
  },
  MCP_HSTS: {
    what: 'The header `Strict-Transport-Security` of every answer of the service on https. `off`: a proxy or CDN in front of it sends the header.',
    more: '`includeSubDomains` is about every host below the issuer’s, and `preload` cannot be taken back: see [HSTS](#hsts). A wrong value counts as none.',
    default: '`max-age=31536000` (a year)',
    example: 'max-age=63072000; includeSubDomains; preload',
  },
} as const satisfies Readonly<Record<string, Description>>

export const lifetimes = {
  MCP_OAUTH_ACCESS_TTL: {
    what: 'Seconds that an access token lives.',
    more: 'Many clients refresh a minute or more before the end, so that less than 600 makes them refresh all the time.',
    example: '1800',
  },
  MCP_OAUTH_REFRESH_TTL: {
    what: 'Seconds that an unused refresh token lives.',
    default: '`2592000` (30 days)',
    example: '604800',
  },
  MCP_OAUTH_REFRESH_GRACE: {
    what: 'Seconds in which the previous refresh token still works.',
    more: 'With 0, every second use ends the grant, also when two requests come at once or the first answer was lost. The user then has to sign in again.',
    example: '120',
  },
  MCP_OAUTH_SIGN_IN_TTL: {
    what: 'Seconds from approval in which the user must sign in at the OpenID Provider.',
    more: 'A user who takes longer sees a page whose button starts again. That page works for a day. Raise it if your provider asks for much, such as a new password or a code by email.',
    example: '1200',
  },
} as const satisfies Readonly<Record<string, Description>>

export const clients = {
  MCP_OAUTH_TRUSTED_HOSTS: {
    what: 'The https redirect URIs that you vouch for, without `https://`. Answers go there without another click. Replaces the default.',
    more: 'A host with a path stands for exactly that URI, or for everything below it if it ends in a slash. A host alone stands for every URI on it, its redirectors included. For other redirect URIs, the user confirms after the sign-in, and clicks after an error. A suffix below which anyone gets a name is refused (`com`, `co.uk`, `github.io`).',
    default:
      'the callbacks of claude.ai, claude.com, chatgpt.com, vscode.dev, insiders.vscode.dev, www.cursor.com, antigravity.google, grok.com and console.x.ai',
    example: 'claude.ai/api/mcp/auth_callback,chat.example.com/callback',
  },
  MCP_OAUTH_INTERSTITIAL: {
    what: '`off`: no consent page for trusted hosts when no other site sent the user (`Sec-Fetch-Site` is `none` or `same-origin`).',
    more: 'All other users still see it.',
    default: '`on`',
    example: 'off',
  },
  MCP_OAUTH_ADVERTISE_ISS: {
    what: '`off`: the metadata does not promise `iss` in authorization responses. For Codex CLI 0.143 to 0.146, which gives up where the metadata promises it.',
    more: 'The service sends `iss` in any case. With `off`, ChatGPT uses another client id, and clients that rely on the promise notice mix-up attacks less easily.',
    default: '`on`',
    example: 'off',
  },
  MCP_OAUTH_PRIVATE_USE_SCHEMES: {
    what: '`listed`: apps with a scheme of their own may register only the redirect URIs of the next setting.',
    more: '`any`: they may also register what [the rule](#which-apps-may-use-a-scheme-of-their-own) accepts.',
    default: '`any`',
    example: 'listed',
  },
  MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: {
    what: 'Redirect URIs of apps with a scheme of their own, which are always accepted. Replaces the default.',
    more: 'Each is exact, or ends in `/*`, which stands for one last segment of letters, digits, `_` and `-`. With `listed`, an app that is missing here cannot register.',
    default: '`cursor://anysphere.cursor-mcp/oauth/callback`',
    example: 'myapp://oauth/callback,vscode://saoudrizwan.claude-dev/mcp-auth/callback/*',
  },
  MCP_OAUTH_CIMD_ALLOWED_HOSTS: {
    what: 'The only hosts whose client metadata documents the service fetches. There are no wildcards.',
    more: 'Users who are signed in stay signed in. If a host is missing here, the users of its clients see “We no longer recognize this app”.',
    default: 'any public host',
    example: 'claude.ai,vscode.dev',
  },
  MCP_OAUTH_CIMD_LOCAL_ORIGINS: {
    what: 'Development only: exact origins on this machine that may serve client metadata documents. The issuer must be http on loopback.',
    example: 'https://localhost:9443',
  },
} as const satisfies Readonly<Record<string, Description>>

export const configuredClients = {
  MCP_OAUTH_CLIENTS: {
    what: 'Clients that need not register, as JSON on one line, such as a web application that already has its id and secret.',
    more: 'They stand beside the clients that register. The log says what is wrong with which client.',
    example:
      '[{"client_id":"docs-portal","redirect_uris":["https://portal.example.com/cb"],"client_secret_sha256":"…"}]',
  },
} as const satisfies Readonly<Record<string, Description>>

export const companiesAndMachines = {
  MCP_TENANTS: {
    what: 'Companies whose own identity system lets their people use this server without a sign-in here ([how](enterprise.md)), as JSON on one line.',
    more: 'Each has `name`, `issuer` and `domains`, and where needed `jwks_uri` or `jwks`, `title`, `clients`, `public_clients` and `scope`. A company that you remove here loses every token at the next deploy.',
    default: 'none: assertions are not accepted, and not advertised',
    example: '[{"name":"acme","issuer":"https://acme.okta.com","domains":["acme.com"]}]',
  },
  MCP_MACHINES: {
    what: 'Programs that get tokens for themselves ([how](machines.md)), as JSON on one line.',
    more: 'Each has `name`, and either `client` or `issuer` and `claims`, and where needed `jwks_uri` or `jwks`, `any_place`, `scope` and `limit`. A rule that is too wide is a mistake.',
    default: 'none: machines get no token, and nothing is advertised',
    example: '[{"name":"nightly-check","client":"docs-nightly"}]',
  },
} as const satisfies Readonly<Record<string, Description>>

export const registration = {
  MCP_OAUTH_DCR: {
    what: '`off`: no client can register.',
    more: '`/oauth/register` answers 404 and is not in the metadata. Registered clients stay registered, and clients with a metadata document still work.',
    default: '`on`',
    example: 'off',
  },
  MCP_OAUTH_REGISTRATION_TOKEN: {
    what: 'A client must send this bearer token to register. Make one with `npm run -s secret`.',
    more: 'No ordinary MCP client can send it: this is for operators who register clients themselves. It must differ from every other secret.',
    default: 'none: every client may register',
  },
  MCP_OAUTH_BLOCKED_CLIENTS: {
    what: 'Clients that get no page, no code and no token any more: hashes, hosts, or registrations from before a date.',
    more: 'The hash is the one in the log. A host is that of redirect URIs or of metadata documents, on every port unless it names one. `before:<date>` blocks older registrations. Admins block a client [without a deploy](admin.md#what-can-i-do). See [blocking](operations.md#how-do-i-block-a-client).',
    example: 'evil.example,before:2026-11-01',
  },
} as const satisfies Readonly<Record<string, Description>>

export const introspection = {
  MCP_OAUTH_INTROSPECTION_TOKENS: {
    what: 'One bearer token for each resource server of yours that checks access tokens at `/oauth/introspect`. Make each with `npm run -s secret`.',
    more: 'See [how](operations.md#how-does-another-resource-server-check-tokens). The endpoint is not in the metadata. Each token must differ from every other secret.',
    default: 'none: there is no such endpoint',
  },
} as const satisfies Readonly<Record<string, Description>>

export const crm = {
  CRM_WEBHOOK_URL: {
    what: 'Receives one POST for each new user, and for [each other event](crm.md) that the next settings choose.',
    more: 'The body is JSON: `type`, `email`, `domain`, `sub`, `emailVerified`, `organization`, `source` (`mcp`), `timestamp`. [From a preview](operations.md#what-does-a-preview-send-to-other-services) it says so. The service tries for three days, and keeps [what it could not deliver](crm.md#what-happens-when-the-receiver-does-not-answer).',
    example: 'https://crm.example.com/hooks/docs',
  },
  CRM_WEBHOOK_SECRET: {
    what: 'Signs each POST as [Standard Webhooks](crm.md#how-do-i-verify-a-message). Make one with `echo "whsec_$(openssl rand -base64 32)"`.',
    default: 'none: messages are not signed',
  },
  CRM_WEBHOOK_PREVIOUS_SECRET: {
    what: 'Signs each POST too, while the receiver changes to the [next secret](crm.md#how-do-i-change-the-secret).',
  },
  CRM_WEBHOOK_EVENTS: {
    what: 'The events that the CRM is told about: `person.first_seen`, `person.company_changed`, `company.weekly_summary`.',
    default: 'all of them with `CRM_WEBHOOK_SECRET`, otherwise `person.first_seen`',
    example: 'person.first_seen,company.weekly_summary',
  },
  MCP_CAPTURE_URL: {
    what: 'Receives usage as events, as PostHog takes them: at this URL with `/batch/` added.',
    more: 'An event has the tool, the outcome, the client, the company, and a pseudonym of the person for this receiver alone; [never an address, the name of a person or a question](crm.md#how-do-i-send-usage-to-posthog).',
    example: 'https://eu.i.posthog.com',
  },
  MCP_CAPTURE_KEY: {
    what: 'The `api_key` of these events: at PostHog, the API key of the project.',
  },
} as const satisfies Readonly<Record<string, Description>>
