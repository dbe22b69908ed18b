import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { type OAuthClient, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { routes } from '../support/routes.ts'
import { send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let client: OAuthClient
let accessToken: string

beforeAll(async () => {
  // Without it there is no introspection endpoint.
  const settings = { MCP_OAUTH_INTROSPECTION_TOKENS: 'introspection-token-1-of-a-resource-server' }
  stack = await startStack({ settings })
  client = await registerClient(stack.url)
  accessToken = (await obtainTokens(client)).accessToken
})
afterAll(async () => {
  await stack.stop()
})

const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

interface Expected {
  readonly kind: 'api' | 'page' | 'server' | 'mcp'
  readonly allow: string
}

const read: Expected = { kind: 'api', allow: 'GET, HEAD, OPTIONS' }
const post: Expected = { kind: 'api', allow: 'POST, OPTIONS' }
const visit: Expected = { kind: 'page', allow: 'GET' }
const serve: Expected = { kind: 'server', allow: 'POST' }
const mcp: Expected = { kind: 'mcp', allow: 'POST, OPTIONS' }

const expected: Readonly<Record<string, Expected>> = {
  '/.well-known/oauth-authorization-server': read,
  '/.well-known/oauth-authorization-server/': read,
  '/.well-known/oauth-authorization-server/mcp': read,
  '/.well-known/oauth-authorization-server/mcp/': read,
  '/.well-known/openid-configuration': read,
  '/.well-known/openid-configuration/': read,
  '/.well-known/openid-configuration/mcp': read,
  '/.well-known/openid-configuration/mcp/': read,
  '/mcp/.well-known/openid-configuration': read,
  '/mcp/.well-known/openid-configuration/': read,
  '/.well-known/oauth-protected-resource': read,
  '/.well-known/oauth-protected-resource/': read,
  '/.well-known/oauth-protected-resource/mcp': read,
  '/.well-known/oauth-protected-resource/mcp/': read,
  '/.well-known/jwks.json': read,
  '/.well-known/jwks.json/': read,
  '/oauth/register': post,
  '/oauth/token': post,
  '/oauth/par': post,
  '/oauth/revoke': post,
  '/oauth/introspect': serve,
  '/authorize': visit,
  '/token': post,
  '/register': post,
  '/oauth/authorize': visit,
  '/oauth/approve': { kind: 'page', allow: 'POST' },
  '/oauth/confirm': { kind: 'page', allow: 'POST' },
  '/mcp/callback': visit,
  '/login': { kind: 'page', allow: 'GET, POST' },
  '/oauth/mock-idp/authorize': visit,
  '/mcp': mcp,
  '/mcp/': mcp,
  '/mcp/api/ask': mcp,
  '/': read,
  '/health': read,
  '/health/ready': read,
  '/mcp/server-card': read,
  '/mcp/server-card/': read,
  '/mcp/copy.js': read,
  '/llms.txt': read,
  '/.well-known/ai-catalog.json': read,
  '/.well-known/ai-catalog.json/': read,
  '/.well-known/mcp/server-card.json': read,
  '/.well-known/mcp/server-card.json/': read,
}

/** Whether scripts of web pages may call the route. */
const isForScripts = (kind: Expected['kind']) => kind === 'api' || kind === 'mcp'

const corsNames = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith('access-control-'))

test('the table below has a row for every route [A32]', () => {
  // The pages of `account` need a session: tests/flows/account.test.ts. A provider of a list has its callback at a path with its name:
  // tests/flows/providers.test.ts. Skills: tests/flows/skills.test.ts.
  const isElsewhere = ({ function: name, path }: (typeof routes)[number]) =>
    name === 'account' || path?.includes('/:') === true
  const paths = routes.flatMap((route) => (route.path === null || isElsewhere(route) ? [] : [route.path]))
  expect(Object.keys(expected).sort()).toEqual(paths.sort())
})

describe.each(Object.entries(expected))('%s', (path, { kind, allow }) => {
  const allowed = allow.split(', ')
  // `/mcp` lists its methods only to a caller with a token (S-11).
  const headers = () => (kind === 'mcp' ? { authorization: `Bearer ${accessToken}` } : {})

  test.each(everyMethod.filter((method) => !allowed.includes(method)))(
    '%s: 405 with Allow [A-01 T-01 D-23]',
    async (method) => {
      const response = await send(stack.url + path, { method, headers: headers() })
      expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
      expect(corsNames(response).length > 0).toBe(isForScripts(kind))
    },
  )

  test.each(allowed)('%s: an answer of the endpoint itself, never 405 nor 5xx', async (method) => {
    const response = await send(stack.url + path, { method, headers: headers() })
    expect(response.status).not.toBe(405)
    expect(response.status).toBeLessThan(500)
  })
})

const pathsWhere = (fits: (row: Expected) => boolean) =>
  Object.entries(expected).flatMap(([path, row]) => (fits(row) ? [path] : []))

test.each(pathsWhere(({ kind }) => isForScripts(kind)))(
  '%s, OPTIONS: 204 for a script of any origin, without credentials [D-17 T-02 S-23 B8-10]',
  async (path) => {
    const [method = ''] = expected[path]?.allow.split(', ') ?? []
    const headers = {
      origin: 'https://inspector.example',
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,x-tenant',
    }
    const response = await send(stack.url + path, { method: 'OPTIONS', headers })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain(method)
    expect(response.headers.get('access-control-allow-headers')).toMatch(/^Authorization, (DPoP, )?Content-Type.*, \*$/)
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  },
)

test.each(pathsWhere(({ kind }) => !isForScripts(kind)))(
  '%s is for browsers or servers: no script of another origin may read it, whatever the method [A-02 T-27]',
  async (path) => {
    for (const method of everyMethod) {
      const headers = { origin: 'https://attacker.example' }
      expect(corsNames(await send(stack.url + path, { method, headers }))).toEqual([])
    }
  },
)

test.each(pathsWhere(({ allow }) => allow.includes('HEAD')))(
  '%s, HEAD: the answer of GET without the body',
  async (path) => {
    const head = await send(stack.url + path, { method: 'HEAD' })
    const get = await send(stack.url + path)
    expect([head.status, head.headers.get('content-type')]).toEqual([get.status, get.headers.get('content-type')])
    expect(await head.text()).toBe('')
  },
)

describe('documents', () => {
  test.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/jwks.json',
  ])('%s: JSON that anyone may read and cache for a moment [D-01 D-02 D-16 D-17 D-18 D-23 D-25]', async (path) => {
    const response = await send(stack.url + path)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
    })
  })

  test('the public keys hold nothing private [D-15 O-09]', async () => {
    const response = await send(`${stack.url}/.well-known/jwks.json`)
    const { keys } = await response.json()
    expect(keys.map((key: object) => Object.keys(key).sort())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']])
  })

  test.each([
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/openid-configuration',
  ])('%s is not served: 404 as JSON [D-06 B8-11]', async (path) => {
    const response = await send(stack.url + path, { headers: { accept: 'text/html' } })
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json'])
    expect(await response.json()).toEqual({ error: 'not_found' })
  })

  test.each([
    '/oauth',
    '/oauth/token/',
    '/oauth/%74oken',
    '/oauth/authorize/x',
    '/mcp/x',
    '//mcp',
    '/.well-known/',
    '/.netlify/functions/oauth',
    '/.netlify/functions/mcp',
  ])('%s does not exist: 404 [A32]', async (path) => {
    for (const method of ['GET', 'POST']) expect((await send(stack.url + path, { method })).status).toBe(404)
  })
})

describe('pages', () => {
  const shown: Readonly<Record<string, () => Promise<Response>>> = {
    'the consent page': () => createWatchedBrowser().fetch(client.authorizationRequest().url),
    'an error page of the authorization endpoint': () => send(`${stack.url}/oauth/authorize?client_id=nobody`),
    'an error page of the approval': () => send(`${stack.url}/oauth/approve`, { method: 'POST' }),
    'an error page of the callback': () => send(`${stack.url}/mcp/callback?state=x&code=x`),
  }

  test.each(Object.keys(shown))(
    '%s cannot be framed, scripted, cached, or read by another origin [A-18]',
    async (page) => {
      const response = await shown[page]?.()
      if (!response) throw new Error('no such page')
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringMatching(
          /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; frame-ancestors 'none'; base-uri 'none'$/,
        ),
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
      })
      expect(corsNames(response)).toEqual([])
      expect(await response.text()).not.toMatch(/<script|\son\w+=|https?:\/\/[^"]+\.(js|css|png|svg)/i)
    },
  )

  test('an error goes back to the client in a 303 that is not cached [A-14]', async () => {
    const response = await send(client.authorizationRequest({ response_type: 'token' }).url)
    expect([response.status, response.headers.get('cache-control')]).toEqual([303, 'no-store'])
    expect(corsNames(response)).toEqual([])
  })
})
