import assert from 'node:assert/strict'
import {
  authorizePath,
  type Harness,
  newPkce,
  type Pkce,
  reader,
  redirectUri,
  register,
  sealedRequest,
  TestBrowser,
  token,
} from '../../dev/worlds/authorization-server.ts'
import { contentsOf } from './invariants.ts'
import { createWorld } from './machine/world.ts'

/** A server, and one unused good value of every kind that it issues or stores. */
export interface Kit {
  readonly server: Harness
  readonly clientId: string
  readonly pkce: Pkce
  readonly redirectUri: string
  readonly values: Readonly<Record<ValueKind, string>>
  /** The `state` at the provider, for a sign-in that waits for the provider and for one that waits for confirmation. */
  readonly waiting: { readonly login: string; readonly confirmation: string }
  /** The contents of the store. */
  contents(): Promise<string>
}

export const valueKinds = [
  'client id',
  'consent form',
  'browser cookie',
  'transaction cookie',
  'confirmation cookie',
  'upstream state',
  'code',
  'code verifier',
  'refresh token',
  'access token',
  'sealed signing key',
  'URL of a metadata document',
] as const
export type ValueKind = (typeof valueKinds)[number]

let current: Promise<Kit> | undefined

/** The same kit again, until a value of it has been used. */
export async function kit(): Promise<Kit> {
  current ??= createKit()
  const made = await current
  made.server.log.length = 0
  return made
}

export function discardKit(): void {
  current = undefined
}

async function createKit(): Promise<Kit> {
  const { instances, truth } = await createWorld({ secrets: 'same', signingKey: 'made' })
  const server = instances[0]?.server
  assert(server)
  const clientId = await register(server, { redirect_uris: [redirectUri, unknownHost] })
  const pkce = newPkce()
  const used = await signedIn(server, clientId, pkce)
  const form = { client_id: clientId, code_verifier: pkce.verifier, grant_type: 'authorization_code' }
  const { body } = await token(server, { ...form, code: used.code })
  const fresh = await signedIn(server, clientId, pkce)
  const waiting = await approved(server, clientId, pkce, redirectUri)
  const confirming = await approved(server, clientId, pkce, unknownHost)
  await confirming.browser.open(`/mcp/callback?${new URLSearchParams({ state: confirming.state, code: 'x' })}`)
  // Both sign-ins are open in the same browser.
  const cookie = (browser: TestBrowser, name: string) => browser.cookies.get(name) ?? ''
  const { signal } = new AbortController()
  const [keys = ''] = (await truth.list('signing-keys/', signal)).keys
  const values: Kit['values'] = {
    'client id': clientId,
    'consent form': sealedRequest(waiting.page),
    'browser cookie': cookie(waiting.browser, '__Host-browser'),
    'transaction cookie': cookie(waiting.browser, `__Host-tx.${waiting.state}`),
    'confirmation cookie': cookie(confirming.browser, `__Host-tx.${confirming.state}`),
    'upstream state': waiting.state,
    code: fresh.code,
    'code verifier': pkce.verifier,
    'refresh token': body.refresh_token ?? '',
    'access token': body.access_token ?? '',
    'sealed signing key': /"sealedPrivateJwk":"([^"]+)"/.exec(JSON.stringify(await truth.get(keys, signal)))?.[1] ?? '',
    'URL of a metadata document': 'https://publisher.example/client.json',
  }
  for (const [kind, value] of Object.entries(values)) assert.notEqual(value, '', kind)
  return {
    server,
    clientId,
    pkce,
    redirectUri,
    values,
    waiting: { login: waiting.state, confirmation: confirming.state },
    contents: () => contentsOf(truth),
  }
}

const unknownHost = 'https://app.example/callback'

async function approved(server: Harness, clientId: string, pkce: Pkce, redirect_uri: string) {
  const browser = new TestBrowser(server)
  server.identity = reader
  const page = await (await browser.open(authorizePath(clientId, pkce, { redirect_uri }))).text()
  const location = (await browser.press(page, 'approve')).headers.get('location') ?? ''
  return { browser, page, state: new URL(location).searchParams.get('state') ?? '' }
}

async function signedIn(server: Harness, clientId: string, pkce: Pkce): Promise<{ readonly code: string }> {
  const { browser, state } = await approved(server, clientId, pkce, redirectUri)
  const back = await browser.open(`/mcp/callback?${new URLSearchParams({ state, code: 'x' })}`)
  return { code: new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '' }
}
