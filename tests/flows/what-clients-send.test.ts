import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWatchedBrowser } from '../../dev/worlds/secrets.ts'
import { callMcp, type OAuthClient, obtainCode, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { form, json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

/**
 * What people who connect clients reported in public, tried again with the smallest input that shows it. Each row names
 * the report. The kinds behind these examples have tests of their own beside the rules.
 */

let stack: Stack
let client: OAuthClient
let accessToken: string
let refreshToken: string

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
  ;({ accessToken, refreshToken } = await obtainTokens(client))
})
afterAll(async () => {
  await stack.stop()
})

const message = (method: string, params?: unknown) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

/** A message to /mcp with these headers in the place of the usual ones; a header that is undefined is left out. */
const post = (path: string, body: string, headers: Readonly<Record<string, string | undefined>> = {}) =>
  send(`${stack.url}${path}`, {
    method: 'POST',
    headers: Object.fromEntries(
      Object.entries({
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ),
    body,
  })

const register = (metadata: object) => send(`${stack.url}/oauth/register`, json(JSON.stringify(metadata)))

describe('Accept is negotiated', () => {
  test.each<[string, string | undefined, string]>([
    ['application/json', 'application/json', 'honojs/middleware#1799, anthropics/claude-code#45368'],
    ['text/event-stream', 'text/event-stream', 'modelcontextprotocol/typescript-sdk#1944'],
    ['application/json, */*', undefined, 'modelcontextprotocol/python-sdk#2349'],
    ['*/*;q=0.8', undefined, 'Effect-TS/effect#6693'],
    ['Application/JSON, Text/Event-Stream', undefined, 'Effect-TS/effect#6693'],
  ])('%s [%s] (%s)', async (accept, type, _report) => {
    const response = await post('/mcp', message('tools/list'), { accept })
    expect(response.status).toBe(200)
    if (type !== undefined) expect(response.headers.get('content-type')).toContain(type)
    expect(await response.text()).toContain('"tools"')
  })

  test('neither form is acceptable: 406', async () => {
    expect((await post('/mcp', message('tools/list'), { accept: 'image/png' })).status).toBe(406)
  })
})

describe('stray and merged headers at the token endpoint', () => {
  test('another scheme in Authorization is ignored (kirodotdev/Kiro#11412, typescript-sdk#2475)', async () => {
    const { request, code } = await obtainCode(client)
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
      code,
      code_verifier: request.codeVerifier,
    }).toString()
    const sent = form(body)
    const response = await send(`${stack.url}/oauth/token`, {
      ...sent,
      headers: { ...sent.headers, authorization: 'Bearer stale' },
    })
    expect(response.status).toBe(200)
  })

  test('two content types joined, the body a form (modelcontextprotocol/inspector#1092, #1160)', async () => {
    const body = `grant_type=refresh_token&client_id=${client.clientId}&refresh_token=${refreshToken}`
    const sent = form(body, 'application/json, application/x-www-form-urlencoded')
    expect((await send(`${stack.url}/oauth/token`, sent)).status).toBe(200)
  })
})

describe('an unusable token counts as no token (IBM/mcp-context-forge#3993, inspector#829, dify#29516)', () => {
  test.each(['Bearer ', 'Bearer', `Bearer \${API_TOKEN}`])('%j', async (authorization) => {
    const response = await post('/mcp', message('initialize', {}), { authorization })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
  })
})

describe('"nothing" is spelled in many ways', () => {
  test('tools/list with params null (chaitin/MonkeyCode#1268)', async () => {
    const response = await post('/mcp', message('tools/list', null))
    expect([response.status, (await response.text()).includes('"tools"')]).toEqual([200, true])
  })

  test('tools/call with arguments [] (aiquila#442, picoclaw#2579, mcp.el#85)', async () => {
    const response = await post('/mcp', message('tools/call', { name: 'whoami', arguments: [] }))
    expect(response.status).toBe(200)
    expect(await response.text()).not.toMatch(/"code":-326/)
  })

  test('registration with grant_types [] (mitreid-connect#1011)', async () => {
    const response = await register({ redirect_uris: ['http://127.0.0.1/cb'], grant_types: [], scope: null })
    expect(response.status).toBe(201)
  })
})

describe('refresh tokens (aaif-goose/goose#8550, openwork#3599, toolhive#3076, fastmcp#2460)', () => {
  test('for a client that registered authorization_code alone, and the answer says so', async () => {
    const response = await register({
      redirect_uris: [client.redirectUri],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'none',
    })
    const registered = await response.json()
    expect(registered.grant_types).toEqual(expect.arrayContaining(['authorization_code', 'refresh_token']))
    const { request, code } = await obtainCode(client, undefined, {
      client_id: registered.client_id,
      scope: 'docs:read offline_access',
    })
    const { status, body } = await client.redeem(request, code, { client_id: registered.client_id })
    expect([status, typeof body.refresh_token]).toEqual([200, 'string'])
    const refreshed = await client.refresh(body.refresh_token ?? '', { client_id: registered.client_id })
    expect(refreshed.status).toBe(200)
  })
})

describe('private-use redirect schemes', () => {
  test.each([
    ['warp://mcp/oauth2callback', 'warpdotdev/warp#9088'],
    [`vscode://saoudrizwan.claude-dev/mcp-auth/callback/${'a1b2c3d4'.repeat(4)}`, 'cline/cline#8103'],
    ['com.example.app:/callback', 'highflame-ai/zeroid#344'],
  ])('%s (%s)', async (redirectUri) => {
    const response = await register({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' })
    expect(response.status).toBe(201)
  })
})

describe('the address with a final slash (gemini-cli#18833, stripe/ai#341, nanobot#363)', () => {
  test('has metadata of its own, and the same tokens are good', async () => {
    const challenged = await post('/mcp/', message('initialize', {}), { authorization: undefined })
    const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenged.headers.get('www-authenticate') ?? '') ?? []
    expect(metadata).toBe(`${stack.url}/.well-known/oauth-protected-resource/mcp/`)
    expect((await (await fetch(metadata)).json()).resource).toBe(`${stack.url}/mcp/`)
    expect((await callMcp(`${stack.url}/mcp/`, accessToken)).status).toBe(200)
  })

  test.each([
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
  ])('%s/ answers', async (path) => {
    expect((await fetch(`${stack.url}${path}/`, { redirect: 'manual' })).status).toBe(200)
  })

  test('is a resource for which a code and tokens are issued', async () => {
    const { request, code } = await obtainCode(client, undefined, { resource: `${stack.url}/mcp/` })
    expect((await client.redeem(request, code, { resource: `${stack.url}/mcp/` })).status).toBe(200)
  })
})

describe('preflights and origins', () => {
  test('OPTIONS /oauth/token allows any header (typescript-sdk#1066)', async () => {
    const response = await send(`${stack.url}/oauth/token`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-tenant',
      },
    })
    // Fetch: the wildcard stands for every header but Authorization, which is named beside it.
    expect(response.headers.get('access-control-allow-headers')?.split(/, ?/)).toEqual(
      expect.arrayContaining(['*', 'Authorization']),
    )
  })

  test('a good token passes from any origin (modelcontextprotocol#3370, keryx#498)', async () => {
    const response = await post('/mcp', message('tools/list'), { origin: 'tauri://localhost' })
    expect(response.status).toBe(200)
  })
})

test('a refresh that repeats the first scope gets what was granted (mcp-remote#357, LibreChat#13412, rust-sdk#624)', async () => {
  const tokens = await obtainTokens(client, undefined, { scope: 'docs:read' })
  const { status, body } = await client.refresh(tokens.refreshToken, { scope: 'docs:read docs:feedback' })
  expect([status, body.scope]).toEqual([200, 'docs:read'])
})

describe('a long state (oauth-v2-1#254, supabase/auth#2363, activepieces#15023, n8n#30853)', () => {
  test.each([2048, 4096])('%i characters come back as they were', async (length) => {
    const state = 'aZ09-_~.'.repeat(length / 8)
    const { code } = await obtainCode(client, undefined, { state })
    expect(code).not.toBe('')
  })

  test('4,097 characters are refused with invalid_request', async () => {
    const request = client.authorizationRequest({ state: 's'.repeat(4097) })
    const response = await send(request.url)
    expect(new URL(response.headers.get('location') ?? 'x:').searchParams.get('error')).toBe('invalid_request')
  })
})

test('an MCP message at the bare origin: 405 that names the address', async () => {
  const response = await post('/', message('initialize', {}))
  expect(response.status).toBe(405)
  expect(await response.text()).toContain(`${stack.url}/mcp`)
})

test('a resource with a query is tolerated, and the canonical value is issued (RFC 8707 §2.2)', async () => {
  const { request, code } = await obtainCode(client, undefined, { resource: `${stack.url}/mcp?tenant=a` })
  const { status, body } = await client.redeem(request, code, { resource: `${stack.url}/mcp?tenant=a` })
  expect(status).toBe(200)
  const [, claims = ''] = (body.access_token ?? '').split('.')
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).aud).toBe(`${stack.url}/mcp`)
})

test('a loopback redirect shows its host in the open', async () => {
  const page = await createWatchedBrowser().fetch(client.authorizationRequest().url)
  const [open = ''] = (await page.text()).split('<details')
  expect(open).toContain('127.0.0.1')
})

test('subscriptions/listen is an unknown method', async () => {
  const version = '2026-07-28'
  const client = { name: 'test', version: '1' }
  const params = {
    notifications: { toolsListChanged: true },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': client,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  }
  const headers = { 'mcp-protocol-version': version, 'mcp-method': 'subscriptions/listen' }
  const response = await post('/mcp', message('subscriptions/listen', params), headers)
  expect([response.status, (await response.json()).error?.code]).toEqual([404, -32601])
})
