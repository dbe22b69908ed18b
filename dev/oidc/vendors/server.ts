import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SignJWT } from 'jose'
import { listenOnLoopback, pathOf, readBody, sendJson } from '../../stand-in.ts'
import { createSigningKey, type SigningKey } from '../keys.ts'
import type { Vendor, VendorClaims } from './vendor.ts'
import { type VendorName, vendors } from './vendors.ts'

export interface VendorOptions {
  /** 0 means any. */
  readonly port?: number
  readonly clientId?: string
  /** Absent: a public client. */
  readonly clientSecret?: string
  readonly redirectUris: readonly string[]
}

/** All stand-ins of a process sign with one key, which takes long to make. */
let made: Promise<SigningKey> | undefined
function signingKey(): Promise<SigningKey> {
  made ??= createSigningKey()
  return made
}

/** A stand-in for the OpenID Provider of a vendor. One person is signed in there at once, without a form. */
export interface VendorServer {
  readonly vendor: VendorName
  /** Its address, which is the `issuer` of the settings for Google, Entra ID and GitHub. */
  readonly origin: string
  readonly issuer: string
  readonly clientId: string
  /** Who signs in. Tests change it. */
  person: VendorClaims
  /** The `sid` of the person's session there. */
  session: string
  /** The error of the next authorization responses, with its description. */
  refusal: { readonly error: string; readonly description?: string } | undefined
  /** Where the authorization endpoint sends the browser instead: a malicious provider. */
  sendsTo: ((request: URL) => URL) | undefined
  /** Replaces members of the metadata. */
  metadata: Readonly<Record<string, unknown>>
  /** Replaces members of the published keys. */
  keyMembers: Readonly<Record<string, unknown>>
  /** The bodies that its token endpoint has received. */
  readonly tokenRequests: URLSearchParams[]
  /** The query of each authorization request. */
  readonly authorizationRequests: URLSearchParams[]
  /** Signs a logout token about the person. */
  logoutToken(changes?: VendorClaims): Promise<string>
  stop(): Promise<void>
}

interface Code {
  readonly person: VendorClaims
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | null
  /** The answer has a refresh token. */
  readonly offline: boolean
}

/**
 * Starts a stand-in that behaves like the provider of a vendor: the shape of its metadata, its paths, claims and errors. It checks what
 * a real one checks: client, redirect URI, PKCE, client secret, and that a code is used once.
 */
export async function startVendor(name: VendorName, options: VendorOptions): Promise<VendorServer> {
  const vendor: Vendor = vendors[name]
  const { clientId = `docs-at-${name}`, clientSecret, redirectUris } = options
  const key = await signingKey()
  const codes = new Map<string, Code>()
  const tokens = new Map<string, VendorClaims>()
  /** Refresh tokens. Each use replaces the token. */
  const refreshTokens = new Map<string, VendorClaims>()

  const { port, stop } = await listenOnLoopback(options.port ?? 0, (request, response) => answer(request, response))
  const origin = `http://localhost:${port}`
  const server: VendorServer = {
    vendor: name,
    origin,
    issuer: vendor.issuer(origin, {}),
    clientId,
    person: vendor.person,
    refusal: undefined,
    sendsTo: undefined,
    metadata: {},
    keyMembers: vendor.keyMembers?.(origin) ?? {},
    tokenRequests: [],
    authorizationRequests: [],
    logoutToken({ iss = vendor.issuer(origin, server.person), ...changes } = {}) {
      const { sub } = server.person
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const jti = randomBytes(12).toString('base64url')
      return signed({ iss, aud: clientId, sub, sid: server.session, jti, events, ...changes }, 120, {
        typ: 'logout+jwt',
      })
    },
    session: `session-${randomBytes(6).toString('hex')}`,
    stop,
  }

  function signed(claims: VendorClaims, seconds: number, header: object = {}): Promise<string> {
    const iat = Math.floor(Date.now() / 1000)
    const payload = { iat, exp: iat + seconds, ...claims }
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header }).sign(key)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    const path = pathOf(request)
    if (path === vendor.authorizePath) return authorize(url, response)
    if (path === vendor.tokenPath && request.method === 'POST') return token(request, response)
    if (vendor.api && path.startsWith('/api/v3/')) return api(path.slice('/api/v3'.length), request, response)
    if (!vendor.api && `${origin}${path}` === `${vendor.discovery(origin)}/.well-known/openid-configuration`) {
      return sendJson(response, 200, metadata())
    }
    // A tenant's own metadata, at Entra ID.
    const [, tenant] = /^\/([0-9a-f-]{36})\/v2\.0\/\.well-known\/openid-configuration$/.exec(path) ?? []
    if (tenant) return sendJson(response, 200, { ...metadata(), issuer: vendor.issuer(origin, { tid: tenant }) })
    if (path === vendor.keysPath) {
      const { kty, n, e, kid, use } = key
      return sendJson(response, 200, { keys: [{ kty, n, e, kid, use, ...server.keyMembers }] })
    }
    response.writeHead(404).end()
  }

  function metadata(): object {
    const usual = {
      issuer: server.issuer,
      authorization_endpoint: origin + vendor.authorizePath,
      token_endpoint: origin + vendor.tokenPath,
      jwks_uri: origin + vendor.keysPath,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      ...(vendor.sendsIss && { authorization_response_iss_parameter_supported: true }),
    }
    return { ...usual, ...vendor.metadata?.(origin), ...server.metadata }
  }

  function page(response: ServerResponse, text: string): void {
    response.writeHead(400, { 'content-type': 'text/html' }).end(`<h1>${text}</h1>`)
  }

  function isRegistered(redirectUri: string): boolean {
    if (redirectUris.includes(redirectUri)) return true
    return vendor.takesLowerPaths === true && redirectUris.some((each) => redirectUri.startsWith(`${each}/`))
  }

  function problemOf(client: string | null, redirectUri: string, asked: URLSearchParams): string | undefined {
    const prompts = asked.get('prompt')?.split(' ') ?? []
    if (client !== clientId) return 'invalid_client'
    if (!isRegistered(redirectUri)) return 'redirect_uri_mismatch'
    if (vendor.refusesOfflineScope && asked.get('scope')?.includes('offline_access')) return 'invalid_scope'
    return prompts.every((prompt) => vendor.prompts.includes(prompt)) ? undefined : 'invalid_request: prompt'
  }

  function authorize(url: URL, response: ServerResponse): void {
    const asked = url.searchParams
    server.authorizationRequests.push(asked)
    if (server.sendsTo) return void response.writeHead(302, { location: server.sendsTo(url).href }).end()
    const redirectUri = asked.get('redirect_uri') ?? ''
    const prompt = asked.get('prompt')
    const problem = problemOf(asked.get('client_id'), redirectUri, asked)
    if (problem !== undefined) {
      page(response, problem)
      return
    }
    const back = new URL(redirectUri)
    const send = (members: Record<string, string>) => {
      for (const [member, value] of Object.entries(members)) back.searchParams.set(member, value)
      back.searchParams.set('state', asked.get('state') ?? '')
      if (vendor.sendsIss) back.searchParams.set('iss', server.issuer)
      response.writeHead(302, { location: back.href }).end()
    }
    // No person is signed in there without a form, so a request that allows none ends here (OpenID Connect Core §3.1.2.6).
    const refusal = server.refusal ?? (prompt === 'none' ? { error: 'login_required' } : undefined)
    if (refusal) {
      const { error, description } = refusal
      send({ error, ...(description !== undefined && { error_description: description }) })
      return
    }
    const code = randomBytes(16).toString('base64url')
    codes.set(code, {
      person: server.person,
      redirectUri,
      challenge: asked.get('code_challenge') ?? '',
      nonce: asked.get('nonce'),
      offline: vendor.isOffline?.(asked) ?? asked.get('scope')?.split(' ').includes('offline_access') === true,
    })
    send({ code })
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await readBody(request))
    server.tokenRequests.push(form)
    const { authorization } = request.headers
    const shown =
      authorization === undefined
        ? form.get('client_secret')
        : Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')[1]
    if ((shown ?? undefined) !== clientSecret || (vendor.api && form.get('client_id') !== clientId)) {
      const body = { error: vendor.api ? 'incorrect_client_credentials' : 'invalid_client' }
      return sendJson(response, vendor.api ? 200 : 401, body)
    }
    if (form.get('grant_type') === 'refresh_token') return refresh(form.get('refresh_token') ?? '', response)
    const code = form.get('code') ?? ''
    const known = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (vendor.api && !isRegistered(form.get('redirect_uri') ?? '')) {
      return sendJson(response, 200, { error: 'redirect_uri_mismatch' })
    }
    // GitHub compares the redirect URI with the registered one only.
    const isSamePlace = vendor.api || known?.redirectUri === form.get('redirect_uri')
    if (!known || known.challenge !== challenge || !isSamePlace) {
      return sendJson(response, vendor.badCode.status, vendor.badCode.body)
    }
    const accessToken = randomBytes(16).toString('hex')
    tokens.set(accessToken, known.person)
    if (vendor.api)
      return sendJson(response, 200, { access_token: accessToken, token_type: 'bearer', scope: 'user:email' })
    sendJson(response, 200, await answerOf(known.person, accessToken, known))
  }

  async function answerOf(
    person: VendorClaims,
    accessToken: string,
    { nonce, offline }: Pick<Code, 'nonce' | 'offline'>,
  ) {
    const claims = {
      iss: vendor.issuer(origin, person),
      aud: clientId,
      sid: server.session,
      ...(nonce !== null && { nonce }),
      ...person,
    }
    const refreshToken = randomBytes(16).toString('hex')
    if (offline) refreshTokens.set(refreshToken, person)
    return {
      ...{ access_token: accessToken, token_type: 'Bearer', expires_in: 3600, id_token: await signed(claims, 3600) },
      ...(offline && { refresh_token: refreshToken }),
    }
  }

  /** A later ID token says what has changed about the person, if it is still the same one. */
  async function refresh(token: string, response: ServerResponse): Promise<void> {
    const known = refreshTokens.get(token)
    refreshTokens.delete(token)
    if (!known) return sendJson(response, 400, { error: 'invalid_grant' })
    const accessToken = randomBytes(16).toString('hex')
    sendJson(response, 200, await answerOf({ ...known, ...server.person }, accessToken, { nonce: null, offline: true }))
  }

  function api(path: string, request: IncomingMessage, response: ServerResponse): void {
    const person = tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')
    const isAllowed = person !== undefined && request.headers['user-agent'] !== undefined
    const { emails, ...user } = person ?? {}
    const found = { '/user': user, '/user/emails': emails }[path]
    if (!isAllowed) sendJson(response, 401, { message: 'Bad credentials' })
    else if (found === undefined) response.writeHead(404).end()
    else sendJson(response, 200, found)
  }

  return server
}
