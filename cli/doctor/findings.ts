/** How bad a finding is. Only errors and warnings change the exit code. */
export type Severity = 'error' | 'warning' | 'note'

/** A kind of finding. Its text is always the same; the report adds what the check saw. */
export interface Kind {
  readonly severity: Severity
  readonly title: string
  /** Why it matters, and which clients or users it stops. */
  readonly why: string
  readonly remedy: string
  /** The clients that it stops or hinders. Absent: all. Empty: none, because it concerns only the operator. */
  readonly clients?: readonly string[]
}

/** The clients that the check plays. */
export const clientNames = ['Claude', 'ChatGPT', 'Codex', 'Cursor', 'VS Code'] as const
export type ClientName = (typeof clientNames)[number]

const forOperator = { clients: [] } as const
const error = { severity: 'error' } as const
const warning = { severity: 'warning' } as const
const note = { severity: 'note' } as const

const cdn = 'Look at the CDN or proxy in front of the service, and'

/** Every kind of finding, in the order in which the checks run. `docs/doctor.md` is made from it. */
export const kinds = {
  // The address
  unreachable: {
    ...error,
    title: 'The address cannot be reached',
    why: 'There is no answer at all, so no client can connect.',
    remedy: 'Check the address, the DNS records, and that the site is deployed and not behind a VPN or a password.',
  },
  'no-ipv4': {
    ...error,
    title: 'The host has no IPv4 address',
    why: 'Claude’s data centers connect over IPv4 only, and report that the server cannot be reached.',
    remedy: 'Add an A record for the host.',
    clients: ['Claude'],
  },
  'tls-untrusted': {
    ...error,
    title: 'The certificate is not trusted',
    why: 'Clients refuse the connection. A browser may still accept it: browsers fetch a missing intermediate certificate, and programs do not.',
    remedy:
      'Renew the certificate, and let the server send the whole chain: its own certificate, then every intermediate one.',
  },
  'tls-old': {
    ...error,
    title: 'The server speaks no current version of TLS',
    why: 'Clients refuse everything before TLS 1.2.',
    remedy: 'Turn on TLS 1.2 and 1.3 at the CDN or proxy.',
  },
  'tls-expires': {
    ...warning,
    title: 'The certificate ends soon',
    why: 'When it ends, every client stops at once.',
    remedy: 'Renew it, or find out why the automatic renewal has not happened.',
  },
  'plain-http': {
    ...error,
    title: 'The service answers without TLS',
    why: 'A user who types http:// sends tokens in the clear, where everyone on the way can read them.',
    remedy: 'Redirect http to https for the whole host, with the status 301 or 308 and the same path.',
  },
  'hsts-missing': {
    ...warning,
    title: 'Browsers are not told to use https only',
    why: 'Strict-Transport-Security is missing or short. A user who types the host without https:// can be led elsewhere on the way.',
    remedy: 'Remove MCP_HSTS=off, or let the proxy that removes the header send one of a month or longer.',
    ...forOperator,
  },
  // The service
  'not-this-service': {
    ...error,
    title: 'Something else answers at this address',
    why: '/health is not that of this service. Another site, a login page, or a rule for single-page apps answers in its place.',
    remedy:
      'Give the address of the issuer (MCP_OAUTH_ISSUER). If it is right, check that the functions are deployed, and that the host is that of MCP_OAUTH_ISSUER or in MCP_OAUTH_PROXY_HOSTS.',
  },
  'settings-wrong': {
    ...error,
    title: 'A setting has taken a part of the service out of service',
    why: 'Sign-in or /mcp answers 503 until the setting is right. Clients that are connected keep their tokens.',
    remedy:
      'Correct the setting and deploy. The log line misconfigured names it, and so does this check with the operator’s token.',
  },
  'settings-unread': {
    ...warning,
    title: 'A setting has a name that nothing reads',
    why: 'It looks like a setting of this service and has no effect: probably a misspelled name.',
    remedy: 'Compare the name with docs/configuration.md.',
    ...forOperator,
  },
  'store-unavailable': {
    ...error,
    title: 'The store does not answer',
    why: 'Codes and refresh tokens are spent in the store. Without it, sign-in answers 503. Clients that are connected keep their tokens, and come back.',
    remedy: 'Look at the status page of the platform or the database, and at the log line not_ready.',
  },
  // Discovery
  'resource-metadata-unreadable': {
    ...error,
    title: 'The metadata of the resource cannot be read',
    why: 'Clients learn from /.well-known/oauth-protected-resource where to sign in. With another answer than JSON, they give up or ask the user for a client ID.',
    remedy: `${cdn} let /.well-known/ through to the functions unchanged.`,
  },
  'resource-differs': {
    ...error,
    title: 'The metadata names another resource than this address',
    why: 'Clients compare it with the address that the user typed, byte for byte. Claude and VS Code stop, or sign in and never send a request.',
    remedy: 'Set MCP_OAUTH_ISSUER to the address that users type, without a path and without a slash at the end.',
    clients: ['Claude', 'VS Code', 'ChatGPT', 'Cursor'],
  },
  'authorization-server-differs': {
    ...error,
    title: 'The resource names another authorization server than the issuer',
    why: 'Clients look for the metadata at the address that the resource names. They compare it with the issuer as text, so that a slash at the end is a difference.',
    remedy:
      'Both come from MCP_OAUTH_ISSUER. If they differ, something rewrites the documents on the way, or an old copy is cached.',
  },
  'server-metadata-unreadable': {
    ...error,
    title: 'The metadata of the authorization server cannot be read',
    why: 'Without /.well-known/oauth-authorization-server, no client finds where to sign in.',
    remedy: `${cdn} let /.well-known/ through to the functions unchanged.`,
  },
  'issuer-differs': {
    ...error,
    title: 'The issuer is not this address, byte for byte',
    why: 'RFC 8414 demands that it is identical to the address of the document. A slash at the end, capitals or another host stop every client that compares it.',
    remedy: 'Set MCP_OAUTH_ISSUER to the address that users type, without a path and without a slash at the end.',
  },
  'server-metadata-incomplete': {
    ...error,
    title: 'The metadata of the authorization server lacks what clients require',
    why: 'ChatGPT does not start without S256 among the methods of PKCE. Claude uses its document only if none is among the client authentication methods. Without an endpoint, nothing works.',
    remedy: 'The service sends all of it: something on the way has changed the document, or an old copy is cached.',
  },
  'endpoint-elsewhere': {
    ...error,
    title: 'An endpoint is on another host than the issuer',
    why: 'Clients send codes and tokens there. Claude drops the Authorization header on the way to another host, and strict clients refuse such metadata.',
    remedy: 'Endpoints follow MCP_OAUTH_ISSUER. Look for a proxy that rewrites addresses in answers.',
  },
  'metadata-null': {
    ...warning,
    title: 'A document contains null',
    why: 'Clients on the TypeScript SDK check documents against a schema, and null is an error there.',
    remedy: 'The service writes no null: something on the way has changed the document.',
    clients: ['Claude', 'Cursor', 'ChatGPT'],
  },
  'absent-answered': {
    ...error,
    title: 'A path that does not exist is answered as if it did',
    why: 'Clients try several well-known paths and go on after a 404. After a page with 200, a redirect, 405 or 5xx, some take it for the document and give up.',
    remedy:
      'Leave /.well-known/ and /mcp/ out of the rule that serves index.html for unknown paths, and out of custom error pages.',
    clients: ['Codex', 'Cursor', 'ChatGPT', 'Claude'],
  },
  'slash-refused': {
    ...warning,
    title: 'The address does not work with a slash at the end',
    why: 'Users and some clients write /mcp/. The challenge must then name the metadata of that spelling.',
    remedy: `${cdn} switch off rules that add or remove slashes for /mcp and /.well-known/.`,
    clients: ['Claude', 'Cursor'],
  },
  'capitals-refused': {
    ...warning,
    title: 'The address does not work with capitals in the host',
    why: 'Hosts are the same in capitals. Some proxies compare the Host header as text, so that a user who types capitals gets an error.',
    remedy: `${cdn} let it compare hosts without regard to case.`,
    clients: ['Codex', 'VS Code'],
  },
  'keys-unreadable': {
    ...error,
    title: 'The keys for access tokens cannot be read',
    why: '/mcp needs them to verify tokens. Other MCP servers that accept these tokens need them as well.',
    remedy:
      'Look at the log lines request_failed and signing_key_created. If the answer is not JSON, look at the CDN or proxy.',
  },
  'keys-private': {
    ...error,
    title: 'The published key set holds private parts of keys',
    why: 'Anyone can sign access tokens with them.',
    remedy: 'Take the service down, replace the signing key (docs/operations.md), and find out what publishes the key.',
  },
  redirected: {
    ...error,
    title: 'A request of a client is redirected on the same host',
    why: 'After 301 and 302, many clients turn a POST into a GET, and the message is lost.',
    remedy: `${cdn} remove the rule that redirects this path. The address that users type must be the final one.`,
  },
  'redirected-elsewhere': {
    ...error,
    title: 'A request of a client is redirected to another host',
    why: 'Clients do not follow it for metadata, registration and tokens, or drop the Authorization header on the way.',
    remedy:
      'Give users the final address, and set MCP_OAUTH_ISSUER to it. Or serve the paths of the service on both hosts (MCP_OAUTH_PROXY_HOSTS).',
  },
  // The challenge
  'mcp-refuses': {
    ...error,
    title: 'A request to /mcp without a token does not get 401',
    why: 'Sign-in begins with the status 401. Claude, Codex and mcp-remote send a GET first and expect it there, too. After anything else, a client reports that the server does not work.',
    remedy: `${cdn} let GET and POST of /mcp through. Check that the function mcp is deployed.`,
  },
  'open-to-all': {
    ...note,
    title: '/mcp answers without a sign-in',
    why: 'REQUIRE_AUTH is off, so that you do not learn who asks. Clients sign in only for tools that need it.',
    remedy: 'If that is not what you want, set REQUIRE_AUTH=true.',
    ...forOperator,
  },
  'challenge-missing': {
    ...error,
    title: 'The 401 of /mcp has no challenge',
    why: 'WWW-Authenticate names the metadata. Without it, VS Code does not find the service, and others guess.',
    remedy: `${cdn} let the response header WWW-Authenticate through. Some proxies rename or remove it.`,
  },
  'challenge-differs': {
    ...error,
    title: 'The challenge of /mcp leads elsewhere',
    why: 'resource_metadata must be the address of this host’s own document. Clients compare the two, and stop.',
    remedy:
      'Set MCP_OAUTH_ISSUER to the address that users type. If it is right, look for a proxy that rewrites headers.',
  },
  'authorization-stripped': {
    ...error,
    title: 'The Authorization header does not arrive',
    why: 'A token that the service never sees is no token: users sign in again and again. The service answered a token as if there were none.',
    remedy: `${cdn} pass Authorization on. A password in front of the site uses up the same header.`,
  },
  'token-refused-otherwise': {
    ...error,
    title: 'An invalid token does not get 401 with invalid_token',
    why: 'Clients refresh their token after exactly this answer. After another, they report an error, or sign the user out.',
    remedy: `${cdn} let the answers 401 and 403 of /mcp through unchanged.`,
  },
  'client-blocked': {
    ...error,
    title: 'A client is turned away by its name',
    why: 'The request of this client, by its User-Agent, gets another answer than the same request by others. Bot protection does that.',
    remedy:
      'Exempt /mcp, /oauth/ and /.well-known/ from bot protection. Vendors call from data centers, and cannot solve a puzzle.',
  },
  // Web pages
  'cors-missing': {
    ...error,
    title: 'Pages in a browser cannot read the answers',
    why: 'Clients that run in a browser need Access-Control-Allow-Origin on every answer, refusals included.',
    remedy: `${cdn} let the headers Access-Control-* of the service through.`,
    clients: ['MCP Inspector', 'clients in a browser'],
  },
  'cors-doubled': {
    ...error,
    title: 'Access-Control-Allow-Origin is sent twice',
    why: 'Browsers refuse an answer with two values, even if they are the same.',
    remedy: 'The service sends the header itself: remove the rule that adds it.',
    clients: ['MCP Inspector', 'clients in a browser'],
  },
  'preflight-refused': {
    ...error,
    title: 'A browser may not send what clients send',
    why: 'Before a POST with a token, a browser asks with OPTIONS. The answer must be 2xx and allow the method and the headers.',
    remedy: `${cdn} let OPTIONS through to the service. A rule that requires a token must not apply to OPTIONS.`,
    clients: ['MCP Inspector', 'clients in a browser'],
  },
  'challenge-hidden': {
    ...warning,
    title: 'Pages in a browser cannot read the challenge',
    why: 'Without WWW-Authenticate in Access-Control-Expose-Headers, a client in a browser gets the 401 and does not see where to sign in.',
    remedy: `${cdn} let Access-Control-Expose-Headers through.`,
    clients: ['MCP Inspector', 'clients in a browser'],
  },
  // Headers and caches
  'answer-cached': {
    ...error,
    title: 'A cache keeps answers that belong to one user',
    why: 'A cached 401 sends signed-in users to the sign-in page. A cached answer with a token belongs to another user.',
    remedy: `${cdn} exempt /mcp and /oauth/ from caching, or let it respect Cache-Control: no-store.`,
  },
  'metadata-kept-long': {
    ...warning,
    title: 'Metadata may be cached for more than a day',
    why: 'After a change of the issuer or the keys, clients keep failing until the copy is too old. The service allows five minutes.',
    remedy: `${cdn} remove the rule that sets Cache-Control for /.well-known/.`,
    ...forOperator,
  },
  'answer-compressed': {
    ...error,
    title: 'An answer is compressed although the client did not allow it',
    why: 'A client that asks for identity cannot read it. Compressed event streams arrive late, because they are collected first.',
    remedy: `${cdn} switch off compression for /mcp, /oauth/ and /.well-known/, or let it respect Accept-Encoding.`,
  },
  'headers-stripped': {
    ...error,
    title: 'Headers of MCP do not arrive',
    why: 'The service answers in another revision of the protocol than the client speaks, or does not find its session.',
    remedy: `${cdn} pass all request headers on, those that begin with Mcp- included.`,
  },
  'stream-held-back': {
    ...error,
    title: 'Event streams arrive in one piece',
    why: 'Something collects the answer before it passes it on. Progress does not arrive, and a long answer runs into the time limit of the client.',
    remedy: `${cdn} switch off response buffering for /mcp (X-Accel-Buffering, proxy_buffering, “stream” rules).`,
  },
  // Registration
  'registration-closed': {
    ...note,
    title: 'Clients cannot register themselves',
    why: 'MCP_OAUTH_DCR is off, or MCP_OAUTH_REGISTRATION_TOKEN is set. Cursor, MCP Inspector and mcp-remote cannot connect. Clients with a document can.',
    remedy: 'If that is not what you want, remove the setting.',
    clients: ['Cursor'],
  },
  'registration-refused': {
    ...error,
    title: 'A registration is refused',
    why: 'The client registers exactly like this, and gives up when it is refused.',
    remedy:
      'Read the reason. invalid_redirect_uri: MCP_OAUTH_PRIVATE_USE_SCHEMES or MCP_OAUTH_BLOCKED_CLIENTS. A page in HTML: the CDN or proxy has refused it.',
  },
  'registration-limited': {
    ...warning,
    title: 'No more registrations are accepted from here',
    why: 'The limit of this address is reached, and what clients register could not be checked.',
    remedy: 'Run this check again in an hour. Its registrations are counted apart from those of users.',
    ...forOperator,
  },
  'registration-altered': {
    ...error,
    title: 'The answer to a registration is not what the client needs',
    why: 'It must be 201 with the redirect URIs as they were sent, without null, and not cacheable. A client compares them.',
    remedy: 'The service answers like this: something on the way has changed the answer.',
    clients: ['Cursor', 'VS Code', 'Codex'],
  },
  'documents-unreachable': {
    ...error,
    title: 'The service cannot fetch the documents of clients',
    why: 'Claude, ChatGPT, Codex and VS Code identify themselves by a document on their vendor’s site. Users see “We could not check this app”.',
    remedy:
      'Let the service reach the internet on port 443 (claude.ai, chatgpt.com, vscode.dev). Behind a proxy, it needs DNS, too.',
    clients: ['Claude', 'ChatGPT', 'Codex', 'VS Code'],
  },
  // Refusals
  'refusal-redirects': {
    ...error,
    title: 'A wrong redirect URI is followed',
    why: 'The service must show a page and never send the browser to an address that the client has not registered: an attacker would collect codes there.',
    remedy: 'The service does not do that. Look for a rule that redirects error pages.',
    ...forOperator,
  },
  'refusal-replaced': {
    ...error,
    title: 'The refusals of the service do not arrive as it sends them',
    why: 'Clients register again after invalid_client, and sign in again after invalid_grant. With a page or another status in its place, they are stuck.',
    remedy: `${cdn} switch off custom error pages for /oauth/ and /mcp.`,
  },
  // The provider
  'provider-unreachable': {
    ...error,
    title: 'The OpenID Provider cannot be reached',
    why: 'Users cannot sign in. Clients that are connected go on.',
    remedy:
      'Check UPSTREAM_ISSUER, or the entry of MCP_PROVIDERS that is named here, and the status page of the provider.',
  },
  'provider-mismatch': {
    ...error,
    title: 'The OpenID Provider is not the one in the settings',
    why: 'Its metadata names another issuer, or lacks an endpoint, so that no ID token is accepted.',
    remedy:
      'Set UPSTREAM_ISSUER, or issuer in the entry of MCP_PROVIDERS, to the issuer in the provider’s /.well-known/openid-configuration, slash at the end included.',
  },
  'provider-keys': {
    ...error,
    title: 'The OpenID Provider publishes no usable key',
    why: 'ID tokens are verified with an RSA key (RS256). Without one, every sign-in fails at the end.',
    remedy: 'Let the provider sign ID tokens with RS256 (Auth0: application, advanced settings, OAuth).',
  },
  'provider-callback': {
    ...error,
    title: 'The OpenID Provider does not know the callback of this service',
    why: 'Users see an error page of the provider in place of its sign-in form.',
    remedy:
      'Add the callback to the application at the provider (Auth0: Allowed Callback URLs), exactly as it is shown here.',
  },
  'provider-client': {
    ...error,
    title: 'The OpenID Provider does not know this service',
    why: 'The client ID is unknown there, or the application is disabled. No user can sign in.',
    remedy:
      'Compare UPSTREAM_CLIENT_ID with the application at the provider, and UPSTREAM_ISSUER with its tenant; for an entry of MCP_PROVIDERS, its client_id, secret and issuer.',
  },
  'provider-refuses': {
    ...warning,
    title: 'The OpenID Provider refuses this sign-in',
    why: 'It knows the callback, and answers with an error that is not about the user.',
    remedy: 'Look the code up in the provider’s log. The application may lack the grant type or a connection.',
  },
  'provider-mock': {
    ...error,
    title: 'Sign-in is mocked',
    why: 'Every user is the same made-up person, so that anyone gets in.',
    remedy: 'Set UPSTREAM_CLIENT_ID and UPSTREAM_ISSUER, and remove MCP_OAUTH_ALLOW_MOCK.',
    ...forOperator,
  },
  'provider-callback-wide': {
    ...error,
    title: 'The OpenID Provider accepts callbacks by a pattern',
    why: 'It would send codes of your users to an address that is not this service: to another path, a preview, or a host that an attacker gets.',
    remedy:
      'At the application there, allow exactly the callbacks of this service, without a wildcard (docs/providers/).',
    ...forOperator,
  },
  // For production
  'host-shared': {
    ...error,
    title: 'The host of the account pages serves other pages, too',
    why: 'Every script of those pages can act as the user or the admin who is signed in.',
    remedy: 'Remove MCP_OAUTH_OWN_HOST, and set MCP_ACCOUNT_ORIGIN to a domain of its own (docs/configuration.md).',
    ...forOperator,
  },
  'account-pages-missing': {
    ...error,
    title: 'The account pages are not where the settings say',
    why: 'Links of the consent page and of the front page lead there.',
    remedy: 'Let the domain of MCP_ACCOUNT_ORIGIN lead to this site, and deploy.',
    ...forOperator,
  },
  'registration-unlimited': {
    ...warning,
    title: 'Everyone may register clients, without a limit',
    why: 'A program can make client IDs without end. They are not stored, and each costs a signature.',
    remedy: 'Remove these settings, or set MCP_OAUTH_REGISTRATION_TOKEN.',
    ...forOperator,
  },
  'rotation-unfinished': {
    ...note,
    title: 'An old secret or token still works',
    why: 'Two values are set. That is right while a secret is rotated, and not longer: the old one may have leaked.',
    remedy: 'Finish the rotation as docs/operations.md describes, and remove the old value.',
    ...forOperator,
  },
  'vault-rotation-unfinished': {
    ...note,
    title: 'An old key of the vault is still set',
    why: 'Records are sealed anew when they are used. After 180 days, none needs the old key.',
    remedy: 'Remove the old key then (docs/downstream.md).',
    ...forOperator,
  },
  'admins-organization': {
    ...note,
    title: 'Everyone in an organization is an admin',
    why: 'The OpenID Provider decides who is in it. A person who joins there sees every user here.',
    remedy: 'If that is not what you want, name the admins by their email addresses in MCP_ADMINS.',
    ...forOperator,
  },
  'origins-wide': {
    ...warning,
    title: 'Many web pages may call tools without a sign-in',
    why: 'With https://*, every page can spend the limit of its visitors’ addresses. A page on http can be changed on its way.',
    remedy: 'List in MCP_ALLOWED_ORIGINS only the pages that need it. With a good token, every page may call.',
    ...forOperator,
  },
  'limits-off': {
    ...warning,
    title: 'A limit is switched off',
    why: 'One caller can use up the budget at Kapa, or the time of the service, for everyone.',
    remedy: 'Raise the limit instead of setting it to 0, and exempt single networks only.',
    ...forOperator,
  },
  'database-superuser': {
    ...warning,
    title: 'The service is a superuser of the database',
    why: 'A mistake in the service, or a leaked DATABASE_URL, would reach every database of the server.',
    remedy: 'Make a role of its own, as docs/deploy/production-checklist.md shows.',
    ...forOperator,
  },
  'database-plain': {
    ...warning,
    title: 'The connection to the database is not encrypted',
    why: 'Everything that is stored, and the password, can be read on the way.',
    remedy: 'Set sslmode=verify-full in DATABASE_URL.',
    ...forOperator,
  },
  'maintenance-late': {
    ...warning,
    title: 'What has expired is not deleted',
    why: 'The scheduled functions do not run. Data stays longer than the privacy page says, keys are not rotated, and nothing is counted.',
    remedy:
      'Look for the log line swept, which comes every hour. At Netlify, see Functions, Scheduled; in containers, RUN_SCHEDULED.',
    ...forOperator,
  },
  'version-differs': {
    ...note,
    title: 'The service runs another release than this check',
    why: 'What this check expects may have changed since, and fixes may be missing.',
    remedy: 'Deploy the release of this checkout, or check with the release that is deployed.',
    ...forOperator,
  },
  // The services behind
  'kapa-unreachable': {
    ...error,
    title: 'Kapa does not answer',
    why: 'Users sign in, and every question fails.',
    remedy: 'Check KAPA_MCP_SERVER_URL (or KAPA_API_URL and KAPA_PROJECT_ID) and Kapa’s status page.',
  },
  'kapa-key': {
    ...error,
    title: 'Kapa refuses the key',
    why: 'Users sign in, and every question fails.',
    remedy: 'Make a new key at Kapa, and set KAPA_API_KEY.',
  },
  'kapa-tool': {
    ...error,
    title: 'Kapa’s server has no tool of this name',
    why: 'Users sign in, and every question fails.',
    remedy: 'Set KAPA_TOOL_NAME to the name of the tool at Kapa’s server.',
  },
  'hub-unreachable': {
    ...error,
    title: 'The API-reference hub does not answer',
    why: 'The tools for the API reference fail. Questions still work.',
    remedy: 'Check MCP_API_HUB_URL. To do without the hub, set it to off.',
  },
  'hub-tool': {
    ...error,
    title: 'The API-reference hub lacks a tool',
    why: 'The tools for the API reference fail. Questions still work.',
    remedy: 'MCP_API_HUB_URL must be the address of an MCP server with the tools list_pages, search and get_pages.',
  },
  'form-unreachable': {
    ...error,
    title: 'The page of the feedback form does not answer',
    why: 'Feedback is lost, and the user is told to try again.',
    remedy: 'Check MCP_FEEDBACK_FORM_PATH. To do without feedback, set it to off.',
  },
  'form-redirects': {
    ...error,
    title: 'The page of the feedback form redirects',
    why: 'A redirect turns the POST into a GET, and the feedback is lost.',
    remedy: 'Set MCP_FEEDBACK_FORM_PATH to the final address, slash at the end included.',
  },
  'crm-unreachable': {
    ...warning,
    title: 'The CRM does not answer',
    why: 'Messages wait for three days, and are tried again.',
    remedy: 'Check CRM_WEBHOOK_URL, and the receiver.',
    ...forOperator,
  },
  'crm-dead': {
    ...warning,
    title: 'Messages to the CRM were given up',
    why: 'The receiver refused them for three days, so that it lacks these people.',
    remedy: 'Repair the receiver. Then run: npm run admin -- webhooks replay --all',
    ...forOperator,
  },
  'capture-unreachable': {
    ...warning,
    title: 'The service that takes usage does not answer',
    why: 'Events wait, and are sent later.',
    remedy: 'Check MCP_CAPTURE_URL.',
    ...forOperator,
  },
  // The store
  'store-not-conditional': {
    ...error,
    title: 'The store lets two writers win',
    why: 'A code or a refresh token could be used twice. The store ignores conditions, or instances use different stores.',
    remedy:
      'Stop sign-ins (remove MCP_OAUTH_SECRET) until it is clear. Every instance must use the same store, without a cache before it.',
    ...forOperator,
  },
  'store-one-writer': {
    ...note,
    title: 'The two writers did not meet',
    why: 'Their requests were not served at the same time, so that the proof says less.',
    remedy: 'Run this check again.',
    ...forOperator,
  },
  // Time
  slow: {
    ...warning,
    title: 'Answers are slow',
    why: 'Claude gives up after 10 seconds in discovery, registration and the exchange of the code. A cold start is part of that time.',
    remedy: 'Look at the region of the functions and of the store, and at cold starts.',
  },
  'too-slow': {
    ...error,
    title: 'An answer takes longer than clients wait',
    why: 'Claude gives up after 10 seconds in discovery, registration and the exchange of the code. Others wait longer.',
    remedy: 'Look at the status page of the platform, and at the region of the functions and of the store.',
  },
  'clock-off': {
    ...error,
    title: 'The clock of the service is wrong',
    why: 'Tokens and codes carry times. With a wrong clock, they are not valid yet, or not any more.',
    remedy: 'On a machine of your own, turn on NTP. On a platform, report it there.',
  },
  // Everything else
  'no-answer': {
    ...error,
    title: 'A request got no answer',
    why: 'The connection broke, or nothing came in time. Clients report that the server cannot be reached.',
    remedy: 'Run this check again. If it stays, look at the log of the platform at this time.',
  },
  'client-stops': {
    ...error,
    title: 'A client stops, for a reason that no other check has found',
    why: 'The check went the way of this client, and it ended.',
    remedy: 'See where it stopped, and compare with the page of this client in docs/clients/.',
  },
  'no-token': {
    ...note,
    title: 'What only the operator may see was not checked',
    why: 'Settings, the store with two writers, headers that a proxy removes, and the services behind need the operator’s token.',
    remedy: 'Save it once: npm run admin -- login --site URL. Or set MCP_ADMIN_TOKEN.',
    ...forOperator,
  },
  'token-not-accepted': {
    ...warning,
    title: 'The service does not take the operator’s token',
    why: 'What only the operator may see was not checked.',
    remedy:
      'Make a token with npm run -s secret, set MCP_ADMIN_TOKEN there, deploy, and run: npm run admin -- login --site URL',
    ...forOperator,
  },
  // The sign-in
  'sign-in-failed': {
    ...error,
    title: 'The sign-in did not come back with a code',
    why: 'A user would see an error in their client.',
    remedy: 'The page in the browser has a code: npm run trace -- CODE tells what happened.',
  },
  'sign-in-answer': {
    ...error,
    title: 'The answer to the sign-in is not what clients accept',
    why: 'Clients compare state and iss, and refuse the code if one is missing or another.',
    remedy: 'The service sends both: something on the way has changed the address of the redirect.',
  },
  'verifier-ignored': {
    ...error,
    title: 'A code is redeemed with a wrong verifier',
    why: 'PKCE protects the code on its way through the browser. Without it, a stolen code is enough.',
    remedy: 'The service refuses this. Find out what answers at the token endpoint.',
    ...forOperator,
  },
  'code-refused': {
    ...error,
    title: 'The code of the sign-in is refused',
    why: 'The user has signed in, and the client gets no token.',
    remedy: 'Look at the log line request_refused or request_failed at this time.',
  },
  'tool-failed': {
    ...error,
    title: 'The tools cannot be used with a good token',
    why: 'The user has signed in, and the client still cannot use the server.',
    remedy: 'Look at the log lines mcp_token_refused and mcp_refused at this time.',
  },
  'refresh-failed': {
    ...error,
    title: 'The token cannot be refreshed',
    why: 'Every user signs in again after an hour.',
    remedy: 'Look at the log line request_refused or request_failed at this time.',
  },
  'repeat-refused': {
    ...error,
    title: 'A refresh that is sent twice is refused',
    why: 'Claude Code and VS Code refresh from several processes at once. Without the window of grace, they sign the user out.',
    remedy: 'Set MCP_OAUTH_REFRESH_GRACE to at least 30.',
    clients: ['Claude', 'VS Code', 'Cursor', 'Codex'],
  },
  'revocation-failed': {
    ...error,
    title: 'A revoked token still works',
    why: 'A user who signs out stays connected.',
    remedy: 'Look at the log line grant_revoked. Run: npm run admin -- revoke YOUR-ADDRESS',
    ...forOperator,
  },
} as const satisfies Readonly<Record<string, Kind>>

export type Code = keyof typeof kinds

/** What is known about a kind of finding. */
export const kindOf = (code: Code): Kind => kinds[code]

/** One thing that a check has found. */
export interface Finding {
  readonly code: Code
  /** What the check saw. It holds no secret, and no control characters that a stranger could send to a terminal. */
  readonly saw: string
  /** The clients that it stops or hinders, if they differ from those of the kind. */
  readonly clients?: readonly string[]
}
