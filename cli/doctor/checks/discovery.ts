import { isObject } from '../../../lib/base/json.ts'
import type { Json } from '../../api.ts'
import { described, type Examination, isRedirect, jsonIn } from '../examination.ts'
import type { Code } from '../findings.ts'
import type { Answer } from '../network.ts'

const wellKnown = '/.well-known'
export const places = {
  server: `${wellKnown}/oauth-authorization-server`,
  resource: `${wellKnown}/oauth-protected-resource/mcp`,
  resourceAtRoot: `${wellKnown}/oauth-protected-resource`,
  resourceWithSlash: `${wellKnown}/oauth-protected-resource/mcp/`,
} as const

/** Paths that some clients try before or after the right one. */
const absent = [
  `${wellKnown}/oauth-authorization-server/mcp`,
  `${wellKnown}/openid-configuration`,
  '/mcp/.well-known/openid-configuration',
]

/** Seconds. The service says 300. */
const longestKept = 86_400

/** Reads every document that clients read, and compares what they compare. */
export async function checkDiscovery(examination: Examination): Promise<void> {
  const { origin, mcpUrl, found } = examination
  const [resource, atRoot, server] = await Promise.all([
    read(examination, places.resource, 'resource-metadata-unreadable'),
    read(examination, places.resourceAtRoot, 'resource-metadata-unreadable'),
    read(examination, places.server, 'server-metadata-unreadable'),
  ])
  examination.documents = { resource, server }
  for (const document of [resource, atRoot]) if (document) checkResource(examination, document, mcpUrl)
  if (server) checkServer(examination, server)
  await Promise.all([checkSpellings(examination), checkAbsent(examination), checkKeys(examination)])
  examination.fact('issuer and resource are this address, byte for byte')
  const issuers = resource?.authorization_servers
  if (resource && !(Array.isArray(issuers) && issuers[0] === origin)) {
    found(
      'authorization-server-differs',
      `the resource names ${text(Array.isArray(issuers) ? issuers[0] : issuers)}, and this is ${origin}`,
    )
  }
}

/** Reads a document, and reports what is wrong with the answer. */
async function read(examination: Examination, path: string, unreadable: Code): Promise<Json | null> {
  const answer = await examination.get(examination.origin + path)
  if (answer === null || checkRedirect(examination, answer)) return null
  const document = answer.status === 200 ? jsonIn(answer) : null
  if (document === null) {
    examination.found(unreadable, described(answer))
    return null
  }
  if (holdsNull(document)) examination.found('metadata-null', answer.request)
  const [, age] = /\b(?:s-maxage|max-age)=(\d+)/.exec(answer.headers.get('cache-control') ?? '') ?? []
  if (Number(age ?? 0) > longestKept) {
    examination.found('metadata-kept-long', `${answer.request}: Cache-Control: ${answer.headers.get('cache-control')}`)
  }
  return document
}

/** Reports a redirect. Returns whether there is one. */
export function checkRedirect({ origin, found }: Examination, answer: Answer): boolean {
  if (!isRedirect(answer)) return false
  const target = URL.parse(answer.headers.get('location') ?? '', answer.url)
  const code = target?.origin === origin ? 'redirected' : 'redirected-elsewhere'
  found(code, `${answer.request} leads to ${target ? target.origin + target.pathname : 'nowhere'} (${answer.status})`)
  return true
}

function checkResource({ found }: Examination, { resource }: Json, expected: string): void {
  if (resource !== expected) found('resource-differs', `resource is ${text(resource)}, and users type ${expected}`)
}

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'jwks_uri',
]
const needed = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']

function checkServer({ origin, found }: Examination, server: Json): void {
  if (server.issuer !== origin) found('issuer-differs', `issuer is ${text(server.issuer)}, and this is ${origin}`)
  const lacks = (member: string, value: string) => {
    const list = server[member]
    if (!Array.isArray(list) || !list.includes(value)) found('server-metadata-incomplete', `${member} lacks ${value}`)
  }
  lacks('response_types_supported', 'code')
  lacks('code_challenge_methods_supported', 'S256')
  lacks('token_endpoint_auth_methods_supported', 'none')
  lacks('grant_types_supported', 'refresh_token')
  for (const name of needed)
    if (typeof server[name] !== 'string') found('server-metadata-incomplete', `${name} is missing`)
  for (const name of endpoints) {
    const at = URL.parse(String(server[name] ?? ''))
    if (at && at.origin !== origin) found('endpoint-elsewhere', `${name} is at ${at.origin}`)
  }
}

/** Users write the address with a slash at its end, and the host in capitals. */
async function checkSpellings({ origin, mcpUrl, found, get }: Examination): Promise<void> {
  const slash = await get(origin + places.resourceWithSlash)
  const document = slash && slash.status === 200 ? jsonIn(slash) : null
  if (slash && document?.resource !== `${mcpUrl}/`) {
    found('slash-refused', document ? `${slash.request}: resource is ${text(document.resource)}` : described(slash))
  }
  const { protocol, host } = new URL(origin)
  const capitals = await get(`${protocol}//${host.toUpperCase()}${places.server}`)
  if (capitals && capitals.status !== 200)
    found('capitals-refused', `with the host ${host.toUpperCase()}: status ${capitals.status}`)
}

async function checkAbsent(examination: Examination): Promise<void> {
  for (const path of absent) {
    const answer = await examination.get(examination.origin + path)
    if (answer && answer.status !== 404) examination.found('absent-answered', described(answer))
  }
}

async function checkKeys({ origin, documents, found, get, findings }: Examination): Promise<void> {
  const uri = documents.server?.jwks_uri
  if (typeof uri !== 'string' || URL.parse(uri)?.origin !== origin) return
  const answer = await get(uri)
  if (answer === null) return
  // Without its store, the service has no keys: the check of its health has said so.
  if (answer.status === 503 && findings.some(({ code }) => code === 'store-unavailable')) return
  const keys = answer.status === 200 ? jsonIn(answer)?.keys : undefined
  // Before the first sign-in, the service has no key.
  if (!Array.isArray(keys)) found('keys-unreadable', described(answer))
  else if (keys.some((key) => isObject(key) && ['d', 'p', 'q', 'k'].some((name) => name in key))) {
    found('keys-private', answer.request)
  }
}

/** Writes any value of a document for a report. */
const text = (value: unknown) =>
  typeof value === 'string' ? value.slice(0, 200) : value === undefined ? 'missing' : 'of another type'

function holdsNull(value: unknown): boolean {
  if (typeof value !== 'object') return false
  return value === null || Object.values(value).some(holdsNull)
}
