import { capabilities, offlineAccess, paths, withSlash } from './capabilities.ts'
import type { DiscoveryOptions } from './options.ts'

/**
 * Makes the authorization server metadata (RFC 8414 §2). `issuer` is the configured string, byte for byte (D-03). The introspection
 * endpoint is not named: the operator tells resource servers about it (D-12). `advertiseIss`: whether the metadata promises `iss` in
 * authorization responses (D-10).
 */
export function authorizationServerMetadata(
  options: {
    readonly scopesOffered: readonly string[]
    readonly advertiseIss: boolean
  } & Pick<DiscoveryOptions, 'issuer' | 'resource' | 'documentationUrl' | 'revocation'>,
) {
  const { issuer, advertiseIss } = options
  return {
    issuer,
    authorization_endpoint: issuer + paths.authorize,
    token_endpoint: issuer + paths.token,
    registration_endpoint: issuer + paths.register,
    pushed_authorization_request_endpoint: issuer + paths.par,
    revocation_endpoint: issuer + paths.revoke,
    jwks_uri: issuer + paths.jwks,
    response_types_supported: capabilities.responseTypes,
    response_modes_supported: capabilities.responseModes,
    grant_types_supported: capabilities.grantTypes,
    token_endpoint_auth_methods_supported: capabilities.tokenEndpointAuthMethods,
    token_endpoint_auth_signing_alg_values_supported: capabilities.tokenEndpointAuthSigningAlgorithms,
    revocation_endpoint_auth_methods_supported: capabilities.tokenEndpointAuthMethods,
    revocation_endpoint_auth_signing_alg_values_supported: capabilities.tokenEndpointAuthSigningAlgorithms,
    dpop_signing_alg_values_supported: capabilities.dpopSigningAlgorithms,
    code_challenge_methods_supported: capabilities.codeChallengeMethods,
    scopes_supported: [...options.scopesOffered, offlineAccess],
    client_id_metadata_document_supported: true,
    ...options.revocation,
    ...(advertiseIss && { authorization_response_iss_parameter_supported: true }),
    protected_resources: [options.resource, withSlash(options.resource)],
    service_documentation: options.documentationUrl,
  }
}

/**
 * Makes the protected resource metadata (RFC 9728 §2), which is the same at the root and at the path form (D-18). A client whose
 * challenge names no scope asks for all scopes in here (MCP 2026-07-28, "Scope Selection Strategy"), so these are the least that
 * answers a question (D-21).
 */
export function protectedResourceMetadata(
  options: {
    readonly resourceName: string
    readonly privacyUrl: string | undefined
  } & Pick<DiscoveryOptions, 'issuer' | 'resource' | 'scopes' | 'documentationUrl'>,
) {
  return {
    resource: options.resource,
    authorization_servers: [options.issuer],
    scopes_supported: options.scopes.initial,
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: capabilities.dpopSigningAlgorithms,
    resource_name: options.resourceName,
    resource_documentation: options.documentationUrl,
    resource_policy_uri: options.privacyUrl,
  }
}
