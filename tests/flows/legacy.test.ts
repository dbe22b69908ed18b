import { afterAll, beforeAll, expect, test } from 'vitest'
import { openConsentPage } from '../../dev/browser/person.ts'
import { createWatchedBrowser, keepSecretsOf } from '../../dev/worlds/secrets.ts'
import { deploy } from '../support/deploy.ts'
import { callMcp, codeOf, locationOf, type OAuthClient, registerClient } from '../support/oauth-client.ts'
import { form, json, send } from '../support/send.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack()
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

const redirectUri = 'http://127.0.0.1:7777/callback'
const metadataOf = async (url: string) => (await send(`${url}/.well-known/oauth-authorization-server`)).json()

test('a client of 2025-03-26 that reads no metadata signs in at /register, /authorize and /token [D-24]', async () => {
  const { url } = await deploy(stack, {})
  const registered = await send(`${url}/register`, json(JSON.stringify({ redirect_uris: [redirectUri] })))
  expect(registered.status).toBe(201)
  const { client_id } = await registered.json()

  const later = await registerClient(url)
  const request = later.authorizationRequest({ client_id })
  request.url.pathname = '/authorize'
  const browser = createWatchedBrowser()
  const page = await openConsentPage(browser, request.url)
  const provider = locationOf(await page.press('approve'))
  const answer = locationOf(await browser.fetch(locationOf(await browser.fetch(provider))))
  expect(answer.searchParams.get('iss')).toBe(url)

  const redemption = { grant_type: 'authorization_code', client_id, redirect_uri: redirectUri }
  const credentials = { code: codeOf(answer), code_verifier: request.codeVerifier }
  const body = new URLSearchParams({ ...redemption, ...credentials }).toString()
  const redeemed = await send(`${url}/token`, form(body))
  await keepSecretsOf(redeemed)
  const { access_token, refresh_token } = await redeemed.json()
  expect((await callMcp(`${url}/mcp`, access_token)).status).toBe(200)
  // Its tokens work at the addresses of the metadata too.
  expect((await later.refresh(refresh_token, { client_id })).status).toBe(200)
})

test('the metadata names the endpoints under /oauth/, and none of them redirects [D-24 D-25]', async () => {
  const { authorization_endpoint, token_endpoint, registration_endpoint } = await metadataOf(stack.url)
  expect([authorization_endpoint, token_endpoint, registration_endpoint]).toEqual(
    ['authorize', 'token', 'register'].map((name) => `${stack.url}/oauth/${name}`),
  )
  const { url } = client.authorizationRequest()
  for (const path of ['/oauth/authorize', '/authorize']) {
    const page = await send(Object.assign(new URL(url), { pathname: path }))
    expect([page.status, page.headers.get('location')]).toEqual([200, null])
    expect(await page.text()).toContain('action="/oauth/approve"')
  }
  for (const path of ['/oauth/token', '/token']) {
    expect((await send(stack.url + path, form('grant_type=refresh_token&client_id=nobody'))).status).toBe(401)
  }
  const { url: closed } = await deploy(stack, { MCP_OAUTH_DCR: 'off' })
  for (const path of ['/oauth/register', '/register']) {
    expect((await send(closed + path, json('{}'))).status).toBe(404)
  }
})

test('the broker is not an OpenID Provider: openid-configuration is 404 as JSON at every place where clients look [D-06]', async () => {
  for (const path of ['', '/mcp'].flatMap((at) => [
    `/.well-known/openid-configuration${at}`,
    `${at}/.well-known/openid-configuration`,
  ])) {
    for (const method of ['GET', 'HEAD']) {
      const response = await send(stack.url + path, { method, headers: { accept: 'text/html' } })
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json'])
    }
  }
})

test('MCP_OAUTH_ADVERTISE_ISS=off: the metadata does not promise iss, and the response still carries it [A-15 A-16 D-10]', async () => {
  const { url } = await deploy(stack, { MCP_OAUTH_ADVERTISE_ISS: 'off' })
  const promise = 'authorization_response_iss_parameter_supported'
  expect(await metadataOf(stack.url)).toHaveProperty(promise, true)
  expect(await metadataOf(url)).not.toHaveProperty(promise)
  const own = await registerClient(url)
  const refused = await send(own.authorizationRequest({ response_type: 'token' }).url)
  expect(locationOf(refused).searchParams.get('iss')).toBe(url)
  const page = await openConsentPage(createWatchedBrowser(), own.authorizationRequest().url)
  expect(locationOf(await page.press('cancel')).searchParams.get('iss')).toBe(url)
})
