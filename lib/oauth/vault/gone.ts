import type { Log } from '../../base/log.ts'
import type { Grants } from '../grants/grants.ts'
import { type GrantKey, shortGrant } from '../grants/record.ts'
import type { Vault } from './vault.ts'

/** Ends the grant of a person whom the provider refuses, and what the vault keeps of it. Throws `StoreUnavailable`. */
export async function endGone(
  grant: GrantKey,
  reason: string,
  {
    vault,
    grants,
    log,
  }: { readonly vault: Pick<Vault, 'end'>; readonly grants: Pick<Grants, 'revoke'>; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  await grants.revoke(grant, 'provider_ended', signal)
  log('vault_person_gone', { grant: shortGrant(grant), reason })
  await vault.end(grant, signal)
}
