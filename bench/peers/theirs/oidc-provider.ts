/** `oidc-provider` with an adapter of its documented form, a sign-in at another provider, and its own policy about consent. */
import { createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { Provider } from 'oidc-provider'
import { Operations } from '../operations.ts'
import { Records } from '../records.ts'
import { resourceAnswer, serveTarget } from '../target.ts'
import { approvalPage, type Transaction, upstreamSignIn } from './sign-in-upstream.ts'

await serveTarget(async (origin, upstream) => {
  const operations = new Operations()
  const records = new Records(operations)
  const signIn = upstreamSignIn(upstream, `${origin}/callback`)
  const resource = `${origin}/mcp`
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'bench', alg: 'RS256', use: 'sig' }
  const resourceKeys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256' }] })

  const provider = new Provider(origin, {
    adapter: adapterOn(records),
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clientDefaults: { token_endpoint_auth_method: 'none' },
    pkce: { required: () => true },
    scopes: ['docs:read'],
    // As an OAuth server and not as an OpenID Provider: no ID token is signed, and no scope is needed for a refresh token.
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'docs:read',
          audience: resource,
          accessTokenTTL: 3600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      RefreshToken: 30 * 86_400,
      Grant: 180 * 86_400,
      Interaction: 600,
      Session: 28_800,
    },
  })
  provider.on('server_error', (_, error) => console.error(error))
  const answer = provider.callback()
  const cookies = sealedCookies()

  /** The page of a prompt: `login` leads to the other provider, `consent` asks. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { uid, prompt } = await provider.interactionDetails(request, response)
    if (prompt.name === 'consent') return page(response, approvalPage(`/interaction/${uid}/confirm`, {}))
    const transaction = signIn.begin()
    response.setHeader(
      'set-cookie',
      `upstream=${cookies.seal({ uid, ...transaction })}; Path=/; HttpOnly; SameSite=Lax`,
    )
    redirect(response, signIn.url(uid, transaction))
  }

  async function callback(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? '/', origin)
    const sealed = /(?:^|; )upstream=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const transaction = cookies.open(sealed)
    if (transaction.uid !== searchParams.get('state')) throw new Error('another browser')
    const { sub } = await signIn.finish(searchParams.get('code') ?? '', transaction)
    // The library knows the interaction by its cookie, which is for the page of the interaction.
    response.setHeader('set-cookie', 'upstream=; Path=/; Max-Age=0')
    await provider.interactionFinished(request, response, { login: { accountId: sub } })
  }

  async function confirm(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request, response)
    const grant =
      (grantId && (await provider.Grant.find(grantId))) ||
      new provider.Grant({ accountId: session?.accountId, clientId: String(params.client_id) })
    const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details as {
      missingOIDCScope?: string[]
      missingOIDCClaims?: string[]
      missingResourceScopes?: Record<string, string[]>
    }
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)
    for (const [indicator, scopes] of Object.entries(missingResourceScopes ?? {})) {
      grant.addResourceScope(indicator, scopes.join(' '))
    }
    const consent = { grantId: await grant.save() }
    await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
  }

  async function askResource(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const token = (request.headers.authorization ?? '').replace(/^Bearer /, '')
    await jwtVerify(token, resourceKeys, { issuer: origin, audience: resource, typ: 'at+jwt' })
    response.writeHead(200, { 'content-type': 'application/json' }).end(resourceAnswer)
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? '/'
    if (path === '/mcp') return askResource(request, response)
    if (path === '/callback') return callback(request, response)
    if (path.endsWith('/confirm')) return confirm(request, response)
    if (path.startsWith('/interaction/')) return interact(request, response)
    await answer(request, response)
  }

  return {
    ready: {
      origin,
      metadata: '/.well-known/openid-configuration',
      register: '/reg',
      authorize: '/auth',
      token: '/token',
      resource: '/mcp',
      resourceIdentifier: resource,
      scope: 'docs:read',
    },
    listener: (request, response) =>
      void route(request, response).catch((error) => {
        console.error(error)
        response.writeHead(500).end()
      }),
    operations,
    records: () => records.size,
    seed: (count) => records.seed(count),
  }
})

function page(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end()
}

/** What an application needs to find again after the redirect, signed and in the browser, so that it stores nothing. */
function sealedCookies() {
  const key = randomBytes(32)
  const mac = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  return {
    seal(value: object): string {
      const text = Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${text}.${mac(text)}`
    },
    open(sealed: string): Transaction & { uid: string } {
      const [text = '', given] = sealed.split('.')
      if (given !== mac(text)) throw new Error('not our cookie')
      return JSON.parse(Buffer.from(text, 'base64url').toString())
    },
  }
}

interface Payload {
  readonly [member: string]: unknown
  readonly uid?: string
  readonly grantId?: string
  readonly consumed?: number
}

/**
 * The adapter that the documentation of oidc-provider describes, on records in memory. Indexes of sessions and grants are a part
 * of the operation that changes them, as in a database.
 */
function adapterOn(records: Records) {
  const ids = new Map<string, string>()
  const members = new Map<string, Set<string>>()
  return class {
    readonly model: string

    constructor(model: string) {
      this.model = model
    }

    async find(id: string): Promise<Payload | undefined> {
      const text = await records.get(`${this.model}:${id}`)
      return text === undefined ? undefined : JSON.parse(text)
    }

    findByUid(uid: string): Promise<Payload | undefined> {
      return this.find(ids.get(uid) ?? '')
    }

    async findByUserCode(): Promise<undefined> {}

    async upsert(id: string, payload: Payload): Promise<void> {
      const name = `${this.model}:${id}`
      if (this.model === 'Session' && payload.uid !== undefined) ids.set(payload.uid, id)
      if (payload.grantId !== undefined && this.model !== 'Session') {
        members.set(payload.grantId, (members.get(payload.grantId) ?? new Set()).add(name))
      }
      await records.set(name, JSON.stringify(payload))
    }

    async consume(id: string): Promise<void> {
      const consumed = Math.floor(Date.now() / 1000)
      await records.change(`${this.model}:${id}`, (text) => JSON.stringify({ ...JSON.parse(text), consumed }))
    }

    destroy(id: string): Promise<void> {
      return records.delete(`${this.model}:${id}`)
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      await records.together('delete', (own) => {
        for (const name of members.get(grantId) ?? []) own.delete(name)
        members.delete(grantId)
      })
    }
  }
}
