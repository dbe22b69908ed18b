import { connectToMcpServer } from '../answers/connection.ts'
import { HttpError, isTimeout, MalformedAnswer } from '../answers/errors.ts'
import { withDeadline } from '../base/deadline.ts'
import { defined } from '../base/defined.ts'
import { FetchRefused, fetchUntrusted } from '../net/fetch-untrusted.ts'
import { paths } from '../oauth/capabilities.ts'
import { ProviderError } from '../oauth/providers/provider.ts'
import { readDocument } from '../oauth/providers/provider-http.ts'
import { usableKeys } from '../oauth/providers/provider-keys.ts'
import { createMetadataReader } from '../oauth/providers/provider-metadata.ts'
import type { ClientSettings } from '../settings/clients.ts'
import type { Configuration } from '../settings/configuration.ts'
import { isLoopbackHttp } from '../settings/urls.ts'
import { identity } from './identity.ts'
import { openIdProvider } from './openid-provider.ts'

/** A service that this one depends on, as this one sees it. */
interface Part {
  readonly part: 'provider' | 'provider-keys' | 'kapa' | 'hub' | 'form' | 'crm' | 'capture' | 'documents'
  /** Absent: the part works. A word of this file. */
  readonly fault?: string | undefined
  /** One of our own phrases: never a value of a setting, and nothing that the other side has sent. */
  readonly detail?: string | undefined
  readonly milliseconds: number
}

/** Milliseconds for each part. All are asked at once, and the request has eight seconds. */
const patience = 5_000

/** Why a part does not work. */
class Fault extends Error {
  readonly word: string
  constructor(word: string, detail: string) {
    super(detail)
    this.word = word
  }
}

/**
 * Asks every service behind this one whether it is there and takes what we would send, without sending anything that counts: no
 * question, no feedback and no message.
 */
export async function examineParts(configuration: Configuration, signal: AbortSignal) {
  const { mcp, tools, signIn, telling, issuer, providers } = configuration
  const provider = signIn?.provider
  const client = { name: identity.name, version: identity.version }
  const mcpServer = async (
    name: 'kapa' | 'hub',
    url: string,
    headers: Record<string, string>,
    wanted: readonly string[],
    inTime: AbortSignal,
  ) => {
    const server = await connectToMcpServer({ name, url, headers, clientInfo: client, connectTimeout: patience })
    const names = await server.toolNames(inTime)
    const missing = wanted.filter((name) => !names.includes(name))
    if (missing.length > 0) throw new Fault('no-tool', `the server has no tool ${missing.join(', ')}`)
  }
  const { kapa, apiReference, feedback } = tools
  const key = mcp.kapaApiKey ?? ''
  const checkKapa = (server: typeof kapa, inTime: AbortSignal) =>
    server.kind === 'mcp'
      ? mcpServer('kapa', server.url, { authorization: `Bearer ${key}` }, [server.toolName], inTime)
      : checkKapaApi(server, key, inTime)
  const work: Readonly<Record<Part['part'], ((inTime: AbortSignal) => Promise<unknown>) | undefined>> = {
    provider: provider?.kind === 'oidc' ? (inTime) => metadataOf(provider.issuer, inTime) : undefined,
    'provider-keys':
      provider?.kind === 'oidc'
        ? (inTime) => checkKeys((time) => metadataOf(provider.issuer, time), inTime)
        : undefined,
    // Without an address or a key, the settings say what is wrong.
    kapa: kapa.url === '' || key === '' ? undefined : (inTime) => checkKapa(kapa, inTime),
    hub: apiReference && ((inTime) => mcpServer('hub', apiReference.hubUrl, {}, hubTools, inTime)),
    form: feedback && ((inTime) => checkForm(feedback.url, inTime)),
    crm: telling !== 'none' ? receiver(signIn?.receivers.webhook?.url) : undefined,
    capture: telling !== 'none' ? receiver(signIn?.receivers.capture?.url) : undefined,
    documents: signIn ? documentCheck(issuer, signIn) : undefined,
  }
  const ofListed = providers.length > 0 ? await import('./doctor-providers.ts') : undefined
  const listed = providers.flatMap((each) => {
    const name = each.name ?? 'default'
    const metadata = (inTime: AbortSignal) => named(name, async () => ofListed?.metadataOfListed(each, issuer, inTime))
    return [
      { part: 'provider', check: metadata },
      { part: 'provider-keys', check: (inTime: AbortSignal) => checkKeys(metadata, inTime, name) },
    ]
  })
  const asked = [...Object.entries(work).flatMap(([part, check]) => (check ? [{ part, check }] : [])), ...listed]
  const [parts, authorizationUrl, ...furtherUrls] = await Promise.all([
    Promise.all(asked.map(({ part, check }) => examine(part, check, signal))),
    provider?.kind === 'oidc' ? authorizationUrlOf(provider, issuer, signal) : undefined,
    ...providers.map((each) => ofListed?.authorizationUrlOfListed(each, issuer, signal)),
  ])
  return {
    provider: provider?.kind ?? null,
    parts,
    ...defined({
      authorization_url: authorizationUrl,
      further_authorization_urls: providers.length > 0 ? furtherUrls.filter((url) => url !== undefined) : undefined,
    }),
  }
}

/** The tools of a hub that ours call. */
const hubTools = ['list_pages', 'search', 'get_pages']

async function examine(part: string, check: (inTime: AbortSignal) => Promise<unknown>, signal: AbortSignal) {
  const began = performance.now()
  const ended = await withDeadline(patience, check, signal).then(
    () => ({}),
    (error: unknown) => faultOf(error),
  )
  return { part, ...ended, milliseconds: Math.round(performance.now() - began) }
}

/** Says what an error means, in our own words. */
function faultOf(error: unknown): { readonly fault: string; readonly detail: string } {
  if (error instanceof Fault) return { fault: error.word, detail: error.message }
  if (error instanceof ProviderError) {
    return { fault: error.code ?? (error.kind === 'passing' ? 'unreachable' : error.kind), detail: error.message }
  }
  if (error instanceof FetchRefused) return { fault: 'unreachable', detail: error.message }
  if (error instanceof HttpError) {
    const refused = error.status === 401 || error.status === 403
    return { fault: refused ? 'refused' : 'status', detail: `it answers with the status ${error.status}` }
  }
  if (error instanceof MalformedAnswer) return { fault: 'malformed', detail: 'its answer cannot be read' }
  if (isTimeout(error)) return { fault: 'timeout', detail: `it does not answer within ${patience / 1000} seconds` }
  return { fault: 'unreachable', detail: `there is no connection${codeOf(error)}` }
}

/** Node's own error code, such as ECONNREFUSED. */
function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(cause.code))
      return ` (${cause.code})`
  }
  return ''
}

const metadataOf = (issuer: string, signal: AbortSignal) => createMetadataReader(new URL(issuer), Date.now).read(signal)

/** Adds the name of a provider of the list to what is wrong with it. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    throw new ProviderError(error.kind, `${name}: ${error.message}`, { code: error.code, cause: error })
  }
}

async function checkKeys(
  metadata: (signal: AbortSignal) => Promise<{ readonly jwks_uri: string } | null | undefined>,
  signal: AbortSignal,
  name = '',
): Promise<void> {
  const { jwks_uri } = (await metadata(signal).catch(() => null)) ?? { jwks_uri: undefined }
  // The part `provider` says why the metadata cannot be read.
  if (jwks_uri === undefined) return
  const { keys } = await readDocument('keys', jwks_uri, signal)
  if (!Array.isArray(keys) || usableKeys(keys).length === 0) {
    const who = name === '' ? 'the provider' : `the provider ${name}`
    throw new Fault('no-key', `${who} publishes no RSA key of 2048 bits or more for RS256`)
  }
}

/** The URL of a sign-in that is never finished. It holds no secret, and `npm run doctor` asks the provider about it. */
async function authorizationUrlOf(
  provider: { readonly issuer: string; readonly clientId: string },
  issuer: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const login = { state: crypto.randomUUID(), nonce: crypto.randomUUID(), codeVerifier: crypto.randomUUID() }
  const { issuer: at, clientId } = provider
  const redirectUri = issuer + paths.callback
  try {
    return (await openIdProvider({ issuer: at, clientId, redirectUri, now: Date.now }).authorizationUrl(login, undefined, signal)).href // biome-ignore format: one line
  } catch {
    return undefined
  }
}

async function checkKapaApi(
  { url, projectId }: { readonly url: string; readonly projectId: string },
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const endpoint = `${url.replace(/\/+$/, '')}/query/v1/projects/${encodeURIComponent(projectId)}/retrieval/`
  // The body lacks the question, so that a server that takes the key refuses it with 400 and retrieves nothing.
  const { status } = await answerOf(endpoint, signal, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', accept: 'application/json' },
    body: '{}',
  })
  if (status !== 400 && status !== 422 && status >= 300) throw new HttpError(status, '')
}

async function checkForm(url: string, signal: AbortSignal): Promise<void> {
  const { status } = await answerOf(url, signal)
  if (status >= 300 && status < 400) throw new Fault('redirects', `its page redirects with the status ${status}`)
  if (status >= 400) throw new HttpError(status, '')
}

/** A receiver of messages is only asked what it takes: a GET or a POST may already count there. */
const receiver = (url: string | undefined) =>
  url === undefined
    ? undefined
    : async (signal: AbortSignal) => {
        const { status } = await answerOf(url, signal, { method: 'OPTIONS' })
        if (status >= 500 && status !== 501) throw new HttpError(status, '')
      }

/** What vendors publish for their clients. Any answer shows that this service can fetch documents. */
const vendorDocument = 'https://claude.ai/oauth/claude-code-client-metadata'

/** A service on this machine may have no way out, and needs none. The operator may allow other documents only. */
function documentCheck(
  issuer: string,
  {
    cimdLocalOrigins: localOrigins,
    cimdAllowedHosts: allowed,
  }: Pick<ClientSettings, 'cimdLocalOrigins' | 'cimdAllowedHosts'>,
) {
  const [local] = localOrigins
  const vendor = allowed && !allowed.has(new URL(vendorDocument).host) ? undefined : vendorDocument
  const url = isLoopbackHttp(issuer) ? local && `${local}/` : vendor
  if (url === undefined) return undefined
  return (signal: AbortSignal) =>
    fetchUntrusted(url, {
      accept: 'application/json',
      userAgent: identity.name,
      maxBytes: 65_536,
      localOrigins,
      signal,
    })
}

/** Asks, and reads no body. Follows no redirect. */
async function answerOf(url: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: 'manual', signal })
  await response.body?.cancel()
  return response
}
