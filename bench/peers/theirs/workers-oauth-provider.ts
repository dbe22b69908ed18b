/** `@cloudflare/workers-oauth-provider` in Node, with its own helpers for consent and for the sign-in at another provider. */
import { type OAuthHelpers, OAuthProvider } from '@cloudflare/workers-oauth-provider'
import { Operations } from '../operations.ts'
import { Records } from '../records.ts'
import { resourceAnswer, serveTarget, webListener } from '../target.ts'
import { approvalPage, type Transaction, upstreamSignIn } from './sign-in-upstream.ts'

await serveTarget(async (origin, upstream) => {
  const operations = new Operations()
  const records = new Records(operations)
  const signIn = upstreamSignIn(upstream, `${origin}/callback`)

  async function authorize(request: Request, oauth: OAuthHelpers): Promise<Response> {
    if (request.method === 'GET') {
      const asked = await oauth.parseAuthRequest(request)
      await oauth.describeConsent(asked)
      const consent = await oauth.beginConsent(asked)
      consent.headers.set('content-type', 'text/html; charset=utf-8')
      return new Response(approvalPage('', { handle: consent.handle }), { headers: consent.headers })
    }
    const handle = String((await request.formData()).get('handle'))
    const approved = await oauth.approveConsent(request, handle, {})
    const transaction = signIn.begin()
    const { state, headers } = await oauth.beginUpstream(approved.request, {
      data: transaction,
      headers: approved.headers,
    })
    headers.set('location', signIn.url(state, transaction))
    return new Response(null, { status: 302, headers })
  }

  async function callback(request: Request, oauth: OAuthHelpers): Promise<Response> {
    const { request: asked, data, headers } = await oauth.finishUpstream<Transaction>(request)
    const reader = await signIn.finish(new URL(request.url).searchParams.get('code') ?? '', data)
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked,
      userId: reader.sub,
      metadata: {},
      scope: asked.scope,
      props: { userId: reader.sub, email: reader.email },
    })
    headers.set('location', redirectTo)
    return new Response(null, { status: 302, headers })
  }

  const provider = new OAuthProvider({
    apiRoute: '/mcp',
    apiHandler: {
      fetch: async () => new Response(resourceAnswer, { headers: { 'content-type': 'application/json' } }),
    },
    defaultHandler: {
      async fetch(request: Request, env: { OAUTH_PROVIDER: OAuthHelpers }) {
        switch (new URL(request.url).pathname) {
          case '/authorize':
            return authorize(request, env.OAUTH_PROVIDER)
          case '/callback':
            return callback(request, env.OAUTH_PROVIDER)
          default:
            return new Response(null, { status: 404 })
        }
      },
    },
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token',
    clientRegistrationEndpoint: '/register',
    scopesSupported: ['docs:read', 'offline_access'],
    resourceMetadata: { resource: `${origin}/mcp`, authorization_servers: [origin] },
  })
  const environment = { OAUTH_KV: namespace(records) }
  const context = {
    waitUntil: (work: Promise<unknown>) => void work,
    passThroughOnException: () => undefined,
    props: {},
  }

  return {
    ready: {
      origin,
      metadata: '/.well-known/oauth-authorization-server',
      register: '/register',
      authorize: '/authorize',
      token: '/token',
      resource: '/mcp',
      resourceIdentifier: `${origin}/mcp`,
      scope: 'docs:read offline_access',
    },
    listener: webListener(origin, (request) => provider.fetch(request, environment, { ...context })),
    operations,
    records: () => records.size,
    seed: (count) => records.seed(count),
  }
})

/** The part of a KV namespace that the library uses. */
function namespace(records: Records) {
  return {
    async get(key: string, options?: { type?: string }) {
      const text = await records.get(key)
      if (text === undefined) return null
      return options?.type === 'json' ? JSON.parse(text) : text
    },
    put: (key: string, value: string) => records.set(key, value),
    delete: (key: string) => records.delete(key),
    async list({ prefix }: { prefix: string }) {
      const names = await records.list(prefix.replace(/:$/, ''))
      return { keys: names.map((name) => ({ name })), list_complete: true }
    },
  }
}
