import type { GrantKey } from '../oauth/grants/record.ts'
import type { Store } from '../store/store.ts'
import type { VaultSettings } from './vault.ts'

/** Makes what notes the end of a grant for the vault. `undefined`: there is no vault. */
export function vaultEnded(store: Store): ((grant: GrantKey, signal: AbortSignal) => Promise<void>) | undefined {
  if (!process.env.MCP_VAULT_KEYS?.trim()) return undefined
  return async (grant, signal) => (await import('./vault.ts')).noteEnded(store, grant, signal)
}

/** Makes what ends the record of a grant in the vault, and its token at the provider. `undefined`: there is no vault. */
export function vaultEnd(settings: VaultSettings, store: Store): ReturnType<typeof vaultEnded> {
  if (!process.env.MCP_VAULT_KEYS?.trim()) return undefined
  return async (grant, signal) => {
    const { vaultOf } = await import('./vault.ts')
    await vaultOf(settings, store)?.end(grant, signal)
  }
}
