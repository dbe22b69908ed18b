import { defined } from '../base/defined.ts'
import { paths } from '../oauth/capabilities.ts'
import type { FlowOptions } from '../oauth/options.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import type { Environment } from '../settings/reader.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { rolesOfSignIn } from './roles.ts'
import { vaultOfSignIn } from './vault.ts'

/** What roles and the vault add to a sign-in. */
export interface SignInExtras extends Pick<FlowOptions, 'scopeRules' | 'vault'> {
  readonly ofProvider: Pick<OpenIdProviderOptions, 'roleMarks' | 'scope' | 'tokensIn'>
}

/** Composes the roles and the vault, where the settings have them. `null`: a setting is wrong, and sign-in is closed. */
export function composeExtras(
  env: Environment,
  { issuer, admins, signIn }: SignInConfiguration,
  store: Store,
): SignInExtras | null {
  const [rolesText, keys] = [env.MCP_ROLES?.trim(), env.MCP_VAULT_KEYS?.trim()]
  const roles = rolesText ? rolesOfSignIn(rolesText, admins) : undefined
  const ofRoles = defined({ roleMarks: roles?.roleMarks })
  const provider = signIn?.provider
  const vault =
    keys && provider?.kind === 'oidc'
      ? vaultOfSignIn(keys, env.MCP_VAULT_SCOPES?.trim() ?? '', {
          ...{ issuer, store },
          provider: { ...provider, redirectUri: issuer + paths.callback, ...ofRoles },
        })
      : undefined
  if (roles === null || vault === null) return null
  return {
    ...defined({ scopeRules: roles?.scopeRules, vault: vault?.flow }),
    ofProvider: { ...ofRoles, ...vault?.ofProvider },
  }
}
