import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import { nodeHandler } from '../../../lib/package/node-handler.ts'
import { newSecret } from '../../../lib/settings/secrets.ts'
import { startBlobsEmulator } from '../../blobs/emulator.ts'
import { personSignsIn } from '../../browser/person.ts'
import { kapaToolName, startKapa } from '../../kapa/server.ts'
import { startOpenIdProvider } from '../../oidc/provider.ts'
import { freePorts, localUrl, portsFrom } from '../../start/ports.ts'
import type { LocalSite } from './types.d.ts'

/** A function of the site, as Netlify loads it. */
interface SiteFunction {
  readonly default: (request: Request, context: object) => Promise<Response>
  readonly config?: { readonly path?: readonly string[] }
}

const kapaApiKey = 'local-kapa-key'
const redirectUri = 'http://127.0.0.1:7777/callback'

/** Settings of `.env.example` that the local world replaces. */
const replaced = /^(?:UPSTREAM_|KAPA_|MCP_PROVIDER|MCP_OAUTH_ISSUER|MCP_OAUTH_SECRET|MCP_FEEDBACK)/

export async function startSite(
  root: string | URL,
  { port: given }: { readonly port?: number } = {},
): Promise<LocalSite> {
  const folder = root instanceof URL ? fileURLToPath(root) : root
  const port = given ?? (await freePorts())
  const ports = portsFrom(port)
  const url = localUrl(port)
  const mcpUrl = `${url}/mcp`
  const [emulator, provider, kapa] = await Promise.all([
    startBlobsEmulator({ ports: { edge: ports.edge, uncached: ports.uncached } }),
    startOpenIdProvider({ port: ports.provider, redirectUris: [`${url}/mcp/callback`] }),
    startKapa({ port: ports.kapa, apiKey: kapaApiKey, documents: [join(folder, 'README.md')] }),
  ])
  const settings = exampleOf(folder)
  // Without a database on this machine, the data is in memory.
  const { DATABASE_URL: databaseUrl } = process.env
  if (!databaseUrl) delete settings.STORE_BACKEND
  Object.assign(process.env, settings, {
    MCP_OAUTH_ISSUER: url,
    MCP_OAUTH_SECRET: newSecret(),
    MCP_OAUTH_LIMIT_EXEMPT: '127.0.0.0/8,::1/128',
    UPSTREAM_ISSUER: provider.issuer,
    UPSTREAM_CLIENT_ID: provider.clientId,
    KAPA_MCP_SERVER_URL: kapa.url,
    KAPA_API_KEY: kapaApiKey,
    KAPA_TOOL_NAME: kapaToolName,
    MCP_FEEDBACK_FORM_PATH: 'off',
    MCP_LOG_LEVEL: 'error',
    NETLIFY_BLOBS_CONTEXT: emulator.context(),
  })
  const own = join(folder, 'netlify/functions')
  const functions = await Promise.all((existsSync(own) ? filesIn(own) : functionsOfPackage()).map(load))
  const working = new Set<Promise<unknown>>()
  const waitUntil = (work: Promise<unknown>) => {
    working.add(work)
    void work.catch(() => {}).finally(() => working.delete(work))
  }

  const server = createServer(
    nodeHandler({ origin: url }, async (request, { address }) => {
      const { pathname } = new URL(request.url)
      const found = functions.find(({ config }) => config?.path?.some((path) => isAt(path, pathname)))
      return found?.default(request, {
        requestId: randomUUID(),
        ip: address,
        deploy: { context: 'dev', id: 'local', published: true },
        site: { id: 'local', name: 'local', url },
        waitUntil,
      })
    }),
  )
  server.listen(port, 'localhost')
  await once(server, 'listening')

  return {
    url,
    mcpUrl,
    signIn: (email = `reader-${randomUUID().slice(0, 8)}@example.com`) => signIn(url, email),
    request: (accessToken, method, params = {}) => ask(mcpUrl, accessToken, method, params),
    async stop() {
      server.close()
      server.closeAllConnections()
      await Promise.allSettled(working)
      await Promise.all([emulator.stop(), provider.stop(), kapa.stop()])
    },
  }
}

/** The settings of the site that are no secrets. */
function exampleOf(folder: string): Record<string, string> {
  const path = join(folder, '.env.example')
  const settings = existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value && !replaced.test(name) ? [[name, value]] : [])),
  )
}

const filesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))

/** The functions of the package, for a site in a container, which has none of its own. */
const functionsOfPackage = () => {
  const folder = join(import.meta.dirname, '../netlify')
  return readdirSync(folder).map((name) => join(folder, name, `${name}.mjs`))
}

const load = async (path: string): Promise<SiteFunction> => import(pathToFileURL(path).href)

/** Whether a path of a function's configuration covers this path. */
function isAt(pattern: string, path: string): boolean {
  const expression = pattern.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+').replace(/\*/g, '.*')
  return new RegExp(`^${expression}$`).test(path)
}

async function signIn(url: string, email: string) {
  const registered = await fetch(`${url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Test of the site', redirect_uris: [redirectUri] }),
  })
  const { client_id: clientId } = await registered.json()
  const verifier = randomBytes(32).toString('base64url')
  const authorizationUrl = new URL(`${url}/oauth/authorize`)
  authorizationUrl.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: randomUUID(),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${url}/mcp`,
  }).toString()
  const answer = await personSignsIn({ authorizationUrl, email })
  const form = {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code: answer.searchParams.get('code') ?? '',
    code_verifier: verifier,
  }
  const response = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
  const tokens = await response.json()
  if (response.status !== 200) throw new Error(`no tokens: ${response.status} ${tokens.error}`)
  return { accessToken: String(tokens.access_token), refreshToken: String(tokens.refresh_token) }
}

async function ask(mcpUrl: string, accessToken: string, method: string, params: object) {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${accessToken}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? text : (/^data: (\{.*\})$/m.exec(text)?.[1] ?? '{}')
  const { result, error } = JSON.parse(json)
  if (response.status !== 200 || error) throw new Error(`${method} was answered ${response.status} ${error?.message}`)
  return result
}
