import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personSignsIn } from '../../dev/browser/person.ts'
import { assertionParameters, createClientKey, type SigningClientKey } from '../../dev/worlds/client-key.ts'
import { createWatchedBrowser, keepSecret, keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { defined } from '../../lib/base/defined.ts'
import { hourWithRoom } from '../support/hour.ts'
import { callMcp, codeOf, newAddress, obtainTokens, registerClient } from '../support/oauth-client.ts'
import { type Publisher, startPublisher } from '../support/publisher.ts'
import { json, send } from '../support/send.ts'
import { type Stack, startStack, testOnBlobs } from '../support/stack.ts'
import { operationsBesideSignIns } from '../support/store-path.ts'

type Form = Readonly<Record<string, string>>

const portal = 'https://portal.example/oauth/callback'
const loopback = 'http://127.0.0.1:7777/callback'
const portalSecret = 'the secret that the portal has had for years'
const portalClient = {
  client_id: 'docs-portal',
  client_name: 'Docs portal',
  redirect_uris: [portal],
  scope: 'docs:read',
  client_secret_sha256: createHash('sha256').update(portalSecret).digest('hex'),
}

let stack: Stack
let publisher: Publisher
let key: SigningClientKey

beforeAll(async () => {
  key = await createClientKey({ alg: 'RS256' })
  publisher = await startPublisher(loopback)
  publisher.publishKeys([key.publicKey])
  stack = await startStack({
    settings: { ...publisher.settings, MCP_OAUTH_CLIENTS: JSON.stringify([portalClient]) },
  })
  keepSecret(portalSecret)
})
afterAll(async () => {
  await stack?.stop()
  await publisher?.stop()
})

async function token(form: Form, authorization?: string) {
  const headers: HeadersInit = defined({ authorization })
  const response = await fetch(`${stack.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  })
  await keepSecretsOf(response)
  const body = await response.json()
  return { status: response.status, headers: response.headers, body, verdict: `${response.status} ${body.error ?? ''}` }
}

/** The form that redeems the code of a fresh sign-in, without client authentication. */
async function redeeming(client_id: string, redirect_uri: string, changes: Form = {}): Promise<Form> {
  const registered = await registerClient(stack.url)
  const { url, codeVerifier } = registered.authorizationRequest({ client_id, redirect_uri, ...changes })
  const answer = await personSignsIn({ authorizationUrl: url, email: newAddress(), browser: createWatchedBrowser() })
  return { grant_type: 'authorization_code', redirect_uri, code: codeOf(answer), code_verifier: codeVerifier }
}

const refreshing = (body: Form): Form => ({ grant_type: 'refresh_token', refresh_token: body.refresh_token ?? '' })
const basic = (id: string, secret: string) => {
  const encoded = Buffer.from(`${id}:${secret}`).toString('base64')
  keepSecret(encoded)
  return `Basic ${encoded}`
}
const proof = async (clientId: string, claims = {}) =>
  assertionParameters(await key.assertion(clientId, stack.url, claims))

test('the metadata names the methods, none first, and the algorithms [D-08 T-09]', async () => {
  const metadata = await (await fetch(`${stack.url}/.well-known/oauth-authorization-server`)).json()
  expect(metadata).toMatchObject({
    token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256'],
  })
})

describe('MCP_OAUTH_CLIENTS: a configured web application', () => {
  test('signs in with its id and secret, and gets a refresh token [R-01 F-002-01 F-002-16]', async () => {
    for (const authorization of [basic('docs-portal', portalSecret), undefined]) {
      const posted = authorization ? {} : { client_id: 'docs-portal', client_secret: portalSecret }
      const redeemed = await token({ ...(await redeeming('docs-portal', portal)), ...posted }, authorization)
      expect(redeemed.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'docs:read' })
      const refreshed = await token({ ...refreshing(redeemed.body), ...posted }, authorization)
      expect(refreshed.status).toBe(200)
      expect((await callMcp(stack.mcpUrl, refreshed.body.access_token)).status).toBe(200)
    }
  })

  test('is refused without its secret or with another one; a refused try changes nothing [F-002-16 T-07]', async () => {
    const form = await redeeming('docs-portal', portal)
    expect((await token({ ...form, client_id: 'docs-portal' })).verdict).toBe('401 invalid_client')
    const wrong = await token(form, basic('docs-portal', `${portalSecret}!`))
    expect([wrong.verdict, wrong.headers.get('www-authenticate')]).toEqual([
      '401 invalid_client',
      'Basic realm="oauth"',
    ])
    expect((await token(form, basic('docs-portal', portalSecret))).status).toBe(200)
  })

  test('gets only the scopes that the operator gave it, whatever it asks for', async () => {
    const form = await redeeming('docs-portal', portal, { scope: 'docs:read docs:feedback' })
    expect((await token(form, basic('docs-portal', portalSecret))).body.scope).toBe('docs:read')
  })

  test('works beside clients that register by themselves without authentication [F-002-01]', async () => {
    const { accessToken } = await obtainTokens(await registerClient(stack.url))
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
  })

  test('gets 429 after twenty wrong secrets, and the next secret is not checked [T-07 O-11]', async () => {
    const { client_id } = await (
      await send(
        `${stack.url}/oauth/register`,
        json(JSON.stringify({ redirect_uris: [loopback], token_endpoint_auth_method: 'client_secret_post' })),
      )
    ).json()
    const guess = (client_secret: string) =>
      token({ grant_type: 'refresh_token', refresh_token: 'x', client_id, client_secret })
    await hourWithRoom()
    for (let i = 0; i < 20; i++) expect((await guess(`guess ${i}`)).verdict).toBe('401 invalid_client')
    const limited = await guess('guess 20')
    expect([limited.verdict, Number(limited.headers.get('retry-after')) > 0]).toEqual([
      '429 temporarily_unavailable',
      true,
    ])
  })
})

test('a client that registers for a secret gets one, and may send it in the header or the body [R-04 T-08]', async () => {
  const registered = await send(
    `${stack.url}/oauth/register`,
    json(
      JSON.stringify({
        client_name: 'Web connector',
        redirect_uris: [loopback],
        token_endpoint_auth_method: 'client_secret_post',
      }),
    ),
  )
  await keepSecretsOf(registered)
  const { client_id, client_secret, ...rest } = await registered.json()
  expect(rest).toMatchObject({ client_secret_expires_at: 0, token_endpoint_auth_method: 'client_secret_post' })
  const form = await redeeming(client_id, loopback)
  expect((await token({ ...form, client_id })).verdict).toBe('401 invalid_client')
  const { body } = await token({ ...form, client_id, client_secret })
  expect((await token(refreshing(body), basic(client_id, client_secret))).status).toBe(200)
})

describe('a client with a document that allows private_key_jwt alone', () => {
  test('signs in with assertions; its document and keys are fetched once each [M-17 T-09 M-13]', async () => {
    const clientId = publisher.newClientId()
    const before = publisher.fetched()
    const form = await redeeming(clientId, loopback)
    expect((await token({ ...form, client_id: clientId })).verdict).toBe('401 invalid_client')
    const { body } = await token({ ...form, ...(await proof(clientId)) })
    publisher.behaves('down')
    const again = await token({ ...refreshing(body), ...(await proof(clientId)) })
    publisher.behaves('well')
    expect(again.status).toBe(200)
    expect(publisher.fetched() - before).toBe(2)
    expect((await callMcp(stack.mcpUrl, again.body.access_token)).status).toBe(200)
  })

  testOnBlobs('costs one store operation more than a public one; a refused assertion costs none', async () => {
    const clientId = publisher.newClientId()
    const { body } = await token({ ...(await redeeming(clientId, loopback)), ...(await proof(clientId)) })
    const operationsOf = async (form: Form) => {
      const before = stack.emulator.operations().at(-1)?.sequence ?? 0
      await token(form)
      const kinds = operationsBesideSignIns(stack, before).map(({ method, key }) => `${method} ${key.split('/')[0]}`)
      return kinds.filter((kind) => !kind.endsWith(' client-documents'))
    }
    const stranger = await createClientKey({ alg: 'RS256' })
    const forged = assertionParameters(await stranger.assertion(clientId, stack.url))
    expect(await operationsOf({ ...refreshing(body), ...forged })).toEqual([])
    expect(await operationsOf({ ...refreshing(body), ...(await proof(clientId)) })).toEqual([
      'PUT assertions',
      'PUT grants',
    ])
  })

  test('uses an assertion for one request only, however many arrive at once [T-09]', async () => {
    const clientId = publisher.newClientId()
    const sessions = await Promise.all(
      Array.from({ length: 4 }, async () =>
        token({ ...(await redeeming(clientId, loopback)), ...(await proof(clientId)) }),
      ),
    )
    const assertion = await proof(clientId)
    const answers = await Promise.all(sessions.map(({ body }) => token({ ...refreshing(body), ...assertion })))
    expect(answers.map(({ verdict }) => verdict).toSorted()).toEqual(['200 ', ...Array(3).fill('401 invalid_client')])
  })

  testOnBlobs('gets 503 while the store is down, and the same request is good afterwards [T-05]', async () => {
    const clientId = publisher.newClientId()
    const form = { ...(await redeeming(clientId, loopback)), ...(await proof(clientId)) }
    stack.emulator.addFault({ action: 'status', status: 500, key: '^assertions/' })
    const answer = await token(form)
    stack.emulator.clearFaults()
    expect([answer.verdict, answer.headers.has('retry-after')]).toEqual(['503 temporarily_unavailable', true])
    expect((await token(form)).status).toBe(200)
  })
})

test('keys at a private address are never fetched: the client is refused [M-05 T-09]', async () => {
  const registered = await send(
    `${stack.url}/oauth/register`,
    json(
      JSON.stringify({
        redirect_uris: [loopback],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://169.254.169.254/jwks.json',
      }),
    ),
  )
  const { client_id } = await registered.json()
  const form = await redeeming(client_id, loopback)
  expect((await token({ ...form, ...(await proof(client_id)) })).verdict).toBe('401 invalid_client')
})

test('expired assertions are swept, the others stay', async () => {
  const store = stack.store()
  const clientId = publisher.newClientId()
  await token({ ...(await redeeming(clientId, loopback)), ...(await proof(clientId)) })
  const soon = AbortSignal.timeout(60_000)
  const { keys } = await store.list('assertions/', soon)
  await store.put('assertions/1700000000/over', { request: 'x', at: 1_700_000_000 }, soon)
  await fetch(`${stack.url}/.netlify/functions/maintenance`, { method: 'POST' })
  expect((await store.list('assertions/', soon)).keys).toEqual(keys)
  expect(keys).not.toEqual([])
})
