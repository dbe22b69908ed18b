import { defined } from '../base/defined.ts'
import { jsonResponse, toJson } from '../base/well-formed.ts'
import { proofAlgorithms } from '../dpop/algorithms.ts'

/** What a refusal tells the client, so that it can get a token for this resource. */
export interface ProtectedResource {
  /** Absolute URL of the RFC 9728 document. */
  readonly resourceMetadataUrl: string
  /** Where a user reads how to connect. */
  readonly documentationUrl?: string
  /** The scopes that the request needs (S-05); never `offline_access`. */
  readonly scopes: readonly string[]
  /** The challenge is about a token that is bound to a key (RFC 9449 §7.1). */
  readonly dpop?: boolean
  /** The refused tool call: a client that reads results finds the challenge in its result (S-19). */
  readonly toolCall?: { readonly id: string | number | null } | undefined
}

/** 401 without an `error` member: some clients start the flow only when it is absent (S-02, RFC 6750 §3). */
export function authenticationRequired(resource: ProtectedResource): Response {
  const message = 'Sign in to use this server. An MCP client does this by itself when it follows the challenge.'
  return refusal(401, resource, { error: 'authentication_required', message }, { scope: resource.scopes.join(' ') })
}

/** 401 for a token that we do not accept (S-03, RFC 6750 §3.1). */
export function invalidToken(resource: ProtectedResource, description: string): Response {
  return errorRefusal(401, resource, 'invalid_token', description, resource.scopes.join(' '))
}

/** 401 for a proof that is missing or wrong (RFC 9449 §7.1). */
export function invalidProof(resource: ProtectedResource, description: string): Response {
  return errorRefusal(401, resource, 'invalid_dpop_proof', description, resource.scopes.join(' '))
}

/** 400 for an `Authorization` header that cannot be read (S-04, RFC 6750 §3.1). */
export function invalidRequest(resource: ProtectedResource): Response {
  return errorRefusal(400, resource, 'invalid_request', 'The Authorization header must hold one token')
}

/** 403 naming every scope that the operation needs in one challenge (S-05, RFC 6750 §3.1). */
export function insufficientScope(resource: ProtectedResource): Response {
  const scope = resource.scopes.join(' ')
  return errorRefusal(403, resource, 'insufficient_scope', `This needs an access token with the scope ${scope}`, scope)
}

/** Builds a refusal whose challenge names the error too. */
function errorRefusal(status: number, resource: ProtectedResource, error: string, message: string, scope?: string) {
  return refusal(status, resource, { error, message }, defined({ error, error_description: message, scope }))
}

/**
 * Builds a refusal with its challenge: `resource_metadata` comes first and `realm` last, every value is quoted, members are
 * separated by commas (S-02, F-001-06, RFC 9728 §5.1). The body of a refused tool call is a result that says the same in the form that ChatGPT
 * reads (S-19); the status stays.
 */
function refusal(
  status: number,
  resource: ProtectedResource,
  body: { readonly error: string; readonly message: string },
  parameters: Readonly<Record<string, string>>,
): Response {
  const algs = resource.dpop ? { algs: proofAlgorithms.join(' ') } : {}
  const members = { resource_metadata: resource.resourceMetadataUrl, ...parameters, ...algs, realm: 'mcp' }
  // A resource may need no scope. RFC 6749 §3.3 has no empty list of scopes.
  const quoted = Object.entries(members).flatMap(([name, value]) => (value === '' ? [] : [`${name}="${value}"`]))
  const challenge = `${resource.dpop ? 'DPoP' : 'Bearer'} ${quoted.join(', ')}`
  const said = { ...body, resource_metadata: resource.resourceMetadataUrl, docs_url: resource.documentationUrl }
  const answer = answerTo(resource.toolCall, said, { 'mcp/www_authenticate': [challenge] })
  return jsonResponse(answer, { status, headers: { 'WWW-Authenticate': challenge } })
}

/** The body of a refusal: as it is, or as the result of the refused tool call, which a client can show to the model. */
export function answerTo(toolCall: ProtectedResource['toolCall'], said: object, meta?: object) {
  if (!toolCall) return said
  const content = [{ type: 'text', text: toJson(said) }]
  return { jsonrpc: '2.0', id: toolCall.id, result: defined({ isError: true, content, _meta: meta }) }
}
