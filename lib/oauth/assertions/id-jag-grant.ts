import { withDeadline } from '../../base/deadline.ts'
import { defined } from '../../base/defined.ts'
import { mailDomain } from '../../base/mail-domain.ts'
import { anyKey } from '../capabilities.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { knownClient } from '../client-authentication/known-client.ts'
import type { Client } from '../clients/client.ts'
import { subjectOf } from '../grants/record.ts'
import { allowedScope } from '../scope-rules.ts'
import { requireKey } from '../token/bound-key.ts'
import type { TokenResponse } from '../token/context.ts'
import type { Person } from '../token/person.ts'
import { requireResource } from '../token/resource.ts'
import { readAssertionClaims } from './assertion-claims.ts'
import type { GrantHandlerOptions, GrantRequest } from './grant-handler.ts'
import { issueStoreless } from './issue-storeless.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { assertionRefused } from './refusal.ts'
import { scopesOfAssertion } from './scopes.ts'
import type { SignedJwt } from './signed-jwt.ts'
import { spendOnce } from './spend-once.ts'
import { entryOf } from './storeless-grant.ts'
import type { Tenant } from './trusted-issuer.ts'

/** The `typ` of an ID-JAG. A token of another type is none, even under a trusted signature (E-01, W-06). */
export const idJagType = 'oauth-id-jag+jwt'

/** Seconds. Issuers make them for five minutes. */
const longestLife = 3600
/** Milliseconds for recording the sign-in, after the answer has gone out. */
const recordTimeout = 8000

/**
 * Answers an ID-JAG (Enterprise-Managed Authorization §5): a company's identity system says that one of its people uses this client,
 * and the client gets a token for that person. Every check, and loading the signing key, comes before the one round trip to the store.
 */
export async function idJagGrant(
  jwt: SignedJwt,
  tenant: Tenant,
  keys: IssuerKeys,
  { form, context, call, authenticate }: GrantRequest,
  options: Pick<GrantHandlerOptions, 'store' | 'clients'>,
): Promise<TokenResponse> {
  const now = Math.floor(context.now() / 1000)
  const client = await authenticate()
  const attempt = call.trail.begin()
  call.trail.learn({ clientHash: client.hash })
  requireResource(form.all('resource'), context.resource)
  const { issuer, resource } = context
  const assertion = readAssertionClaims(jwt.claims, { audiences: [issuer, `${issuer}/`], longestLife, now })
  requireOwnResource(jwt.claims.resource, resource)
  requireClient(jwt.claims.client_id, client, tenant)
  const person = personOf(jwt.claims, tenant)
  const named = scopesOfAssertion(jwt.claims.scope, form.get('scope'), tenant.scope, context.scopes)
  // The role of the person today may allow fewer (N8).
  const scope = allowedScope(named.join(' '), person, assertion.issuedAt, context).split(' ')
  if (scope[0] === '') throw assertionRefused('assertion-scope')
  await keys.requireSignature(jwt, call.signal)
  const registered = knownClient(await options.clients.resolve(client.id, call.signal, call.address))
  requireMethod(registered, client)
  // A client that asked for bound tokens gets no other (RFC 9449 §5.2).
  if (registered.requires?.includes('dpop_bound_access_tokens')) requireKey(anyKey, call.binding)
  const signer = await context.signingKeys.signer(call.signal)
  const sub = subjectOf(assertion.issuer, assertion.subject)
  call.trail.learn({ sub, person })
  const spending = { kind: 'id-jag', assertion, sub, trusted: tenant, spendClient: client.spend } as const
  await spendOnce(options.store, spending, now, call.signal)
  const shownAs = defined({ name: registered.name, verifiedHost: registered.verifiedHost })
  const { response, grant } = await issueStoreless(
    { kind: 'tenant', entry: entryOf(tenant), sub, client, shownAs, person, scope, began: assertion.issuedAt, attempt },
    signer,
    context,
    call,
  )
  const signIn = signInOf({ sub, person, grant, at: now }, registered)
  call.waitUntil(withDeadline(recordTimeout, (signal) => context.recordSignIn(signIn, signal)))
  return response
}

/** The claim is optional. One that is there names this server's resource, exactly (E-03). */
function requireOwnResource(claim: unknown, resource: string): void {
  const isOwn = claim === undefined || claim === resource || claim === `${resource}/`
  if (!isOwn) throw assertionRefused('assertion-resource')
}

/** The assertion is for the client that presents it, and the tenant lets that client do so (E-02). */
function requireClient(claim: unknown, client: AuthenticatedClient, { clients, publicClients }: Tenant): void {
  if (claim !== client.id || clients?.has(client.id) === false) throw assertionRefused('assertion-client')
  if (client.method === 'none' && !publicClients) throw assertionRefused('assertion-client-method')
}

/** A client that publishes its metadata has been authenticated without it. Its document says whether it must authenticate (E-06). */
function requireMethod({ authenticationMethods }: Client, { method }: AuthenticatedClient): void {
  if (!authenticationMethods.includes(method)) throw assertionRefused('assertion-client-method')
}

/**
 * Returns what is known of the person. The company is the tenant, whatever the claims say. An address outside the tenant's domains is
 * refused, and one within them counts as verified unless the tenant says otherwise (N7). Throws `OAuthError`.
 */
function personOf({ email, email_verified: verified }: Readonly<Record<string, unknown>>, tenant: Tenant): Person {
  const organization = { organizationId: `tenant:${tenant.name}`, organizationName: tenant.title ?? tenant.name }
  if (email === undefined) return organization
  if (typeof email !== 'string' || !/^[^\s@]{1,64}@[^\s@]{1,254}$/.test(email))
    throw assertionRefused('assertion-email')
  if (!tenant.domains.has(mailDomain(email) ?? '')) throw assertionRefused('assertion-email')
  // Some issuers write booleans as text.
  return { email, emailVerified: verified === undefined || verified === true || verified === 'true', ...organization }
}

function signInOf(
  { sub, person, grant, at }: { readonly sub: string; readonly person: Person; readonly grant: string; at: number },
  { hash, name, verifiedHost: host }: Client,
) {
  const { email, emailVerified, organizationId: id, organizationName } = person
  const organization = defined({ id, name: organizationName })
  return defined({ sub, email, emailVerified, organization, client: defined({ hash, name, host }), grant, at })
}
