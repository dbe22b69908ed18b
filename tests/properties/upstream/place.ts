import assert from 'node:assert/strict'
import {
  authorizePath,
  newPkce,
  register,
  sealedRequest,
  TestBrowser,
} from '../../../dev/worlds/authorization-server.ts'
import { createSealing } from '../../../lib/oauth/keys/sealing.ts'
import { createOpenIdProvider } from '../../../lib/oauth/providers/openid-provider.ts'
import { type CodeSealer, codeSealer } from '../../../lib/oauth/token/authorization-code.ts'
import { createMemoryStore } from '../../../lib/store/memory.ts'
import { createServer, type Server } from '../server.ts'
import { type Provider, startProvider } from './provider.ts'

export const clientState = 's'.repeat(1_190)

/** A sign-in that waits for the OpenID Provider. Many cases can use it, because its state is in the browser only. */
export interface Waiting {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly cookie: string
  /** The form of the approved consent page, and the cookie of its browser. Another approval begins another sign-in. */
  readonly form: string
  readonly browserCookie: string
}

export interface Place {
  readonly provider: Provider
  readonly server: Server
  readonly waiting: readonly Waiting[]
  readonly codes: CodeSealer
  /** Makes the server forget the provider's metadata and keys. */
  forget(): void
}

let current: Promise<Place> | undefined

/** Returns the same place each time. */
export function place(): Promise<Place> {
  current ??= createPlace()
  return current
}

/** Stops everything that this file started. */
export async function stopProvider(): Promise<void> {
  const started = await current
  current = undefined
  await started?.provider.stop()
}

export const redirectUris = [
  'http://127.0.0.1:7777/callback',
  'https://app.example/callback?x=1',
  'https://claude.ai/callback',
]

async function createPlace(): Promise<Place> {
  const provider = await startProvider()
  const issuer = 'https://docs.example'
  const secrets = { current: new Uint8Array(32).fill(1), previous: [], retired: [] }
  const newProvider = () =>
    createOpenIdProvider({
      issuer: provider.issuer,
      clientId: 'us',
      redirectUri: `${issuer}/mcp/callback`,
      now: Date.now,
    })
  let connected = newProvider()
  const server = createServer({
    issuer,
    store: createMemoryStore(),
    secrets,
    trustedRedirects: ['claude.ai'],
    provider: {
      id: 'place',
      authorizationUrl: (...rest) => connected.authorizationUrl(...rest),
      identify: (...rest) => connected.identify(...rest),
    },
    fetchDocument: () => Promise.reject(new Error('there are no documents')),
    registrations: 3,
  })
  const clientId = await register(server, { redirect_uris: redirectUris })
  const waiting = await Promise.all(redirectUris.map((uri) => approved(server, clientId, uri)))
  return {
    provider,
    server,
    waiting,
    codes: codeSealer(createSealing(issuer, secrets)),
    forget() {
      connected = newProvider()
    },
  }
}

async function approved(server: Server, clientId: string, redirectUri: string): Promise<Waiting> {
  const browser = new TestBrowser(server)
  const path = authorizePath(clientId, newPkce(), { redirect_uri: redirectUri, state: clientState })
  const page = await (await browser.open(path)).text()
  const form = sealedRequest(page)
  assert.notEqual(form, '')
  const location = (await browser.press(page, 'approve')).headers.get('location') ?? ''
  const { searchParams } = new URL(location)
  const state = searchParams.get('state') ?? ''
  const cookie = `__Host-tx.${state}=${browser.cookies.get(`__Host-tx.${state}`)}`
  const browserCookie = `__Host-browser=${browser.cookies.get('__Host-browser')}`
  return { redirectUri, state, nonce: searchParams.get('nonce') ?? '', cookie, form, browserCookie }
}
