import { randomBytes } from 'node:crypto'
import {
  createHarness,
  newPkce,
  reader,
  register,
  signIn,
  TestBrowser,
  token,
} from '../../../dev/worlds/authorization-server.ts'
import { createSealing, type Sealing } from '../../../lib/oauth/keys/sealing.ts'
import type { Secrets } from '../../../lib/oauth/keys/secrets.ts'
import { type RefreshToken, refreshSealer } from '../../../lib/oauth/token/refresh-token.ts'
import { createMemoryStore } from '../../../lib/store/memory.ts'
import type { Store, StoreValue } from '../../../lib/store/store.ts'
import { createServer, type Server, type ServerOptions } from '../server.ts'
import { createDocumentHost, type DocumentHost } from './document-host.ts'
import { createFaultyStore, type FaultyStore } from './faulty-store.ts'
import type { Script } from './script.ts'

/** Two instances with one store that can fail, and the browsers of two users. */
export interface World {
  readonly issuer: string
  /** The true contents of the store. */
  readonly truth: Store
  readonly faults: FaultyStore
  readonly documentHost: DocumentHost
  readonly instances: readonly Instance[]
  /** The ids of the keys that signed access tokens. */
  readonly signedWith: Set<string>
  /** Has every secret, and so opens the sealed values of all instances. */
  readonly sealing: Sealing
  /** The opened content of a refresh token of any instance. */
  inside(refreshToken: string): RefreshToken
  /** The browsers, each with the subject of its user at the OpenID Provider. */
  readonly browsers: readonly { readonly upstreamSub: string; readonly open: Open }[]
  now(): number
  wait(seconds: number): void
}

/** Sends a request of a browser to an instance. */
export type Open = (at: Instance, visit: (browser: TestBrowser) => Promise<Response>) => Promise<Response>

export interface Instance {
  readonly server: Server
  /** Whether the instance has the secret that sealed this value. */
  opens(sealed: string): boolean
  has(kid: string): boolean
}

const issuer = 'https://docs.example'
const grace = 60
export const lifetimes = {
  grace,
  code: 60,
  consent: 600,
  transaction: 600,
  confirmation: 300,
  transactionPage: 86_400,
  outcome: 600,
  refreshToken: 30 * 86_400,
}

const [older, newer] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))]
const only = (secret: Uint8Array): Secrets => ({ current: secret, previous: [], retired: [] })
const rings: Record<Script['secrets'], readonly Secrets[]> = {
  same: [only(older), only(older)],
  both: [
    { ...only(older), previous: [newer] },
    { ...only(newer), previous: [older] },
  ],
  mixed: [only(older), { ...only(newer), previous: [older] }],
}

/** How many clients one address may register in an hour. */
export const registrationLimit = 3

/** Makes the true store of each world. `tests/postgres/` plays the same scripts on PostgreSQL. */
export const worldStores: { create: () => Store } = { create: createMemoryStore }

/** @param interstitial `false`: skip the consent page wherever that is allowed */
export async function createWorld(
  { secrets, signingKey }: Pick<Script, 'secrets' | 'signingKey'>,
  { interstitial = true } = {},
): Promise<World> {
  const truth = worldStores.create()
  const faults = createFaultyStore(truth)
  const documentHost = createDocumentHost()
  if (signingKey === 'made') {
    const { key, value } = await madeOnce()
    await truth.put(key, value, new AbortController().signal)
  }
  const instances = rings[secrets].map((ring) =>
    createInstance(ring, {
      issuer,
      store: faults.store,
      trustedRedirects: ['claude.ai'],
      interstitial,
      fetchDocument: documentHost.fetch,
      registrations: registrationLimit,
    }),
  )
  const [first] = instances
  if (!first) throw new Error('no instance')
  const now = () => first.server.clock
  const sealing = createSealing(issuer, { ...only(older), previous: [newer] })
  const refreshTokens = refreshSealer(sealing)
  return {
    issuer,
    truth,
    faults,
    documentHost,
    instances,
    signedWith: new Set(),
    sealing,
    inside(refreshToken) {
      const opened = refreshTokens.open(refreshToken)
      if (!opened) throw new Error('no instance sealed this refresh token')
      return opened
    },
    browsers: [0, 1].map(createBrowser),
    now,
    wait(seconds) {
      for (const { server } of instances) server.clock += seconds * 1000
    },
  }
}

function createInstance(ring: Secrets, options: Omit<ServerOptions, 'secrets'>): Instance {
  const server = createServer({ ...options, secrets: ring })
  const kids = [ring.current, ...ring.previous].map((secret) => createSealing(issuer, only(secret)).currentKid)
  return {
    server,
    has: (kid) => kids.includes(kid),
    opens: (sealed) => kids.includes(String(header(sealed).kid)),
  }
}

/** A browser whose cookies go to both instances. */
function createBrowser(number: number): World['browsers'][number] {
  const upstreamSub = `person-${number}`
  const cookies = new Map<string, string>()
  return {
    upstreamSub,
    async open(at, visit) {
      const browser = new TestBrowser(at.server)
      for (const [name, value] of cookies) browser.cookies.set(name, value)
      const response = await visit(browser)
      cookies.clear()
      for (const [name, value] of browser.cookies) cookies.set(name, value)
      return response
    },
  }
}

export function header(sealed: string): Readonly<Record<string, unknown>> {
  return decoded(sealed.split('.')[0])
}

export function payload(signed: string): Readonly<Record<string, unknown>> {
  return decoded(signed.split('.')[1])
}

function decoded(part = ''): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString() || '{}')
}

let signingKeyRecord: Promise<{ readonly key: string; readonly value: StoreValue }> | undefined

/** One signing key for all worlds, because creating a key takes longer than a whole script. */
function madeOnce(): Promise<{ readonly key: string; readonly value: StoreValue }> {
  signingKeyRecord ??= makeSigningKey()
  return signingKeyRecord
}

async function makeSigningKey(): Promise<{ readonly key: string; readonly value: StoreValue }> {
  const server = createHarness({ issuer, secrets: only(older) })
  server.identity = reader
  const clientId = await register(server)
  const pkce = newPkce()
  const code = (await signIn(new TestBrowser(server), clientId, pkce)).searchParams.get('code') ?? ''
  await token(server, { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: pkce.verifier })
  const { signal } = new AbortController()
  const [key = ''] = (await server.store.list('signing-keys/', signal)).keys
  const stored = await server.store.get(key, signal)
  if (!stored) throw new Error('no signing key was created')
  return { key, value: stored.value }
}
