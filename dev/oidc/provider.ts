import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Provider } from 'oidc-provider'
import * as v from 'valibot'
import {
  assignAll,
  control,
  type Handle,
  listenOnLoopback,
  misbehave,
  pathOf,
  sendJson,
  takeFault,
} from '../stand-in.ts'
import { type Account, accountFor } from './account.ts'
import { createAdapters } from './adapter.ts'
import { openCollection } from './collection.ts'
import { configurationFor } from './configuration.ts'
import {
  changeClaims,
  forge,
  oddKeySet,
  type ProviderFaults,
  providerFaults,
  shiftClock,
  type TokenFault,
} from './faults.ts'
import { openKeys, type ProviderKeys, rotateKeys } from './keys.ts'
import { signInForm } from './sign-in-form.ts'

export interface OpenIdProviderOptions {
  /** The port is part of every user's identity, so the local world has a fixed one. 0 means any. */
  readonly port: number
  /** Keeps keys, accounts and sessions over a restart; absent: they are lost. */
  readonly directory?: string
  /** The callbacks of the only client. */
  readonly redirectUris: readonly string[]
  /** Default: `local-broker`. */
  readonly clientId?: string
  /** Absent: a public client. */
  readonly clientSecret?: string
  /** Where the client hears that a person has signed out here. */
  readonly backchannelLogoutUri?: string
}

export interface OpenIdProvider {
  readonly issuer: string
  readonly clientId: string
  readonly faults: ProviderFaults
  /** Adds a new signing key. The earlier ones stay published. */
  rotateKeys(): Promise<void>
  /** Removes the person with this address. No token of the person works any more, until the person signs in again. */
  removePerson(email: string): void
  stop(): Promise<void>
}

const faultyEndpoints: { readonly [path: string]: 'token' | 'discovery' | 'jwks' } = {
  '/token': 'token',
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
}

/**
 * Starts a real OpenID Provider for the local world. Users sign in with any email address (`account.ts` makes the
 * account), sessions give single sign-on, and PKCE is required. `faults` make it misbehave. `POST /__faults` replaces
 * them by the JSON in its body, `POST /__rotate-keys` does what `rotateKeys` does, and `POST /__remove-person` what `removePerson` does.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken, or if `directory` cannot be read
 */
export async function startOpenIdProvider(options: OpenIdProviderOptions): Promise<OpenIdProvider> {
  const { directory, clientId = 'local-broker' } = options
  const adapter = createAdapters(directory)
  const accounts = openCollection(isAccount, directory === undefined ? undefined : join(directory, 'accounts'))
  const faults: ProviderFaults = {}
  /** Applies a fault to a request that has been answered. */
  const afterwards = new WeakMap<IncomingMessage, TokenFault>()
  let keys = await openKeys(directory)
  let handle: Handle = (_request, response) => response.writeHead(503).end()

  const rotate = async () => {
    keys = await rotateKeys(keys, directory)
    handle = createProvider(keys)
  }
  const removePerson = (email: string) => {
    const account = accountFor(email, '')
    if (account) accounts.delete(account.sub)
  }
  const controls = {
    'POST /__faults': (body: unknown) => assignAll(faults, v.parse(providerFaults, body)),
    'POST /__rotate-keys': rotate,
    'POST /__remove-person': (body: unknown) =>
      removePerson(v.parse(v.strictObject({ email: v.string() }), body).email),
  }
  const { port, stop } = await listenOnLoopback(options.port, async (request, response) => {
    if (await control(controls, request, response)) return
    if (faults.authorization !== undefined && pathOf(request) === '/auth') {
      return refuseAuthorization(faults.authorization, request, response)
    }
    if (request.method === 'GET' && pathOf(request) === '/') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      return response.end(
        'The OpenID Provider of the local world: clients send people here. /.well-known/openid-configuration\n',
      )
    }
    if (faults.moved && !moveBack(request)) return void response.writeHead(404).end()
    const endpoint = faultyEndpoints[pathOf(request)]
    const fault = endpoint && takeFault<TokenFault>(faults[endpoint], () => delete faults[endpoint])
    if (fault !== undefined && (await fail(fault, response))) return
    if (fault !== undefined) afterwards.set(request, fault)
    handle(request, response)
  })
  const issuer = `http://localhost:${port}`
  const client = { ...options, clientId, logoutTo: () => faults.logoutTo }

  function createProvider(keys: ProviderKeys) {
    const configuration = configurationFor(client, keys, accounts, `local_${port}`)
    const provider = new Provider(issuer, { ...configuration, adapter })
    provider.on('server_error', (_ctx, error) => console.error('OpenID Provider:', error))
    provider.use(signInForm(provider, (account) => accounts.set(account.sub, account)))
    provider.use(async (ctx, next) => {
      await next()
      if (ctx.path === '/.well-known/openid-configuration') ctx.body = metadataOf(ctx.body)
      if (ctx.path === '/jwks') ctx.body = keySetOf(ctx.body)
      if (ctx.path !== '/token') return
      ctx.body = await tokenResponseOf(ctx.body, keys)
      const fault = afterwards.get(ctx.req)
      if (fault?.kind === 'late') await setTimeout(fault.milliseconds, undefined, { ref: false })
      if (fault?.kind === 'broken') ctx.body = JSON.stringify(ctx.body).slice(0, 40)
      if (fault?.kind === 'lost') {
        ctx.respond = false
        ctx.res.destroy()
      }
    })
    return provider.callback()
  }

  function metadataOf(body: unknown): unknown {
    const metadata = v.safeParse(document, body)
    if (!metadata.success) return body
    const at = faults.moved ? `${issuer}${movedTo}` : undefined
    return {
      ...metadata.output,
      ...(at !== undefined && { token_endpoint: `${at}/token`, jwks_uri: `${at}/jwks` }),
      ...faults.metadata,
    }
  }

  function keySetOf(body: unknown): unknown {
    const jwks = v.safeParse(v.object({ keys: v.array(document) }), body)
    return jwks.success && faults.keySet !== undefined ? oddKeySet(jwks.output.keys, faults.keySet) : body
  }

  async function tokenResponseOf(body: unknown, { signing: [key] }: ProviderKeys): Promise<unknown> {
    const answer = v.safeParse(v.looseObject({ id_token: v.string() }), body)
    if (!answer.success || key === undefined) return body
    const { idToken: fault, clockOffset = 0, claims, withoutKid = false } = faults
    let { id_token } = answer.output
    if (clockOffset !== 0) id_token = await shiftClock(clockOffset, id_token, key)
    if (claims !== undefined || withoutKid) id_token = await changeClaims(claims ?? {}, withoutKid, id_token, key)
    if (fault !== undefined) id_token = await forge(fault, id_token, key)
    return { ...answer.output, id_token, ...faults.tokenResponse }
  }

  function refuseAuthorization(error: string, request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '/', issuer)
    const redirectUri = searchParams.get('redirect_uri') ?? ''
    if (!options.redirectUris.includes(redirectUri)) return void response.writeHead(400).end()
    const location = new URL(redirectUri)
    location.search = new URLSearchParams({ error, state: searchParams.get('state') ?? '', iss: issuer }).toString()
    response.writeHead(303, { location: location.href }).end()
  }

  handle = createProvider(keys)
  return { issuer, clientId, faults, rotateKeys: rotate, removePerson, stop }
}

function isAccount(value: unknown): value is Account {
  return typeof value === 'object' && value !== null && 'sub' in value && 'email' in value
}

const document = v.record(v.string(), v.unknown())

const movedTo = '/moved'

/** @returns whether the request is for something that has not moved, or for where it is now; then as if it had not */
function moveBack(request: IncomingMessage): boolean {
  const path = pathOf(request)
  if (path === '/token' || path === '/jwks') return false
  if (path.startsWith(`${movedTo}/`)) request.url = request.url?.slice(movedTo.length) ?? '/'
  return true
}

/** @returns whether that was the answer */
async function fail(fault: TokenFault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'page':
      response.writeHead(fault.status, { 'content-type': 'text/html; charset=utf-8' })
      response.end('<!doctype html><title>Sorry</title><h1>We will be back soon</h1>')
      return true
    case 'drop':
      response.destroy()
      return true
    case 'error':
      sendJson(response, fault.status, { error: fault.error, error_description: fault.description })
      return true
    case 'late':
    case 'broken':
    case 'lost':
      return false
    default:
      return misbehave(fault, response)
  }
}
