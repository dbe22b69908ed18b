import * as v from 'valibot'
import { check, checkSame } from './check.ts'
import { checkStatus, type Exchange, exchange, jsonOf } from './http.ts'
import { openingMessage } from './messages.ts'
import type { ClientProfile, Search } from './profile.ts'
import type { ProfileStack } from './world.ts'

const strings = v.array(v.string())

const resourceMetadata = v.object({
  resource: v.string(),
  authorization_servers: strings,
  scopes_supported: v.optional(strings),
})

const serverMetadata = v.object({
  issuer: v.string(),
  authorization_endpoint: v.string(),
  token_endpoint: v.string(),
  registration_endpoint: v.optional(v.string()),
  revocation_endpoint: v.optional(v.string()),
  response_types_supported: strings,
  grant_types_supported: strings,
  code_challenge_methods_supported: strings,
  token_endpoint_auth_methods_supported: strings,
  scopes_supported: v.optional(strings, []),
  client_id_metadata_document_supported: v.optional(v.boolean(), false),
  authorization_response_iss_parameter_supported: v.optional(v.boolean(), false),
})

export type ServerMetadata = v.InferOutput<typeof serverMetadata>

/** The metadata, which a client reads before it has a client_id. */
export interface Discovered {
  readonly challengeScope: string | undefined
  readonly resource: v.InferOutput<typeof resourceMetadata>
  readonly server: ServerMetadata
}

/** Goes from the first refusal to the authorization server's metadata, with the checks of strict clients. */
export async function discover(profile: ClientProfile, stack: ProfileStack): Promise<Discovered> {
  let challenge = new Map<string, string>()
  for (const { method, message, headers } of profile.opening) {
    const body = message === null ? undefined : openingMessage(message, profile.mcp)
    const answer = await exchange(profile, method, stack.mcpUrl, headers, body)
    challenge = challengeOf(answer, headers.authorization === undefined ? undefined : 'invalid_token')
  }
  let resource = profile.discovery.some((search) => search.for === 'protected resource') ? undefined : noMetadata(stack)
  let server: ServerMetadata | undefined
  for (const search of profile.discovery) {
    if (search.for === 'protected resource') {
      resource = v.parse(
        resourceMetadata,
        await find(profile, search, stack.mcpUrl, challenge.get('resource_metadata')),
      )
      // RFC 9728 §3.3: with another value, the document describes another resource.
      checkSame('resource', resource.resource, stack.mcpUrl)
      check(resource.authorization_servers.length === 1, 'the metadata does not list exactly one authorization server')
    } else {
      // Clients of 2025-03-26 read it before they know the issuer.
      const issuer = resource?.authorization_servers[0] ?? new URL(stack.mcpUrl).origin
      server = v.parse(serverMetadata, await find(profile, search, issuer, undefined))
      checkServer(server, issuer)
    }
  }
  check(resource !== undefined && server !== undefined, 'the profile does not search for all metadata')
  return { challengeScope: challenge.get('scope'), resource, server }
}

/** A client of 2025-03-26 knows only the address, and expects the authorization server at the same host. */
const noMetadata = ({ mcpUrl }: ProfileStack): Discovered['resource'] => ({
  resource: mcpUrl,
  authorization_servers: [new URL(mcpUrl).origin],
})

/** The parameters of a 401's Bearer challenge. Some clients start only when it has no `error` (S-02). */
function challengeOf(answer: Exchange, error: string | undefined): Map<string, string> {
  checkStatus(answer, 401)
  const header = answer.headers.get('www-authenticate') ?? ''
  check(header.startsWith('Bearer '), `${answer.request} 401 has no Bearer challenge`)
  const parameters = new Map(
    [...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  checkSame(`the error of ${answer.request} 401`, parameters.get('error') ?? 'none', error ?? 'none')
  return parameters
}

async function find(
  profile: ClientProfile,
  { at, headers, after }: Search,
  base: string,
  named: string | undefined,
): Promise<unknown> {
  for (const place of at) {
    const url = place === 'challenge' ? named : new URL(place, base).href
    check(url !== undefined, 'the challenge names no resource_metadata')
    const answer = await exchange(profile, 'GET', url, headers)
    if (answer.status === 200 && /^application\/json\b/.test(answer.headers.get('content-type') ?? ''))
      return jsonOf(answer)
    const reaction = answer.status === 200 ? after.otherContent : answer.status >= 500 ? after.fault : after.notFound
    check(reaction === 'goes on', `${answer.request} was answered ${answer.status}, and the client gives up`)
  }
  throw new Error(`none of ${at.join(', ')} exists`)
}

function checkServer(server: ServerMetadata, issuer: string): void {
  // RFC 8414 §3.3, as a string: clients compare it without any normalization.
  checkSame('issuer', server.issuer, issuer)
  check(server.code_challenge_methods_supported.includes('S256'), 'S256 is not offered')
  check(server.response_types_supported.includes('code'), 'the code flow is not offered')
  for (const [name, url] of Object.entries(server)) {
    if (!name.endsWith('_endpoint')) continue
    check(typeof url === 'string' && URL.parse(url)?.origin === issuer, `${name} is not on the issuer's origin`)
  }
}
