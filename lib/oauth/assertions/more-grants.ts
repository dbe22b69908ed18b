import { LimitError, OAuthError } from '../errors.ts'
import { createClientCredentialsGrant } from './client-credentials-grant.ts'
import type { GrantHandler, GrantHandlerOptions, GrantRequest } from './grant-handler.ts'
import { idJagGrant, idJagType } from './id-jag-grant.ts'
import { createIssuerKeys, type IssuerKeys } from './issuer-keys.ts'
import { assertionRefused } from './refusal.ts'
import { readSignedJwt, type SignedJwt } from './signed-jwt.ts'
import type { Assertions, TrustedIssuer } from './trusted-issuer.ts'
import { type Workload, workloadGrant } from './workload-grant.ts'

/** RFC 7523 §2.1. */
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const clientCredentials = 'client_credentials'
/** The profile of jwt-bearer that tells clients that this server takes ID-JAGs (E-07). */
const idJagProfile = 'urn:ietf:params:oauth:grant-profile:id-jag'

const isWorkload = (machine: Assertions['machines'][number]): machine is Workload => machine.proof.kind === 'workload'

/** Returns what the metadata says besides: only what the operator has switched on (E-07). */
export function grantMetadata(
  { tenants, machines }: Assertions,
  grantTypes: readonly string[],
): { readonly grant_types_supported: readonly string[]; readonly authorization_grant_profiles_supported?: string[] } {
  const takesAssertions = tenants.length > 0 || machines.some(isWorkload)
  return {
    grant_types_supported: [
      ...grantTypes,
      ...(takesAssertions ? [jwtBearer] : []),
      ...(machines.every(isWorkload) ? [] : [clientCredentials]),
    ],
    ...(tenants.length > 0 && { authorization_grant_profiles_supported: [idJagProfile] }),
  }
}

/** Makes the handlers of the grant types that the operator has switched on, by their names. */
export function createMoreGrants(options: GrantHandlerOptions): ReadonlyMap<string, GrantHandler> {
  const { tenants, machines } = options.assertions
  const handlers = new Map<string, GrantHandler>()
  if (tenants.length > 0 || machines.some(isWorkload)) handlers.set(jwtBearer, createJwtBearerGrant(options))
  if (!machines.every(isWorkload)) handlers.set(clientCredentials, createClientCredentialsGrant(options))
  return new Map([...handlers].map(([name, handler]) => [name, withBinding(handler)]))
}

/** Binds the token to the key of the request's DPoP proof, if there is one. */
function withBinding(handler: GrantHandler): GrantHandler {
  return async (asked) => {
    const { request, context, call } = asked
    if (!request.headers.has('dpop')) return handler(asked)
    const { bindingOf } = await import('../dpop/binding.ts')
    return handler({ ...asked, call: { ...call, binding: bindingOf(request, context.issuer, context.now()) } })
  }
}

/**
 * Makes the handler of jwt-bearer (RFC 7523 §2.1). The `typ` and the issuer say what an assertion is: an ID-JAG comes from a company
 * of the list, and any other type from a platform of the other list. What happens to verify never decides (W-06).
 */
function createJwtBearerGrant(options: GrantHandlerOptions): GrantHandler {
  const { refusals, log, now, readIssuerDocument: read } = options
  const { tenants, machines } = options.assertions
  const workloads = machines.filter(isWorkload)
  const keys = new Map<string, IssuerKeys>()

  /** The keys of an issuer, which every request shares. */
  function keysOf(trusted: TrustedIssuer): IssuerKeys {
    const known = keys.get(trusted.issuer) ?? createIssuerKeys(trusted, { read, now })
    keys.set(trusted.issuer, known)
    return known
  }

  function answer(jwt: SignedJwt, request: GrantRequest) {
    const { iss } = jwt.claims
    if (jwt.typ === idJagType) {
      const tenant = tenants.find(({ issuer }) => issuer === iss)
      if (!tenant) throw assertionRefused('assertion-issuer')
      return idJagGrant(jwt, tenant, keysOf(tenant), request, options)
    }
    if (jwt.typ !== undefined && jwt.typ !== 'jwt') throw assertionRefused('assertion-type')
    const ofIssuer = workloads.filter(({ proof }) => proof.issuer === iss)
    const [first] = ofIssuer
    if (!first) throw assertionRefused('assertion-issuer')
    return workloadGrant(jwt, ofIssuer, keysOf(first.proof), request, options)
  }

  return async (request) => {
    const { form, call } = request
    const { address } = call
    const known = address === undefined ? undefined : refusals.known(address)
    if (known?.limited) throw new LimitError(known.retryAfter, 'too many refused assertions')
    const assertion = form.get('assertion')
    if (assertion === undefined) throw new OAuthError('invalid_request', 'assertion is missing')
    if (form.get('code') !== undefined || form.get('refresh_token') !== undefined) {
      throw new OAuthError('invalid_request', 'the request has an assertion and another grant')
    }
    let issuer: unknown
    try {
      const jwt = readSignedJwt(assertion)
      issuer = jwt.claims.iss
      return await answer(jwt, request)
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') {
        if (call.trail.reference.attempt === undefined) call.trail.begin()
        const entry = [...tenants, ...workloads].find((one) => ('proof' in one ? one.proof : one).issuer === issuer)
        log('assertion_refused', { from: entry?.name, reason: error.detail })
        if (address !== undefined) await refusals.hit(address, call.signal)
      }
      throw error
    }
  }
}
