import { machinePrefix } from '../../base/machine.ts'
import { sha256 } from '../../base/sha256.ts'
import { paths } from '../capabilities.ts'
import type { AuthenticatedClient } from '../client-authentication/authenticated-client.ts'
import { OAuthError } from '../errors.ts'
import type { TokenResponse } from '../token/context.ts'
import { requireResource } from '../token/resource.ts'
import { readAssertionClaims } from './assertion-claims.ts'
import { fitsPatterns } from './claim-patterns.ts'
import type { GrantHandlerOptions, GrantRequest } from './grant-handler.ts'
import { issueStoreless } from './issue-storeless.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { assertionRefused } from './refusal.ts'
import { scopesOfMachine } from './scopes.ts'
import type { SignedJwt } from './signed-jwt.ts'
import { spendOnce } from './spend-once.ts'
import { entryOf } from './storeless-grant.ts'
import type { Machine, WorkloadProof } from './trusted-issuer.ts'
import { clientIdOf } from './workload-client.ts'

/** A machine that its platform vouches for. */
export type Workload = Machine & { readonly proof: WorkloadProof }

/** Seconds. A token of a Kubernetes service account may live for a day. */
const longestLife = 86_400

/** Makes our own id of a machine. */
export const machineSubject = (...who: readonly string[]): string => machinePrefix + sha256(JSON.stringify(who))

/**
 * Answers the token of a workload (Workload Identity Federation): its platform says which program this is, and a rule of the operator
 * gives that program a token. There is no client and no client authentication (W-01).
 *
 * @param workloads those of the token's issuer. The first whose rule fits decides
 */
export async function workloadGrant(
  jwt: SignedJwt,
  workloads: readonly Workload[],
  keys: IssuerKeys,
  { request, form, context, call }: GrantRequest,
  { store, readBlocked }: Pick<GrantHandlerOptions, 'store' | 'readBlocked'>,
): Promise<TokenResponse> {
  const now = Math.floor(context.now() / 1000)
  const attempt = call.trail.begin()
  requireNoCredentials(request, form)
  requireResource(form.all('resource'), context.resource)
  const audiences = [context.issuer + paths.token]
  const assertion = readAssertionClaims(jwt.claims, { audiences, longestLife, now })
  await keys.requireSignature(jwt, call.signal)
  const workload = workloads.find(({ proof }) => fitsPatterns(jwt.claims, proof.claims))
  if (!workload) throw assertionRefused('assertion-no-rule')
  const scope = scopesOfMachine(workload.scope, form.get('scope'), context.scopes)
  const signer = await context.signingKeys.signer(call.signal)
  const sub = machineSubject('workload', assertion.issuer, assertion.subject)
  const client = clientOf(workload)
  call.trail.learn({ clientHash: client.hash, client: { name: workload.name }, sub })
  const spending = { kind: 'workload', assertion, sub, trusted: workload, spendClient: undefined } as const
  // Both settle before the answer, so that no write goes on after it.
  const [spent, blocked] = await Promise.allSettled([
    spendOnce(store, spending, now, call.signal),
    readBlocked(call.signal),
  ])
  if (spent.status === 'rejected') throw spent.reason
  if (blocked.status === 'rejected') throw blocked.reason
  if (blocked.value.blocks({ hash: client.hash })) throw assertionRefused('assertion-machine-blocked')
  const entry = entryOf(workload)
  const shownAs = { name: workload.name }
  const token = { kind: 'machine' as const, entry, sub, client, shownAs, person: {}, scope, attempt }
  return (await issueStoreless({ ...token, began: assertion.issuedAt }, signer, context, call)).response
}

/**
 * Throws `OAuthError` if the request also proves a client: it is not clear then whose token it asks for. A `client_id` alone proves
 * nothing. Several clients always send one, so it is ignored.
 */
function requireNoCredentials({ headers }: Request, form: GrantRequest['form']): void {
  const isBasic = /^basic /i.test(headers.get('authorization') ?? '')
  if (isBasic || form.get('client_secret') !== undefined || form.get('client_assertion') !== undefined) {
    throw new OAuthError('invalid_request', 'a workload has no client authentication')
  }
}

/** What stands for the client in the token. */
function clientOf(workload: Workload): AuthenticatedClient {
  const id = clientIdOf(workload)
  const nothing = async () => undefined
  return { id, hash: sha256(id), method: 'none', grantTypes: undefined, isBlockedAt: () => false, spend: nothing }
}
