import type { GrantKey } from '../oauth/grants/record.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Store } from '../store/store.ts'

/** Makes what notes the end of a grant for the vault. `undefined`: there is no vault. */
export function vaultEnded(store: Store): ((grant: GrantKey, signal: AbortSignal) => Promise<void>) | undefined {
  if (!process.env.MCP_VAULT_KEYS?.trim()) return undefined
  return async (grant, signal) => (await import('./vault.ts')).noteEnded(store, grant, signal)
}

/** Makes what ends the record of a grant in the vault, and its token at the provider. `undefined`: there is no vault. */
export function vaultEnd(issuer: string, signIn: SignInSettings, store: Store): ReturnType<typeof vaultEnded> {
  if (!process.env.MCP_VAULT_KEYS?.trim()) return undefined
  return async (grant, signal) => {
    const { vaultOf } = await import('./vault.ts')
    await vaultOf(issuer, signIn, store)?.end(grant, signal)
  }
}
