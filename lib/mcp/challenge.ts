/** What a client must know to get a token for this resource. */
export interface ProtectedResource {
  /** Absolute URL of the RFC 9728 document. */
  readonly resourceMetadataUrl: string
  /** Where a person reads how to connect. */
  readonly documentationUrl: string
  /** The scope that a client needs to use the endpoint at all (S-05); never `offline_access`. */
  readonly scope: string
}

/** 401 without an `error` member: some clients start the flow only when it is absent (S-02, RFC 6750 §3). */
export function authenticationRequired(resource: ProtectedResource): Response {
  const message = 'Sign in to use this server. An MCP client does this by itself when it follows the challenge.'
  return refusal(401, resource, { error: 'authentication_required', message }, { scope: resource.scope })
}

/** 401 for a token that we do not accept (S-03, RFC 6750 §3.1). */
export function invalidToken(resource: ProtectedResource, description: string): Response {
  return refusal(
    401,
    resource,
    { error: 'invalid_token', message: description },
    { error: 'invalid_token', error_description: description, scope: resource.scope },
  )
}

/** 400 for an `Authorization` header that cannot be read (S-04, RFC 6750 §3.1). */
export function invalidRequest(resource: ProtectedResource): Response {
  const description = 'The Authorization header must hold one Bearer token'
  return refusal(
    400,
    resource,
    { error: 'invalid_request', message: description },
    { error: 'invalid_request', error_description: description },
  )
}

/** 403 naming every scope that the operation needs in one challenge (S-05, RFC 6750 §3.1). */
export function insufficientScope(resource: ProtectedResource, scope: string): Response {
  const description = `The access token lacks the scope ${scope}`
  return refusal(
    403,
    resource,
    { error: 'insufficient_scope', message: description },
    { error: 'insufficient_scope', error_description: description, scope },
  )
}

interface Body {
  readonly error: string
  readonly message: string
}

/** `resource_metadata` comes first, every value is quoted, members are separated by commas (S-02, RFC 9728 §5.1). */
function refusal(
  status: number,
  resource: ProtectedResource,
  body: Body,
  parameters: Readonly<Record<string, string>>,
): Response {
  const members = { resource_metadata: resource.resourceMetadataUrl, ...parameters }
  const challenge = Object.entries(members).map(([name, value]) => `${name}="${value}"`)
  return Response.json(
    { ...body, resource_metadata: resource.resourceMetadataUrl, docs_url: resource.documentationUrl },
    { status, headers: { 'WWW-Authenticate': `Bearer ${challenge.join(', ')}` } },
  )
}
