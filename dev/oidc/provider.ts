import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'
import * as v from 'valibot'
import { assignAll, control, type Handle, listenOnLoopback, misbehave, pathOf, takeFault } from '../stand-in.ts'
import type { Account } from './account.ts'
import { createAdapters } from './adapter.ts'
import { openCollection } from './collection.ts'
import { configurationFor } from './configuration.ts'
import { forge, type ProviderFaults, providerFaults, shiftClock } from './faults.ts'
import { openKeys, type ProviderKeys, rotateKeys } from './keys.ts'
import { signInForm } from './sign-in-form.ts'

export interface OpenIdProviderOptions {
  /** Part of every person's identity, so that the local world has a fixed one; 0 takes any. */
  readonly port: number
  /** Where keys, accounts and sessions outlive a restart; absent: nowhere. */
  readonly directory?: string
  /** The callbacks of the one client. */
  readonly redirectUris: readonly string[]
  /** Default `local-broker`. */
  readonly clientId?: string
  /** Absent: a public client. */
  readonly clientSecret?: string
}

export interface OpenIdProvider {
  readonly issuer: string
  readonly clientId: string
  readonly faults: ProviderFaults
  /** A new signing key; the ones before stay published. */
  rotateKeys(): Promise<void>
  stop(): Promise<void>
}

const faultyEndpoints: { readonly [path: string]: 'token' | 'discovery' | 'jwks' } = {
  '/token': 'token',
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
}

/**
 * A real OpenID Provider for the local world: sign-in with any e-mail address (`account.ts` says what it makes of it),
 * single sign-on, PKCE required. It misbehaves on demand: by `faults`, or `POST /__faults` with the same as JSON, which
 * replaces what was there; `POST /__rotate-keys` does what `rotateKeys` does.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken, or if what is in `directory` cannot be read
 */
export async function startOpenIdProvider(options: OpenIdProviderOptions): Promise<OpenIdProvider> {
  const { directory, clientId = 'local-broker' } = options
  const adapter = createAdapters(directory)
  const accounts = openCollection(isAccount, directory === undefined ? undefined : join(directory, 'accounts'))
  const faults: ProviderFaults = {}
  let keys = await openKeys(directory)
  let handle: Handle = (_request, response) => response.writeHead(503).end()

  const rotate = async () => {
    keys = await rotateKeys(keys, directory)
    handle = createProvider(keys)
  }
  const controls = {
    'POST /__faults': (body: unknown) => assignAll(faults, v.parse(providerFaults, body)),
    'POST /__rotate-keys': rotate,
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
    const endpoint = faultyEndpoints[pathOf(request)]
    const fault = endpoint && takeFault(faults[endpoint], () => delete faults[endpoint])
    if (fault !== undefined && (await misbehave(fault, response))) return
    handle(request, response)
  })
  const issuer = `http://localhost:${port}`
  const client = { ...options, clientId }

  function createProvider(keys: ProviderKeys) {
    const configuration = configurationFor(client, keys, accounts, `local_${port}`)
    const provider = new Provider(issuer, { ...configuration, adapter })
    provider.on('server_error', (_ctx, error) => console.error('OpenID Provider:', error))
    provider.use(signInForm(provider, (account) => accounts.set(account.sub, account)))
    provider.use(async (ctx, next) => {
      await next()
      const [key] = keys.signing
      const { idToken: fault, clockOffset = 0 } = faults
      if (ctx.path !== '/token' || (fault === undefined && clockOffset === 0) || key === undefined) return
      const answer = v.safeParse(v.looseObject({ id_token: v.string() }), ctx.body)
      if (answer.success) {
        const shifted = await shiftClock(clockOffset, answer.output.id_token, key)
        ctx.body = { ...answer.output, id_token: fault ? await forge(fault, shifted, key) : shifted }
      }
    })
    return provider.callback()
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
  return { issuer, clientId, faults, rotateKeys: rotate, stop }
}

function isAccount(value: unknown): value is Account {
  return typeof value === 'object' && value !== null && 'sub' in value && 'email' in value
}
