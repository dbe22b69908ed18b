import { randomInt } from 'node:crypto'
import * as v from 'valibot'
import { keepSecret } from '../../../dev/worlds/secrets.ts'
import { check } from './check.ts'
import type { Discovered, ServerMetadata } from './discovery.ts'
import { checkStatus, exchange, jsonOf } from './http.ts'
import type { Assertion, ClientProfile, DocumentWay, JsonObject, Need, RegistrationWay, Way } from './profile.ts'
import { scopeOf } from './scope.ts'
import type { ProfileStack } from './world.ts'

/** A client that the authorization server can know. */
export interface KnownClient {
  readonly id: string
  readonly authentication: ClientAuthentication
  /** The redirect URIs for the next request. A registration keeps its registered port. */
  redirectUri(index: number): string
}

export type ClientAuthentication =
  | { readonly method: 'none' }
  | { readonly method: 'client_secret_post' | 'client_secret_basic'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly assertion: Assertion }

const strings = v.array(v.string())
const registered = v.object({
  client_id: v.string(),
  client_id_issued_at: v.number(),
  client_secret: v.optional(v.string()),
  client_secret_expires_at: v.optional(v.number()),
  redirect_uris: strings,
  grant_types: strings,
  response_types: strings,
  token_endpoint_auth_method: v.string(),
})

export async function makeKnown(
  profile: ClientProfile,
  way: Way,
  found: Discovered,
  stack: ProfileStack,
): Promise<KnownClient> {
  if (way.by === 'document') return byDocument(way, found.server, stack)
  let client: KnownClient | undefined
  for (let count = 0; count < way.times; count++) client = await register(profile, way, found)
  check(client !== undefined, 'the profile never registers')
  return client
}

const isMet: Record<Need, (server: ServerMetadata) => boolean> = {
  documents: (server) => server.client_id_metadata_document_supported,
  none: (server) => server.token_endpoint_auth_methods_supported.includes('none'),
  iss: (server) => server.authorization_response_iss_parameter_supported,
}

function byDocument(way: DocumentWay, server: ServerMetadata, stack: ProfileStack): KnownClient {
  for (const need of way.needs) check(isMet[need](server), `the metadata does not offer what it needs: ${need}`)
  const { authentication } = way
  const method = authentication === 'none' ? 'none' : 'private_key_jwt'
  check(server.token_endpoint_auth_methods_supported.includes(method), `the metadata does not offer ${method}`)
  return {
    id: stack.documents.publish(way.document),
    authentication:
      authentication === 'none' ? { method: 'none' } : { method: 'private_key_jwt', assertion: authentication },
    redirectUri: (index) => withPort(uriAt(way, index), freePort()),
  }
}

async function register(profile: ClientProfile, way: RegistrationWay, found: Discovered): Promise<KnownClient> {
  const { registration_endpoint: endpoint, grant_types_supported: supported } = found.server
  check(endpoint !== undefined, 'the metadata names no registration endpoint')
  const port = freePort()
  const { grant_types: named, redirect_uris: uris } = way.body
  const scope = scopeOf(profile, found)
  const body: JsonObject = {
    ...way.body,
    redirect_uris: textsOf(uris).map((uri) => withPort(uri, port)),
    ...(way.filledIn.includes('scope') && scope !== null ? { scope } : {}),
    ...(way.filledIn.includes('grant_types')
      ? { grant_types: textsOf(named).filter((type) => supported.includes(type)) }
      : {}),
  }
  const answer = await exchange(
    profile,
    'POST',
    endpoint,
    { 'content-type': 'application/json', ...way.headers },
    JSON.stringify(body),
  )
  checkStatus(answer, 201)
  check(answer.headers.get('cache-control') === 'no-store', 'the registration may be cached')
  const client = v.parse(registered, jsonOf(answer))
  keepSecret(client.client_secret)
  check(JSON.stringify(client.redirect_uris) === JSON.stringify(body.redirect_uris), 'the redirect_uris are not echoed')
  check(client.grant_types.includes('refresh_token'), 'the registration allows no refresh token')
  check(!client.client_id.startsWith('https://'), 'the client_id looks like the URL of a document')
  return {
    id: client.client_id,
    authentication: authenticationOf(client),
    redirectUri: (index) => withPort(uriAt(way, index), port),
  }
}

/** The registered authentication, which may differ from the request (RFC 7591 §3.2.1). */
function authenticationOf(client: v.InferOutput<typeof registered>): ClientAuthentication {
  const { token_endpoint_auth_method: method, client_secret: secret } = client
  if (method === 'client_secret_post' || method === 'client_secret_basic') {
    check(secret !== undefined, 'there is no client_secret')
    check(client.client_secret_expires_at === 0, 'client_secret_expires_at is not 0')
    return { method, secret }
  }
  check(method === 'none', `the registered method is ${method}`)
  check(secret === undefined, 'a public client was given a secret')
  return { method: 'none' }
}

const textsOf = (value: unknown) => (Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [])

const uriAt = ({ redirectUris }: Way, index: number) => redirectUris[index % redirectUris.length] ?? redirectUris[0]
const withPort = (uri: string, port: number) => uri.replace('{port}', String(port))
/** An ephemeral port. No process listens there, because no browser goes there. */
const freePort = () => randomInt(49_152, 65_536)
