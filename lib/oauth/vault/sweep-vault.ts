import { keysUnder } from '../../store/keys-under.ts'
import type { Store } from '../../store/store.ts'
import { type Swept, sweep } from '../../store/sweep.ts'
import { readGrant } from '../grants/read-grant.ts'
import { pastMonths } from '../grants/sweep.ts'
import { duePrefix } from './due.ts'
import { type Vault, vaultPrefix } from './vault.ts'

/**
 * Ends the records of the vault whose grants have ended or never began (N12), and removes those of past months with their grants. Reads
 * no grant that nothing was noted about. `signal` limits the time of a run, and the next run continues where this one stopped.
 *
 * @param now milliseconds since the epoch
 */
export async function sweepVault(store: Store, vault: Vault, now: number, signal: AbortSignal): Promise<Swept> {
  for await (const key of keysUnder(store, duePrefix, signal)) {
    const [, due, ...rest] = key.split('/')
    if (Number(due) * 1000 > now) break
    const grant = `grants/${rest.join('/')}`
    const found = await readGrant(store, grant, signal)
    if (!found || found.record.revokedAt !== undefined) await vault.end(grant, signal)
    await store.remove(key, signal)
  }
  const prefixes = pastMonths(now).map((month) => `${vaultPrefix}${month.slice('grants/'.length)}/`)
  return sweep(store, prefixes, signal)
}
