import { describe, expect, test } from 'vitest'

import { readConfiguration } from './configuration.ts'
import { readListed } from './listed.ts'
import type { Environment } from './reader.ts'
import { readRoles } from './role-choices.ts'
import { rareRows } from './rows/rare.ts'
import { newSecret } from './secrets.ts'
import { hasRareSetting } from './sign-in-configuration.ts'
import { knownNames, rowOf, settingNames, unreadNames } from './table.ts'

const site = { issuer: 'https://docs.example', storeName: 's', production: true }
const complete: Environment = {
  MCP_OAUTH_SECRET: newSecret(),
  UPSTREAM_CLIENT_ID: 'client',
  KAPA_API_KEY: 'key',
  // Without it, the URL of a database belongs to something else.
  STORE_BACKEND: 'postgres',
  DATABASE_URL: 'postgres://broker@localhost/broker',
}

/** Roles and listed providers have readers of their own, which are loaded only where they are set. */
const read = (env: Environment) =>
  readConfiguration(env, site, env.MCP_ROLES === undefined ? undefined : readRoles, readListed)

/** Returns the problems that the service reports about these settings alone. */
const reviewAll = (env: Environment) => ({
  problems: read(env).problems.map(({ text }) => text),
  unread: unreadNames(env),
})
const review = (env: Environment) => reviewAll({ ...complete, ...env })

const collectors = ['otlp.example.com:4318', 'https://key@otlp.example.com/', 'https://otlp.example.com/?key=x']
const pairs = ['a key', 'authorization', 'two\nlines=1', '=value']
const urls = ['docs.example', 'http://docs.example/', 'https://*.docs.example/', 'https://<tenant>.docs.example/x']
const lines = ['two\nlines', 'a\u0007bell', 'x'.repeat(2001)]
const plainTexts = ['to \u202ecod', '<b>x</b>', 'two\nlines', 'a\u0007bell', 'x'.repeat(301)]
const names = ['a b', '-first', 'x'.repeat(65), 'Ж']
const words = ['a key', 'ключ', 'two\nlines']
const flags = ['yes', 'TRUE', '1', '"true"']
const switches = ['true', 'Off', 'no']
const numbers = ['many', '-1', '1e9', '1.5', '99999999999']
const webhookSecrets = [
  'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La',
  `whsec_${'A'.repeat(44)}`,
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS',
]
const tokens = [
  'short',
  'x'.repeat(31),
  `${'x'.repeat(40)} x`,
  'x'.repeat(43),
  'abcdefghij'.repeat(4),
  'correct-horse-battery-staple-and-more',
  '0123456789'.repeat(4),
  '0101010101010101010101010101010101',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab1',
]
const secrets = ['short', 'correct horse battery staple', `${newSecret()}=`]

const databases = [
  'mysql://root@localhost/docs',
  'postgres://broker:secret@db.docs.example/broker',
  'postgres://broker:secret@localhost',
  'postgres://broker@db.docs.example/broker?sslmode=prefer',
]

/** Wrong values of each setting. Each is reported with the name of the setting. */
const wrong: Readonly<Record<string, readonly string[]>> = {
  OTEL_EXPORTER_OTLP_ENDPOINT: collectors,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collectors,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: collectors,
  OTEL_EXPORTER_OTLP_HEADERS: pairs,
  OTEL_EXPORTER_OTLP_PROTOCOL: ['grpc', 'json', 'HTTP/JSON'],
  OTEL_EXPORTER_OTLP_TIMEOUT: numbers,
  OTEL_SERVICE_NAME: lines,
  OTEL_RESOURCE_ATTRIBUTES: pairs,
  OTEL_TRACES_SAMPLER: ['jaeger_remote', 'on', 'parentbased_random'],
  OTEL_TRACES_SAMPLER_ARG: ['many', '1.5', '-0.1', '10%'],
  OTEL_TRACES_EXPORTER: ['zipkin', 'otlp,console', 'off'],
  OTEL_METRICS_EXPORTER: ['prometheus', 'otlp,console', 'off'],
  MCP_TRACE_UPSTREAMS: ['everything', 'published', 'provider', 'https://kapa.example'],
  MCP_LOG_LEVEL: ['debug', 'INFO', '3'],
  MCP_OAUTH_SECRET: secrets,
  MCP_OAUTH_PREVIOUS_SECRETS: secrets,
  MCP_OAUTH_RETIRED_SECRETS: secrets,
  MCP_OAUTH_SIGNING_JWK: ['key', '{"kty":"oct","k":"c2VjcmV0"}', '{}'],
  UPSTREAM_CLIENT_ID: words,
  REDPANDA_OAUTH_CLIENT_ID: words,
  UPSTREAM_ISSUER: [...urls, 'https://x.example/?a', 'https://x.example/.well-known/openid-configuration'],
  REDPANDA_OAUTH_ISSUER: urls,
  UPSTREAM_CLIENT_SECRET: lines,
  MCP_PROVIDERS: ['google', '{}', '[{"name":"g","preset":"gogle","client_id":"c"}]', '[{"preset":"google"}]'],
  MCP_OAUTH_ALLOW_MOCK: flags,
  NETLIFY_DEV: flags,
  MCP_NOTIFY_WITH_MOCK: flags,
  MCP_OAUTH_PROXY_HOSTS: [
    'https://docs.example/path',
    '*.netlify.app',
    'http://docs.example',
    'docs.example.',
    'docs..example',
    'user@docs.example',
    '$HOST',
    'docs.example:99999',
    'docs.example/x',
    'docs.example?',
  ],
  MCP_TENANTS: ['acme', '{}', '[]', '[{}]', '[{"name":"acme","issuer":"https://acme.example"}]'],
  MCP_MACHINES: ['docs-ci', '{}', '[]', '[{}]', '[{"name":"docs-ci"}]'],
  MCP_MACHINE_LIMIT: numbers,
  MCP_OAUTH_PREVIEW_DOMAINS: ['previews', '*.docs.example', 'docs.example:8443', 'https://docs.example/x'],
  MCP_HSTS: ['on', '31536000', 'max-age=1; preload', 'max-age=1;includeSubDomains', 'max-age=1\nx: y'],
  MCP_OAUTH_OWN_HOST: flags,
  MCP_ACCOUNT_ORIGIN: [
    'http://docs.example',
    'https://account.docs.example/x',
    'https://account.docs.example/?',
    'https://*.docs.example',
    'https://docs.example',
  ],
  MCP_ADMINS: [
    '*@docs.example',
    'ada',
    'org:',
    'org: x',
    'ada@localhost',
    'not-a-url ada@docs.example',
    'mailto:ada@docs.example',
  ],
  MCP_SESSION_ORIGINS: ['http://docs.example', 'https://docs.example/#', 'https://*', 'null', 'https://docs.example/x'],
  MCP_VAULT_KEYS: secrets,
  MCP_VAULT_SCOPES: lines,
  MCP_VAULT_AUDIENCE: lines,
  MCP_PRIVATE_PAGES_URL: [...urls, 'https://pages.example/search?x', 'https://pages.example/search#x'],
  MCP_PRIVATE_PAGES_TOOL_NAME: names,
  MCP_PRIVATE_PAGES_SERVICE_TOKEN: ['short', 'a token of the service', 'two\nlines'],
  MCP_ROLES: ['{', '{"roles": {}}', '{"roles": [{"name": "admin"}]}'],
  REQUIRE_AUTH: flags,
  REQUIRE_WORK_EMAIL: flags,
  MCP_PUBLIC_TOOLS: ['whoami', 'auth_statsu', '*'],
  MCP_LAZY_AUTH: flags,
  MCP_EVENT_STREAMS: flags,
  MCP_ASK_ALL_SCOPES: flags,
  KAPA_API_KEY: words,
  KAPA_MCP_SERVER_URL: urls,
  KAPA_TOOL_NAME: words,
  KAPA_PROJECT_ID: ['a b', '../x', 'https://kapa.example'],
  KAPA_API_URL: urls,
  KAPA_INTEGRATION_ID: ['a b', '../x', 'x'.repeat(101)],
  KAPA_ANSWERS: ['Passages', 'chat', 'true'],
  KAPA_MODE: ['Deep', 'fast', 'true'],
  KAPA_PRUNING: flags,
  KAPA_REDACTION: flags,
  KAPA_CLIENT_META: flags,
  KAPA_SOURCE_GROUPS: ['a b', 'group-1,../x', 'x'.repeat(101)],
  KAPA_FEEDBACK_TOOL_NAME: names,
  MCP_SKILLS_DIR: ['/etc', '../skills', 'skills/../..'],
  MCP_TOOL_NAME: names,
  MCP_TOOL_TITLE: lines,
  MCP_TOOL_DESCRIPTION: ['a\u001b[31mcolor', 'a\u0007bell', 'x'.repeat(2001)],
  MCP_API_HUB_URL: urls,
  MCP_API_DOCS_URL: [...urls, 'https://docs.example/api?x'],
  MCP_API_NAMES: ['a b', '../x', 'admin/x'],
  MCP_API_LIST_TOOL_NAME: names,
  MCP_API_SEARCH_TOOL_NAME: names,
  MCP_API_CONTENT_TOOL_NAME: names,
  MCP_FEEDBACK_FORM_PATH: [...urls, '//forms.example/x', '/a b', 'home'],
  MCP_FEEDBACK_FORM_NAME: lines,
  MCP_FEEDBACK_TOOL_NAME: names,
  MCP_OAUTH_ACCESS_TTL: numbers,
  MCP_OAUTH_REFRESH_TTL: numbers,
  MCP_OAUTH_REFRESH_GRACE: numbers,
  MCP_OAUTH_SIGN_IN_TTL: numbers,
  MCP_OAUTH_TRUSTED_HOSTS: [
    'https://docs.example',
    '*.docs.example',
    'docs.example/a b',
    'Docs.example',
    'docs.example.',
    'com',
    'intranet/callback',
    'co.uk',
    'com.au/callback',
    'github.io',
    'netlify.app:8443',
  ],
  MCP_OAUTH_INTERSTITIAL: switches,
  MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS: [
    'javascript:alert(1)',
    'https://docs.example/cb',
    'cursor',
    'file:///etc/passwd',
    'warp://mcp/*/callback',
    'warp://mcp/callback*',
    '*',
  ],
  MCP_OAUTH_PRIVATE_USE_SCHEMES: ['all', 'Any', 'off'],
  MCP_OAUTH_CLIENTS: ['web', '{}', '[{}]'],
  MCP_OAUTH_LOGOUT_ENDS_GRANTS: flags,
  MCP_OAUTH_REVOKERS: [
    ...['web', '{}', '[]', '[{}]', '[{"name":"a"}]', '[{"name":"A","issuer":"https://a.example"}]'],
    '[{"name":"a","issuer":"http://a.example"}]',
    '[{"name":"a","issuer":"https://a.example?x"}]',
    `[{"name":"a","issuer":"https://a.example","token_sha256":"${'0'.repeat(64)}"}]`,
    '[{"name":"a","token_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]',
    '[{"name":"a","token_sha256":"secret"}]',
    '[{"name":"a","issuer":"https://a.example","domains":["*"]}]',
    '[{"name":"a","issuer":"https://a.example","domains":"a.example"}]',
    '[{"name":"a","issuer":"https://a.example","people":"a.example"}]',
    '[{"name":"a","issuer":"https://a.example","token":"x"}]',
    '[{"name":"a","issuer":"https://a.example"},{"name":"a","issuer":"https://b.example"}]',
  ],
  MCP_OAUTH_CIMD_ALLOWED_HOSTS: [
    '*.docs.example',
    'https://docs.example',
    'a b',
    'docs.example/',
    'DOCS.example',
    'docs.example:443',
  ],
  MCP_OAUTH_DCR: switches,
  MCP_OAUTH_REGISTRATION_TOKEN: tokens,
  MCP_OAUTH_BLOCKED_CLIENTS: [
    'before:yesterday',
    '*.docs.example',
    'a b',
    'https://docs.example',
    'docs.example/',
    'Docs.example',
  ],
  MCP_OAUTH_CIMD_LOCAL_ORIGINS: [
    'https://localhost:9443',
    'localhost:9443',
    'https://127.0.0.1:1',
    'https://localhost:9443/x',
  ],
  MCP_OAUTH_ADVERTISE_ISS: switches,
  MCP_OAUTH_INTROSPECTION_TOKENS: tokens,
  MCP_ADMIN_TOKEN: [...secrets.slice(0, 2), 'a'.repeat(43)],
  MCP_ADMIN_WRITE_TOKEN: [...secrets.slice(0, 2), 'b'.repeat(43)],
  MCP_OAUTH_REGISTER_LIMIT: numbers,
  MCP_OAUTH_REGISTER_WINDOW_SEC: numbers,
  MCP_OAUTH_REGISTER_TOTAL_LIMIT: numbers,
  MCP_OAUTH_CIMD_LIMIT: numbers,
  MCP_OAUTH_CIMD_WINDOW_SEC: numbers,
  MCP_KEEP_ATTEMPTS_DAYS: numbers,
  MCP_KEEP_AUDIT_DAYS: numbers,
  MCP_KEEP_USAGE_DAYS: numbers,
  MCP_KEEP_PEOPLE_USAGE_DAYS: numbers,
  MCP_KEEP_PEOPLE_DAYS: numbers,
  MCP_PEOPLE_SEALED: ['on', 'true', 'ALL'],
  MCP_OAUTH_LIMIT_EXEMPT: ['10.0.0.0', '10.0.0.0/33', 'everybody'],
  MCP_ALLOWED_ORIGINS: [
    'null',
    'chat.example.net',
    'https://chat.example.net/path',
    'https://chat.example.net?x',
    'https://chat.example.net/#',
    'https://somebody:secret@chat.example.net',
    'https://*.example.net',
    'https://chat.*',
    'http://*',
    'tauri://*',
    'https://*:443',
    '*',
    'https://',
    'https://chat example.net',
    'https://chat.example.net:99999',
    'file://host',
    'data:text/html,x',
    'javascript://alert(1)',
    'mailto:docs@example.net',
  ],
  MCP_USER_LIMIT: numbers,
  MCP_ANONYMOUS_LIMIT: numbers,
  MCP_LIMIT_WINDOW_SEC: numbers,
  MCP_PLANS: ['team', '[]', '{"team":{"limit":-1,"domains":["docs.example"]}}'],
  MCP_BRAND_NAME: ['x'.repeat(101), 'two\nlines', 'a\u2028b'],
  MCP_PRODUCT_NAME: lines,
  MCP_BRAND_COLOR: ['red', '#12345', '1f6feb'],
  MCP_LOGO_URL: [...urls, 'data:image/svg+xml,x'],
  MCP_BACKGROUND: ['red', '#fff,#000', '#ffffff #000000', '#777777', '#fff #eee #ddd', '#fff;}body{display:none'],
  MCP_CONSENT_TITLE: ['Connect <b>{app}</b>', 'Connect', 'a\nb {app}', `{app}${'x'.repeat(100)}`],
  MCP_CONSENT_MESSAGE: plainTexts,
  MCP_APPROVE_BUTTON: plainTexts,
  MCP_CANCEL_BUTTON: plainTexts,
  MCP_FINISHED_TITLE: plainTexts,
  MCP_FINISHED_MESSAGE: plainTexts,
  MCP_ERROR_MESSAGE: plainTexts,
  MCP_PROVIDER_NAME: lines,
  MCP_ANSWER_SERVICE: lines,
  MCP_DOCS_URL: urls,
  MCP_SUPPORT_URL: [...urls, 'mailto:', 'mailto:docs', 'docs@docs.example', 'mailto:a@b.example?subject=x'],
  MCP_OAUTH_SIGNUP_URL: urls,
  MCP_OAUTH_PRIVACY_URL: urls,
  CRM_WEBHOOK_URL: urls,
  CRM_WEBHOOK_SECRET: webhookSecrets,
  CRM_WEBHOOK_PREVIOUS_SECRET: webhookSecrets,
  CRM_WEBHOOK_EVENTS: ['person.left-us', 'all-of-them', 'person.first_seen,contact.created'],
  MCP_CAPTURE_URL: [...urls, 'https://eu.i.posthog.example/?key=1', 'https://eu.i.posthog.example/#x'],
  MCP_CAPTURE_KEY: words,
  STORE_BACKEND: ['Postgres', 'neon', 'blob'],
  DATABASE_URL: databases,
  NETLIFY_DB_URL: databases,
  NETLIFY_DATABASE_URL: databases,
  DATABASE_CONNECTIONS: ['0', ...numbers],
  STORE_MOVING_FROM: ['Blobs', 'neon', 'blob'],
  MCP_STORE_COPY_TOKEN: [...secrets.slice(0, 2), 'c'.repeat(43)],
}

describe('every setting', () => {
  test('of the table has wrong values in this test', () => {
    expect([...knownNames].filter((name) => !(name in wrong) && name !== 'MCP_OAUTH_ISSUER')).toEqual([])
    expect(Object.values(wrong).filter((values) => values.length < 3)).toEqual([])
  })

  test.each(Object.entries(wrong))(
    '%s: a wrong value is reported under the name of the setting, and never repeated',
    (name, values) => {
      for (const value of values) {
        const { problems } = review({ [name]: value })
        expect(problems.join('\n'), value).toContain(name)
        // A short value may also be a word of the message.
        if (value.length > 8) expect(problems.join('\n')).not.toContain(value)
      }
    },
  )

  test.each(Object.keys(wrong))('%s: a wrong value disables exactly what the table says [O-10]', (name) => {
    const [subject] = settingNames.flatMap((known) => {
      const { aliases = [], subject } = rowOf(known)
      return [known, ...aliases].includes(name) ? [subject] : []
    })
    const closed = subject === 'service' ? ['sign-in', 'mcp'] : subject === 'none' ? [] : [subject]
    for (const value of wrong[name] ?? []) {
      const { outOfService, signIn, problems } = read({ ...complete, [name]: value })
      expect([...outOfService], value).toEqual(closed)
      const own = problems.filter(({ text }) => text.startsWith(name))
      expect(own.map(({ subject }) => subject)).toEqual(own.map(() => subject))
      expect(signIn === null).toBe(closed.includes('sign-in'))
    }
  })

  test('what a wrong value takes out of service is changed only on purpose [O-10]', () => {
    const of = (subject: string) => settingNames.filter((name) => rowOf(name).subject === subject)
    expect(of('service')).toEqual([
      'MCP_OAUTH_ISSUER',
      'MCP_OAUTH_PROXY_HOSTS',
      'MCP_OAUTH_PREVIEW_DOMAINS',
      'KAPA_API_KEY',
      'MCP_OAUTH_LIMIT_EXEMPT',
      'MCP_BRAND_NAME',
      'MCP_OAUTH_SIGNING_JWK',
      'MCP_TENANTS',
      'MCP_MACHINES',
      'MCP_ROLES',
      'STORE_BACKEND',
      'DATABASE_URL',
      'DATABASE_CONNECTIONS',
      'STORE_MOVING_FROM',
    ])
    const mcp = of('mcp')
    // Who may call `/mcp`, how often, and for whom it answers.
    for (const name of [
      ...['REQUIRE_AUTH', 'REQUIRE_WORK_EMAIL', 'MCP_PUBLIC_TOOLS', 'MCP_LAZY_AUTH', 'MCP_ASK_ALL_SCOPES'],
      ...['MCP_ALLOWED_ORIGINS', 'MCP_USER_LIMIT', 'MCP_PLANS', 'MCP_ANONYMOUS_LIMIT', 'MCP_LIMIT_WINDOW_SEC'],
    ]) {
      expect(mcp).toContain(name)
    }
    // Of the authorization server: every secret, every token and every list of clients, and nothing of the tools.
    expect(mcp.filter((name) => /OAUTH|UPSTREAM|CRM/.test(name))).toEqual([])
    expect(of('sign-in').filter((name) => /REQUIRE|KAPA|TOOL|API|FEEDBACK/.test(name))).toEqual([])
  })

  test('the names of rare settings are known without their rows, and an empty value is none', () => {
    expect(settingNames.filter((name) => hasRareSetting({ [name]: 'x' }))).toEqual(Object.keys(rareRows))
    expect(settingNames.filter((name) => hasRareSetting({ [name]: '' }))).toEqual([])
  })

  test.each([0, 1, 2])('if all settings are wrong, the report names exactly these settings (%i)', (index) => {
    const env = Object.fromEntries(Object.entries(wrong).map(([name, values]) => [name, values[index] ?? '']))
    const { problems, unread } = review(env)
    expect(Object.keys(wrong).filter((name) => !problems.join('\n').includes(name))).toEqual([])
    expect(problems.length).toBeLessThanOrEqual(Object.keys(wrong).length + 2)
    expect(unread).toEqual([])
  })
})

describe('a value whose meaning is clear is accepted', () => {
  test.each([
    ['MCP_TOOL_DESCRIPTION', 'Answers from the Handbook.\r\n\n\tAsk one question.'],
    ['MCP_SUPPORT_URL', 'mailto:docs-team+mcp@docs.example'],
    ['MCP_BRAND_NAME', 'Redpanda'],
    ['MCP_OAUTH_PROXY_HOSTS', 'https://docs-mcp.netlify.app, https://DOCS.example:443/, docs.example:8443, [::1]:8888'],
    ['MCP_OAUTH_PREVIEW_DOMAINS', 'https://Previews.docs.example/, docs.example'],
    ['MCP_FEEDBACK_FORM_PATH', '/home/?from=mcp'],
    [
      'MCP_OAUTH_TRUSTED_HOSTS',
      'claude.ai/api/mcp/auth_callback,localhost:9443/cb,docs.github.io,app.co.uk,[::1]:8443/cb',
    ],
    ['MCP_OAUTH_REGISTRATION_TOKEN', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b'],
    ['MCP_OAUTH_REGISTRATION_TOKEN', newSecret()],
    ['MCP_OAUTH_INTROSPECTION_TOKENS', `${newSecret()}, ${newSecret()}`],
    [
      'MCP_OAUTH_PRIVATE_USE_REDIRECT_URIS',
      'raycast://oauth/cb?package=mcp,vscode://saoudrizwan.claude-dev/cb/*,warp:/cb',
    ],
    ['KAPA_API_URL', 'http://localhost:8890'],
  ])('%s=%s', (name, value) => expect(review({ [name]: value }).problems).toEqual([]))

  test.each([
    ['Документация', 'docs'],
    ['東京ドキュメント', 'docs'],
    [
      'The Extraordinarily Long Name of a Company That Likes Words Very Much',
      'the_extraordinarily_long_name_of_a_company_that_like',
    ],
  ])('a brand called %s is accepted, and the tool names do not contain it', (name) => {
    const own = { UPSTREAM_ISSUER: 'https://login.docs.example/', KAPA_MCP_SERVER_URL: 'https://kapa.docs.example/' }
    expect(review({ ...own, MCP_BRAND_NAME: name }).problems).toEqual([])
  })
})

describe('problems that belong together are reported together', () => {
  test('for another brand without other settings: every setting that it makes required', () => {
    const { problems } = reviewAll({ MCP_BRAND_NAME: 'Example' })
    expect(problems).toEqual([
      'KAPA_API_KEY is missing',
      'MCP_OAUTH_SECRET is missing: make one with npm run secret',
      'UPSTREAM_CLIENT_ID is missing',
      'UPSTREAM_ISSUER is missing: with MCP_BRAND_NAME it has no default',
      'KAPA_MCP_SERVER_URL or KAPA_PROJECT_ID is missing: with MCP_BRAND_NAME it has no default',
    ])
  })

  test('a wrong secret or host in a list is named by its position', () => {
    const good = newSecret()
    expect(review({ MCP_OAUTH_PREVIOUS_SECRETS: `${good},hunter2hunter2,${good}x=,` }).problems).toEqual([
      expect.stringMatching(/^MCP_OAUTH_PREVIOUS_SECRETS: value 2 must/),
      expect.stringMatching(/^MCP_OAUTH_PREVIOUS_SECRETS: value 3 must/),
    ])
    expect(review({ MCP_OAUTH_PROXY_HOSTS: 'docs.example, *.docs.example, x/y' }).problems).toEqual([
      'MCP_OAUTH_PROXY_HOSTS: value 2 must be a host, with its port if it has one',
      'MCP_OAUTH_PROXY_HOSTS: value 3 must be a host, with its port if it has one',
    ])
  })

  test('a mistyped flag of the mock is reported next to a client id, too', () => {
    expect(review({ MCP_OAUTH_ALLOW_MOCK: 'ture' }).problems).toEqual(['MCP_OAUTH_ALLOW_MOCK must be true or false'])
  })
})

describe('one value for two settings', () => {
  const [one, other] = [newSecret(), newSecret()]
  const values = (env: Environment) => review(env).problems

  test.each([
    ['MCP_OAUTH_SECRET', { MCP_OAUTH_SECRET: one }],
    ['MCP_OAUTH_PREVIOUS_SECRETS', { MCP_OAUTH_PREVIOUS_SECRETS: `${other},${one}` }],
  ])('a retired secret that is also in %s is reported, because a leaked secret must open nothing', (_name, env) => {
    const problem =
      'MCP_OAUTH_RETIRED_SECRETS has a value that is MCP_OAUTH_SECRET or in MCP_OAUTH_PREVIOUS_SECRETS too'
    expect(values({ ...env, MCP_OAUTH_RETIRED_SECRETS: one })).toEqual([problem])
    // The last of 43 characters has two unused bits: this is the same secret in another spelling.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const respelled = one.slice(0, -1) + last[last.indexOf(one.at(-1) ?? '') ^ 1]
    expect(values({ ...env, MCP_OAUTH_RETIRED_SECRETS: respelled })).toEqual([problem])
    expect(values({ ...env, MCP_OAUTH_RETIRED_SECRETS: newSecret() })).toEqual([])
  })

  const [token, tokens] = ['MCP_OAUTH_REGISTRATION_TOKEN', 'MCP_OAUTH_INTROSPECTION_TOKENS']
  test.each([
    [{ [token]: one, [tokens]: `${other},${one}` }, `${token} has a value of ${tokens}: each needs one of its own`],
    [{ [token]: one, MCP_OAUTH_SECRET: one }, `${token} has a value of MCP_OAUTH_SECRET: each needs one of its own`],
    [
      { [token]: one, MCP_OAUTH_RETIRED_SECRETS: one },
      `${token} has a value of MCP_OAUTH_RETIRED_SECRETS: each needs one of its own`,
    ],
    [{ [tokens]: one, KAPA_API_KEY: one }, `${tokens} has a value of KAPA_API_KEY: each needs one of its own`],
    [
      { [tokens]: one, UPSTREAM_CLIENT_SECRET: one },
      `${tokens} has a value of UPSTREAM_CLIENT_SECRET: each needs one of its own`,
    ],
    [
      { MCP_ADMIN_TOKEN: one, MCP_ADMIN_WRITE_TOKEN: `${other},${one}` },
      'MCP_ADMIN_TOKEN has a value of MCP_ADMIN_WRITE_TOKEN: each needs one of its own',
    ],
    [{ [tokens]: `${one},${other},${one}` }, `${tokens} has a value twice: each needs one of its own`],
    [
      { MCP_STORE_COPY_TOKEN: one, UPSTREAM_CLIENT_SECRET: one },
      'MCP_STORE_COPY_TOKEN has a value of UPSTREAM_CLIENT_SECRET: each needs one of its own',
    ],
  ])('a token of the operator that is the value of another secret setting is reported (%#)', (env, problem) => {
    expect(values(env)).toEqual([problem])
  })

  test('the token of a copy that is an admin token works for neither [N32]', () => {
    const read = readConfiguration({ ...complete, MCP_ADMIN_WRITE_TOKEN: one, MCP_STORE_COPY_TOKEN: one }, site)
    expect([read.store.copyTokens, read.adminTokens.write]).toEqual([[], []])
  })

  test('the two stores of a move must be two', () => {
    expect(values({ STORE_MOVING_FROM: 'postgres' })).toEqual([
      'STORE_MOVING_FROM must be another store than that of STORE_BACKEND',
    ])
    expect(values({ STORE_MOVING_FROM: 'blobs' })).toEqual([])
  })

  test('different tokens are accepted', () =>
    expect(values({ [token]: one, [tokens]: `${other},${newSecret()}` })).toEqual([]))
})

describe('a misspelled setting', () => {
  test.each([
    'MCP_OAUTH_ALOW_MOCK',
    'KAPA_API_KEYS',
    'UPSTREAM_CLIENTID',
    'REQUIRE_AUHT',
    'CRM_WEBHOOK',
    'mcp_brand_name',
    'REDPANDA_OAUTH_ID',
  ])('%s is reported, and disables nothing', (name) =>
    expect(review({ [name]: 'x' })).toEqual({ problems: [], unread: [name] }),
  )

  test('is not confused with a variable of another program', () => {
    const others = { PATH: '/bin', REDPANDA_BROKERS: 'x', URL: 'https://docs.example', SITE_NAME: 'docs', CRMX: '1' }
    expect(review(others).unread).toEqual([])
  })
})
