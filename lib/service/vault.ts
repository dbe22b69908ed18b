import { whenNeeded } from '../base/when-needed.ts'
import type { VaultFlow } from '../oauth/options.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import { createAskUpstream, tokensIn } from '../oauth/vault/ask-upstream.ts'
import { noteDue } from '../oauth/vault/due.ts'
import { createRecheck } from '../oauth/vault/recheck.ts'
import type { AskUpstream } from '../oauth/vault/upstream.ts'
import { createVault, type Vault } from '../oauth/vault/vault.ts'
import { createVaultSeal } from '../oauth/vault/vault-seal.ts'
import { entriesOf } from '../settings/forms.ts'
import { parseSecret } from '../settings/secrets.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'

/** Seconds after which a grant that has not begun never begins: no code of it is alive. */
const neverBegins = 600

/** What the OpenID Provider is asked for, so that it gives a refresh token. */
const offline = 'openid profile email offline_access'

/** What a sign-in needs of the vault, and what it changes at the provider. */
export interface SignInVault {
  readonly flow: VaultFlow
  readonly ofProvider: Pick<OpenIdProviderOptions, 'scope' | 'tokensIn'>
}

interface VaultParts {
  readonly issuer: string
  readonly store: Store
  readonly provider: Omit<OpenIdProviderOptions, 'now'>
}

/**
 * Composes the vault. `null`: a key is wrong, and sign-in is closed, since what the operator wants sealed must not be lost or kept in
 * clear. The review of the settings says why.
 */
export function composeVault(keysText: string, { issuer, store, provider }: VaultParts): Vault | null {
  const [first, ...earlier] = entriesOf(keysText).map(parseSecret)
  const others = earlier.filter((key) => key !== null)
  if (!first || others.length < earlier.length) return null
  const now = Date.now
  const asking = whenNeeded(async () => {
    const { forVault } = await import('../oauth/providers/openid-provider.ts')
    return createAskUpstream({ ...provider, now }, forVault)
  })
  const ask: AskUpstream = {
    refresh: async (...of) => (await asking()).refresh(...of),
    revoke: async (...of) => (await asking()).revoke(...of),
  }
  const { roleMarks } = provider
  return createVault({ store, seal: createVaultSeal(issuer, [first, ...others]), ask, roleMarks, now, log })
}

/** @param scopes further scopes for the provider, with spaces between them */
export function vaultOfSignIn(keysText: string, scopes: string, parts: VaultParts): SignInVault | null {
  const vault = composeVault(keysText, parts)
  if (!vault) return null
  const { store } = parts
  const now = Date.now
  return {
    flow: {
      async keep(grant, { sub, tokens }, signal) {
        if (!tokens) return
        // Both are one trip: the note makes sure that the tokens go if the grant never comes.
        const noted = noteDue(store, grant, now() / 1000 + neverBegins, signal)
        await Promise.all([vault.keep(grant, sub, tokens, signal), noted])
      },
      recheck: (grants, token, signal) => createRecheck({ vault, grants, now, log })(token, signal),
      ended: (grant, signal) => noteEnded(store, grant, signal),
    },
    ofProvider: {
      scope: `${offline} ${scopes}`.trim(),
      tokensIn,
    },
  }
}

/** Notes that a grant has ended. A note that is lost leaves the record until its month is over, and keeps nothing from ending. */
export const noteEnded = (store: Store, grant: string, signal: AbortSignal): Promise<void> =>
  noteDue(store, grant, Date.now() / 1000, signal).catch((error) =>
    log('vault_write_failed', { error: error instanceof Error ? error.name : 'unknown' }),
  )

/** The vault of a service that is not the sign-in. `null`: there is none. */
export function vaultOf(issuer: string, signIn: SignInSettings, store: Store): Vault | null {
  const keys = process.env.MCP_VAULT_KEYS?.trim()
  const { provider } = signIn
  if (!keys || provider.kind !== 'oidc') return null
  return composeVault(keys, { issuer, store, provider: { ...provider, redirectUri: issuer } })
}
