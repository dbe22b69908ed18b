import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Code } from '../../cli/doctor/findings.ts'
import type { Passing, Rewriting } from '../tls/rewriting-proxy.ts'

/** Something wrong between a client and the service, and what `npm run doctor` must say about it. */
export interface PlantedFault {
  readonly what: string
  readonly rewriting: Rewriting
  /** It shows only to a check with the operator's token. */
  readonly inside?: true
  /** Every finding, and no other. */
  readonly found: readonly Code[]
}

const server = '/.well-known/oauth-authorization-server'
const resource = '/.well-known/oauth-protected-resource/mcp'
const pathOf = ({ url = '/' }: IncomingMessage) => url.replace(/\?.*$/, '')
const html = { 'content-type': 'text/html; charset=utf-8' }
const page = '<!doctype html><h1>Documentation</h1>'
const hsts = { 'strict-transport-security': 'max-age=31536000' }

/** Changes the answers at some paths. */
const at = (paths: string | RegExp, change: NonNullable<Rewriting['change']>): Rewriting => ({
  changes: (path) => (typeof paths === 'string' ? path === paths : paths.test(path)),
  change,
})

/** Answers some paths in place of the service. */
const instead = (paths: RegExp, answer: Partial<Passing>, method?: string): Rewriting => ({
  answer: (request) =>
    paths.test(pathOf(request)) && (method === undefined || request.method === method) ? answer : undefined,
})

/** Changes one document. */
const inDocument = (path: string | RegExp, change: (document: Record<string, unknown>) => void): Rewriting =>
  at(path, (answer) => {
    if (answer.body === '') return
    const document: Record<string, unknown> = JSON.parse(answer.body)
    change(document)
    answer.body = JSON.stringify(document)
  })

const withoutHeader = (paths: RegExp, name: string): Rewriting =>
  at(paths, ({ headers }) => {
    delete headers[name]
  })

const withHeader = (paths: RegExp, name: string, value: string | string[]): Rewriting =>
  at(paths, ({ headers }) => {
    headers[name] = value
  })

/** What CDNs and proxies do, one thing at a time. */
export const proxyFaults: readonly PlantedFault[] = [
  {
    what: 'another site answers at this address',
    rewriting: instead(/./, { headers: html, body: page }),
    found: ['not-this-service'],
  },
  {
    what: 'a rule of a single-page app serves its page for every unknown path',
    rewriting: instead(/\/(?:openid-configuration|oauth-authorization-server\/mcp)$/, { headers: html, body: page }),
    found: ['absent-answered'],
  },
  {
    what: 'the metadata of the authorization server is not let through',
    rewriting: instead(/\/oauth-authorization-server\/?$/, { status: 404, headers: html, body: page }),
    found: ['server-metadata-unreadable', 'capitals-refused'],
  },
  {
    what: 'the metadata of the resource is not let through',
    rewriting: instead(/oauth-protected-resource/, { status: 403, headers: html, body: page }),
    found: ['resource-metadata-unreadable', 'slash-refused'],
  },
  {
    what: 'the issuer has a slash at its end',
    rewriting: inDocument(server, (document) => {
      document.issuer = `${document.issuer}/`
    }),
    found: ['issuer-differs'],
  },
  {
    what: 'the resource names the authorization server with a slash at its end',
    rewriting: inDocument(resource, (document) => {
      document.authorization_servers = [`${document.authorization_servers}/`]
    }),
    found: ['authorization-server-differs'],
  },
  {
    what: 'the resource has another address',
    rewriting: inDocument(/^\/\.well-known\/oauth-protected-resource(?:\/mcp)?$/, (document) => {
      document.resource = 'https://docs-mcp.netlify.app/mcp'
    }),
    found: ['resource-differs'],
  },
  {
    what: 'the metadata lacks S256',
    rewriting: inDocument(server, (document) => {
      document.code_challenge_methods_supported = ['plain']
    }),
    found: ['server-metadata-incomplete'],
  },
  {
    what: 'an endpoint is rewritten to the address of the platform',
    rewriting: inDocument(server, (document) => {
      document.token_endpoint = 'https://docs-mcp.netlify.app/oauth/token'
    }),
    found: ['endpoint-elsewhere'],
  },
  {
    what: 'a document contains null',
    rewriting: inDocument(server, (document) => {
      document.op_policy_uri = null
    }),
    found: ['metadata-null'],
  },
  {
    what: 'metadata may be cached for a month',
    rewriting: withHeader(/^\/\.well-known\//, 'cache-control', 'public, max-age=2592000'),
    found: ['metadata-kept-long'],
  },
  {
    what: 'slashes at the end are removed by a redirect',
    rewriting: instead(/\/$/, { status: 301, headers: { location: resource } }),
    found: ['slash-refused'],
  },
  {
    what: 'hosts are compared as text',
    rewriting: {
      answer: ({ headers }) =>
        headers.host !== headers.host?.toLowerCase() ? { status: 421, headers: html, body: page } : undefined,
    },
    found: ['capitals-refused'],
  },
  {
    what: 'the keys are published with their private parts',
    rewriting: inDocument('/.well-known/jwks.json', (document) => {
      document.keys = [{ kty: 'RSA', n: 'n', e: 'AQAB', d: 'private' }]
    }),
    found: ['keys-private'],
  },
  {
    what: 'the keys cannot be read',
    rewriting: instead(/jwks\.json$/, { status: 502, headers: html, body: page }),
    found: ['keys-unreadable'],
  },
  {
    what: 'the metadata is redirected to another host',
    rewriting: instead(/\/oauth-authorization-server$/, {
      status: 302,
      headers: { location: `https://www.example.test${server}` },
    }),
    found: ['redirected-elsewhere', 'capitals-refused'],
  },
  {
    what: '/mcp is redirected to another host',
    rewriting: instead(/^\/mcp$/, { status: 308, headers: { location: 'https://www.example.test/mcp' } }),
    found: ['redirected-elsewhere'],
  },
  {
    what: '/mcp is redirected to its spelling with a slash',
    rewriting: instead(/^\/mcp$/, { status: 301, headers: { location: '/mcp/' } }),
    found: ['redirected'],
  },
  {
    what: 'a GET of /mcp gets the page of the documentation site',
    rewriting: instead(/^\/mcp$/, { headers: html, body: page }, 'GET'),
    found: ['mcp-refuses'],
  },
  {
    what: 'a firewall refuses what has no token',
    rewriting: {
      answer: (request) =>
        pathOf(request) === '/mcp' && request.method !== 'OPTIONS' && request.headers.authorization === undefined
          ? {
              status: 403,
              headers: { ...html, 'access-control-allow-origin': '*', 'cache-control': 'no-store' },
              body: page,
            }
          : undefined,
    },
    found: ['mcp-refuses'],
  },
  {
    what: 'the challenge is removed',
    rewriting: withoutHeader(/^\/mcp$/, 'www-authenticate'),
    found: ['challenge-missing'],
  },
  {
    what: 'the challenge names the address of the platform',
    rewriting: at('/mcp', ({ headers }) => {
      const { 'www-authenticate': challenge } = headers
      if (typeof challenge === 'string')
        headers['www-authenticate'] = challenge.replace('docs.example.test', 'docs-mcp.netlify.app')
    }),
    found: ['challenge-differs'],
  },
  {
    what: 'the Authorization header is not passed on',
    rewriting: {
      request(headers, path) {
        if (path === '/mcp') headers.authorization = undefined
      },
    },
    found: ['authorization-stripped'],
  },
  {
    what: 'a gateway answers 403 to invalid tokens itself',
    rewriting: {
      answer: (request) =>
        pathOf(request) === '/mcp' && request.headers.authorization !== undefined
          ? { status: 403, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: '{}' }
          : undefined,
    },
    found: ['token-refused-otherwise'],
  },
  {
    what: 'bot protection turns Python away',
    rewriting: {
      answer: ({ headers }) =>
        headers['user-agent']?.startsWith('python-')
          ? { status: 403, headers: { ...html, 'cache-control': 'no-store' }, body: page }
          : undefined,
    },
    found: ['client-blocked'],
  },
  {
    what: 'the headers of CORS are removed',
    rewriting: withoutHeader(/^\/\.well-known\//, 'access-control-allow-origin'),
    found: ['cors-missing', 'preflight-refused'],
  },
  {
    what: 'the proxy adds CORS of its own',
    rewriting: at(/./, ({ headers }) => {
      if (headers['access-control-allow-origin'] !== undefined) headers['access-control-allow-origin'] = ['*', '*']
    }),
    found: ['cors-doubled'],
  },
  {
    what: 'OPTIONS is not let through',
    rewriting: instead(/./, { status: 405, headers: html, body: page }, 'OPTIONS'),
    found: ['preflight-refused'],
  },
  {
    what: 'pages may not read the challenge',
    rewriting: withHeader(/^\/mcp$/, 'access-control-expose-headers', 'Retry-After'),
    found: ['challenge-hidden'],
  },
  {
    what: 'a cache keeps the answers of /mcp',
    rewriting: at('/mcp', ({ headers }) => {
      headers['x-cache'] = 'Hit from cloudfront'
      headers.age = '12'
    }),
    found: ['answer-cached'],
  },
  {
    what: 'answers are compressed for every client',
    rewriting: {
      ...at(/^\/\.well-known\//, (answer) => {
        if (answer.body === '') return
        answer.headers['content-encoding'] = 'gzip'
        Object.assign(answer, { body: gzipSync(answer.body).toString('latin1'), binary: true })
      }),
    },
    found: ['answer-compressed'],
  },
  {
    what: 'headers that begin with Mcp- are not passed on',
    inside: true,
    rewriting: {
      request(headers) {
        for (const name of Object.keys(headers)) if (name.startsWith('mcp-')) headers[name] = undefined
      },
    },
    found: ['headers-stripped'],
  },
  {
    what: 'event streams are collected before they are passed on',
    inside: true,
    rewriting: at('/admin/api/doctor/stream', () => undefined),
    found: ['stream-held-back'],
  },
  {
    what: 'a firewall refuses registrations with redirect URIs of apps',
    rewriting: at('/oauth/register', (answer) => {
      if (!answer.body.includes('cursor:')) return
      Object.assign(answer, { status: 403, headers: { ...html, 'cache-control': 'no-store' }, body: page })
    }),
    found: ['registration-refused'],
  },
  {
    what: 'a registration is answered with other redirect URIs',
    rewriting: at('/oauth/register', (answer) => {
      answer.body = answer.body.replaceAll('http://127.0.0.1:41234/callback', 'http://127.0.0.1/callback')
    }),
    found: ['registration-altered'],
  },
  {
    what: 'too many have registered from here',
    rewriting: at('/oauth/register', (answer, request) => {
      if (request.method !== 'POST') return
      answer.status = 429
      answer.body = '{"error":"temporarily_unavailable"}'
    }),
    found: ['registration-limited'],
  },
  {
    what: 'error pages are replaced',
    rewriting: at('/oauth/token', (answer, request) => {
      if (answer.status < 400 || request.method === 'OPTIONS') return
      answer.headers['content-type'] = 'text/html'
      answer.body = page
    }),
    found: ['refusal-replaced'],
  },
  {
    what: 'error pages of the sign-in are redirected to the home page',
    rewriting: at('/oauth/authorize', (answer) => {
      if (answer.status !== 400) return
      answer.status = 302
      answer.headers.location = 'https://docs.example.test/'
    }),
    found: ['refusal-redirects'],
  },
  {
    what: 'the clock is ten minutes ahead',
    rewriting: at(/^(?!.*\/stream$)/, (answer) => {
      answer.headers.date = new Date(Date.now() + 600_000).toUTCString()
      answer.body = answer.body.replace(/"now":(\d+)/, (_all, now) => `"now":${Number(now) + 600_000}`)
    }),
    found: ['clock-off'],
  },
  {
    what: 'a path that only Codex tries gets the page of the documentation site',
    rewriting: instead(/^\/mcp\/\.well-known\/oauth-authorization-server$/, { headers: html, body: page }),
    found: ['client-stops'],
  },
  {
    what: 'the two writers do not meet',
    inside: true,
    rewriting: at('/admin/api/doctor/writers', (answer) => {
      answer.body = answer.body.replace('"met":true', '"met":false')
    }),
    found: ['store-one-writer'],
  },
  {
    what: 'messages to the CRM were given up',
    inside: true,
    rewriting: at('/admin/api/doctor', (answer) => {
      answer.body = answer.body.replace('"dead_messages":0', '"dead_messages":3')
    }),
    found: ['crm-dead'],
  },
  {
    what: 'the proxy removes Strict-Transport-Security from some answers',
    rewriting: withoutHeader(/^\/mcp$/, 'strict-transport-security'),
    found: ['hsts-missing'],
  },
  {
    what: 'the proxy sends Strict-Transport-Security for a minute only',
    rewriting: at(/./, ({ headers }) => {
      headers['strict-transport-security'] = ['max-age=60', 'max-age=31536000']
    }),
    found: ['hsts-missing'],
  },
  {
    what: 'the home page of another site is at the host of the account pages',
    rewriting: instead(/^\/$/, { headers: { ...html, ...hsts }, body: page }),
    found: ['host-shared'],
  },
  {
    what: 'the account pages of the settings are the page of another site',
    inside: true,
    rewriting: instead(/^\/account$/, { headers: { ...html, ...hsts }, body: page }),
    found: ['account-pages-missing'],
  },
  {
    what: 'the service is a superuser of its database, over a connection in clear',
    inside: true,
    rewriting: inDocument('/admin/api/doctor', ({ production }) =>
      Object.assign(production as object, { database: { superuser: true, unencrypted: true } }),
    ),
    found: ['database-superuser', 'database-plain'],
  },
  {
    what: 'another release is deployed',
    inside: true,
    rewriting: inDocument('/admin/api/doctor', ({ production }) =>
      Object.assign(production as object, { version: '0.0.1' }),
    ),
    found: ['version-differs'],
  },
  {
    what: 'the connection of some requests is cut',
    rewriting: {
      request(_headers, path) {
        if (path === '/.well-known/jwks.json') throw new Error('cut')
      },
    },
    found: ['no-answer'],
  },
]

/** What goes wrong in a real sign-in only. */
export const signInFaults: readonly PlantedFault[] = [
  {
    what: 'iss is lost on the way back to the client',
    rewriting: at('/mcp/callback', ({ headers }) => {
      const { location } = headers
      if (typeof location === 'string') headers.location = location.replace(/[?&]iss=[^&]*/, '')
    }),
    found: ['sign-in-answer'],
  },
  {
    what: 'the user is sent back with an error',
    rewriting: at('/mcp/callback', ({ headers }) => {
      const { location } = headers
      if (typeof location === 'string') headers.location = location.replace(/\bcode=[^&]*/, 'error=server_error')
    }),
    found: ['sign-in-failed'],
  },
  {
    what: 'the tools are not let through with a token',
    rewriting: {
      answer: ({ headers, ...request }) =>
        request.url === '/mcp' && /^Bearer eyJ/.test(headers.authorization ?? '')
          ? { status: 502, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: '{}' }
          : undefined,
    },
    found: ['tool-failed'],
  },
  {
    what: 'the exchange of the code is refused on its way',
    rewriting: refusedSuccess(1),
    found: ['code-refused'],
  },
  {
    what: 'a refresh is refused on its way',
    rewriting: refusedSuccess(2),
    found: ['refresh-failed'],
  },
  {
    what: 'a refresh that is sent again is refused',
    rewriting: refusedSuccess(3),
    found: ['repeat-refused'],
  },
  {
    what: 'revocations are swallowed',
    rewriting: instead(/^\/oauth\/revoke$/, { status: 200, headers: { 'cache-control': 'no-store' } }, 'POST'),
    found: ['revocation-failed'],
  },
]

/** Refuses one success of the token endpoint: 1 is that of the code, 2 that of the refresh, 3 that of the refresh sent again. */
function refusedSuccess(which: 1 | 2 | 3): Rewriting {
  let successes = 0
  return at('/oauth/token', (answer) => {
    if (answer.status !== 200) return
    successes += 1
    if (successes === which) Object.assign(answer, { status: 400, body: '{"error":"invalid_grant"}' })
  })
}
