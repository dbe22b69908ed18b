import { defined } from '../base/defined.ts'
import { whenNeeded } from '../base/when-needed.ts'
import type { VaultFlow } from '../oauth/options.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import { createAskUpstream, tokensIn } from '../oauth/vault/ask-upstream.ts'
import { noteDue } from '../oauth/vault/due.ts'
import { createRecheck } from '../oauth/vault/recheck.ts'
import { type AskUpstream, type Presented, sourceOf } from '../oauth/vault/upstream.ts'
import { createVault, type Vault } from '../oauth/vault/vault.ts'
import { createVaultSeal } from '../oauth/vault/vault-seal.ts'
import { entriesOf } from '../settings/forms.ts'
import type { ListedProviders } from '../settings/providers.ts'
import { parseSecret } from '../settings/secrets.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { log } from './log.ts'
import { rolesOfSignIn } from './roles.ts'

/** Seconds after which a grant that has not begun never begins: no code of it is alive. */
const neverBegins = 600

/** What the OpenID Provider is asked for, so that it gives a refresh token. */
const offline = 'openid profile email offline_access'

/** What a sign-in needs of the vault, and what it changes at the provider. */
export interface SignInVault {
  readonly flow: VaultFlow
  readonly ofProvider: Pick<OpenIdProviderOptions, 'scope' | 'tokensIn' | 'oddities'>
}

interface VaultParts {
  readonly issuer: string
  readonly store: Store
  /** The provider of `UPSTREAM_ISSUER`. Absent: there is none. */
  readonly own?: Omit<OpenIdProviderOptions, 'now'> | undefined
  /** `MCP_PROVIDERS`. Absent: there are no further providers. */
  readonly listed?: ListedProviders | undefined
  readonly roleMarks?: OpenIdProviderOptions['roleMarks']
}

/** What further scopes, and which API, the provider of `UPSTREAM_ISSUER` is asked for. */
interface Wanted {
  /** With spaces between them. */
  readonly scopes?: string | undefined
  readonly audience?: string | undefined
}

/**
 * Composes the vault. `null`: a key is wrong, and sign-in is closed, since what the operator wants sealed must not be lost or kept in
 * clear. The review of the settings says why.
 */
function composeVault(keysText: string, parts: VaultParts): { vault: Vault; optionsOf: FindProvider } | null {
  const [first, ...earlier] = entriesOf(keysText).map(parseSecret)
  const others = earlier.filter((key) => key !== null)
  if (!first || others.length < earlier.length) return null
  const { issuer, store } = parts
  const optionsOf = providersOf(parts)
  const seal = createVaultSeal(issuer, [first, ...others])
  return { vault: createVault({ store, seal, ask: askEach(optionsOf), now: Date.now, log }), optionsOf }
}

/** Finds a provider by the name in the settings; `undefined` is the default provider. */
type FindProvider = (name: string | undefined) => Promise<OpenIdProviderOptions | undefined>

function providersOf({ issuer, own, listed, roleMarks }: VaultParts): FindProvider {
  const now = Date.now
  const ofList = whenNeeded(async () => {
    if (!listed) return []
    const [{ parseProviders }, { listedOptions }] = await Promise.all([
      import('../settings/providers.ts'),
      import('../oauth/providers/listed-provider.ts'),
    ])
    const { providers } = parseProviders(listed, own?.issuer)
    return Promise.all(
      providers.map(async (each) => [each.name, await listedOptions(each, issuer, now, { roleMarks })] as const),
    )
  })
  return async (name) => {
    if (name === undefined && own) return { ...own, now }
    return (await ofList()).find(([known]) => known === name)?.[1] ?? undefined
  }
}

/** Asks each provider with its own tokens only, however the settings have changed since (N10). */
function askEach(optionsOf: FindProvider): AskUpstream {
  const asking = new Map<string, AskUpstream>()
  const ofTokens = async ({ provider, source }: Presented) => {
    const options = await optionsOf(provider)
    // A record of an earlier release is of the default provider.
    if (!options || (source !== undefined && source !== sourceOf(options))) return undefined
    const key = sourceOf(options)
    const { forVault } = await import('../oauth/providers/openid-provider.ts')
    const found = asking.get(key) ?? createAskUpstream(options, forVault)
    asking.set(key, found)
    return found
  }
  return {
    async refresh(kept, signal) {
      const ask = await ofTokens(kept)
      return ask ? ask.refresh(kept, signal) : { kind: 'elsewhere', reason: 'the settings have another provider now' }
    },
    revoke: async (kept, signal) => (await ofTokens(kept))?.revoke(kept, signal),
  }
}

export function vaultOfSignIn(keysText: string, wanted: Wanted, parts: VaultParts): SignInVault | null {
  const composed = composeVault(keysText, parts)
  if (!composed) return null
  const { vault, optionsOf } = composed
  const { store } = parts
  const { scopes = '', audience } = wanted
  const now = Date.now
  return {
    flow: {
      async keep(grant, { sub, issuer, tokens }, signal) {
        if (!tokens) return
        const options = await optionsOf(tokens.provider)
        const source = options && sourceOf(options)
        // Both are one trip: the note makes sure that the tokens go if the grant never comes.
        const noted = noteDue(store, grant, now() / 1000 + neverBegins, signal)
        await Promise.all([vault.keep(grant, sub, { ...tokens, issuer, source }, signal), noted])
      },
      recheck: (grants, token, signal) => createRecheck({ vault, grants, now, log })(token, signal),
      ended: (grant, signal) => noteEnded(store, grant, signal),
    },
    ofProvider: {
      scope: `${offline} ${scopes}`.trim(),
      tokensIn,
      ...(audience && { oddities: { parameters: () => ({ audience }) } }),
    },
  }
}

/** Notes that a grant has ended. A note that is lost leaves the record until its month is over, and keeps nothing from ending. */
export const noteEnded = (store: Store, grant: string, signal: AbortSignal): Promise<void> =>
  noteDue(store, grant, Date.now() / 1000, signal).catch((error) =>
    log('vault_write_failed', { error: error instanceof Error ? error.name : 'unknown' }),
  )

/** The vault of a service that is not the sign-in. `null`: there is none. */
export function vaultOf({ issuer, signIn, listed }: VaultSettings, store: Store): Vault | null {
  const keys = process.env.MCP_VAULT_KEYS?.trim()
  const provider = signIn?.provider
  if (!keys || !provider || provider.kind === 'mock') return null
  const roles = process.env.MCP_ROLES?.trim()
  // What a later ID token says about the role must be read here, too: another part finds it in the vault.
  const { roleMarks } = (roles && rolesOfSignIn(roles, [])) || {}
  const own = provider.kind === 'oidc' ? { ...provider, redirectUri: issuer, roleMarks } : undefined
  return composeVault(keys, { issuer, store, own, listed, ...defined({ roleMarks }) })?.vault ?? null
}

/** The settings by which the vault finds the providers. */
export type VaultSettings = Pick<SignInConfiguration, 'issuer' | 'signIn' | 'listed'>
