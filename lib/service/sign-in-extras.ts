import { defined } from '../base/defined.ts'
import { paths } from '../oauth/capabilities.ts'
import type { FlowOptions } from '../oauth/options.ts'
import type { OpenIdProviderOptions } from '../oauth/providers/openid-provider.ts'
import type { Scopes } from '../oauth/scopes.ts'
import { docsScopes } from '../settings/docs-resource.ts'
import { privateLine, privateScope } from '../settings/private-scope.ts'
import type { Environment } from '../settings/reader.ts'
import type { SignInConfiguration } from '../settings/sign-in-configuration.ts'
import type { Store } from '../store/store.ts'
import { rolesOfSignIn } from './roles.ts'
import { vaultOfSignIn } from './vault.ts'

/** What roles and the vault add to a sign-in. */
export interface SignInExtras extends Pick<FlowOptions, 'scopeRules' | 'vault'> {
  /** The scopes, and those that the metadata offers. Absent: no tool needs further ones. */
  readonly scopes?: Scopes
  readonly scopesOffered?: readonly string[]
  readonly ofProvider: Pick<OpenIdProviderOptions, 'roleMarks' | 'scope' | 'tokensIn' | 'oddities'>
}

/** Composes the roles and the vault, where the settings have them. `null`: a setting is wrong, and sign-in is closed. */
export function composeExtras(env: Environment, configuration: SignInConfiguration, store: Store): SignInExtras | null {
  const { issuer, admins, signIn, listed } = configuration
  const [rolesText, keys] = [env.MCP_ROLES?.trim(), env.MCP_VAULT_KEYS?.trim()]
  const roles = rolesText ? rolesOfSignIn(rolesText, admins) : undefined
  const ofRoles = defined({ roleMarks: roles?.roleMarks })
  const provider = signIn?.provider
  const own = provider?.kind === 'oidc' ? { ...provider, redirectUri: issuer + paths.callback, ...ofRoles } : undefined
  const wanted = { scopes: env.MCP_VAULT_SCOPES?.trim(), audience: env.MCP_VAULT_AUDIENCE?.trim() }
  const vault =
    keys && (own || listed) ? vaultOfSignIn(keys, wanted, { issuer, store, own, listed, ...ofRoles }) : undefined
  if (roles === null || vault === null) return null
  return {
    ...defined({ scopeRules: roles?.scopeRules, vault: vault?.flow }),
    ...(vault && hasPrivatePages(env) && withPrivateScope(configuration)),
    ofProvider: { ...ofRoles, ...vault?.ofProvider },
  }
}

/** Whether a tool that acts at another service as the user is switched on. */
const hasPrivatePages = ({ MCP_PRIVATE_PAGES_URL: url = '' }: Environment) => !['', 'off'].includes(url.trim())

/** Offers the scope of the tools that act as the user (N12). A role decides who may have it; without roles, every user may. */
const withPrivateScope = ({ scopesOffered }: Pick<SignInConfiguration, 'scopesOffered'>) => ({
  scopes: {
    ...docsScopes,
    all: [...docsScopes.all, privateScope],
    optional: [...docsScopes.optional, privateScope],
    texts: { ...docsScopes.texts, [privateScope]: privateLine },
  },
  scopesOffered: [...scopesOffered, privateScope],
})
