import type { JWK } from 'jose'
import type { AdminTokens } from '../account/admin-api/caller.ts'
import type { AdminEntry } from '../account/admins.ts'
import type { Assertions } from '../oauth/assertions/trusted-issuer.ts'
import { accountPaths } from '../oauth/capabilities.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import type { DocsBrand } from '../pages/brand.ts'
import { type AccountSettings, readAccount } from './account.ts'
import { readBrand } from './brand.ts'
import { scopes } from './docs-resource.ts'
import type { Subject } from './forms.ts'
import { readHosts } from './hosts.ts'
import { type KeptSettings, readKept } from './kept.ts'
import { readSecrets, refuseEqualTokens } from './keys.ts'
import type { ListedProviders } from './providers.ts'
import type * as Rare from './rare.ts'
import { createSettingsReader, type Environment, type Problem, type SettingsReader } from './reader.ts'
import { signInRows } from './rows/sign-in.ts'
import { readSignIn, type SignInSettings } from './sign-in.ts'
import type { Site } from './site.ts'
import { isSecureOrigin } from './urls.ts'

/** A service that wrong settings take out of service. */
export type Service = 'sign-in' | 'mcp' | 'account'

/** The settings that the sign-in needs, read and checked once per instance. */
export interface SignInConfiguration {
  readonly issuer: string
  /** URL of the protected resource: what users type into their client. */
  readonly resource: string
  readonly brand: DocsBrand
  readonly documentationUrl: string
  /** The scopes that clients may ask for. Feedback is among them only where a form takes it. */
  readonly scopesOffered: readonly string[]
  readonly signingJwk: JWK | undefined
  /** Sound even if another setting is wrong; `null` if a secret is missing or wrong. */
  readonly secrets: Secrets | null
  /** Dynamic client registration is not offered. */
  readonly registrationOff: boolean
  /** Tokens of resource servers that may ask about access tokens. If the list is empty, there is no introspection endpoint. */
  readonly introspectionTokens: readonly string[]
  /** What the authorization server metadata says about Global Token Revocation. `undefined`: no service may end people. */
  readonly revocation: ReturnType<typeof Rare.readRevocation> | undefined
  /** The metadata does not promise `iss` in authorization responses (D-10). */
  readonly issNotAdvertised: boolean
  /**
   * Whether the CRM and the feedback form are told about users. They are not told about the mock's made-up user unless a
   * setting says so. A preview and the mock are marked as a preview.
   */
  readonly telling: 'none' | 'as usual' | 'as a preview'
  /** What a sign-in needs; `null` while `sign-in` is out of service: the endpoints answer 503, discovery stays up (F-000-39). */
  readonly signIn: SignInSettings | null
  /** `MCP_PROVIDERS`, which `providers.ts` reads. Absent: there are no further providers. */
  readonly listed?: ListedProviders | undefined
  /** The account and admin pages. `null`: they are served nowhere (N13), or out of service. */
  readonly account: AccountSettings | null
  /** The tokens of `/admin/api`. Programs use them where there are no account pages, too. */
  readonly adminTokens: AdminTokens
  /** Who may use the tools for admins, whether or not there are admin pages. */
  readonly admins: readonly AdminEntry[]
  /** How long records are kept. */
  readonly kept: KeptSettings
  /** URL of the account page. `undefined`: there is none. */
  readonly accountUrl: string | undefined
  /** The companies and the machines. Absent if no setting names one. */
  readonly trusted?: Assertions | undefined
  /** Every problem with the settings that were read. */
  readonly problems: readonly Problem[]
  /** The services that must answer 503, because a problem is about them. */
  readonly outOfService: ReadonlySet<Service>
}

const services = ['sign-in', 'mcp', 'account'] as const

/** What a problem with a setting closes. `account` also needs a sign-in that is in service. */
const closes = (subject: Subject, service: Service) =>
  subject === service || (subject === 'service' && service !== 'account')

/** The names of `rareRows`. */
const rareNames =
  /^(?:CRM|MCP)_(?:ADMIN_T|APPROVE_|CANCEL_|CAPTURE_|CONSENT_|ERROR_|FINISHED_|LOGO_|MACHINES|PROVIDERS$|SESSION_|SUPPORT_|TENANTS|WEBHOOK_[EP]|OAUTH_(?:BLOCKED_|CIMD_(?:A|LOC)|CLIENTS|LOGOUT_|PREVIOUS|PRIVATE_|REGISTRATION_|RETIRED|REVOKERS|SIGNING_|TRUSTED_))/

/** Whether an environment has a setting that few sites have. */
export const hasRareSetting = (env: Environment): boolean =>
  Object.entries(env).some(([name, value]) => value && rareNames.test(name))

/** Reads what the sign-in needs. What is wrong with the other settings is known to `readConfiguration` only. */
export async function readSignInConfiguration(env: Environment, site: Site): Promise<SignInConfiguration> {
  const rare = hasRareSetting(env) ? await import('./rare.ts') : undefined
  const settings: SettingsReader = createSettingsReader(env, { ...signInRows, ...rare?.rareRows })
  return closed(settings, readShared(settings, site, rare))
}

/** Reads the settings of `signInRows` and `rareRows`. Nothing is out of service yet. `rare` is absent if none of those is set. */
export function readShared(settings: SettingsReader, site: Site, rare: typeof Rare | undefined) {
  if (!isSecureOrigin(site.issuer))
    settings.complain('MCP_OAUTH_ISSUER', ` must be ${signInRows.MCP_OAUTH_ISSUER.form}`)
  const hosts = readHosts(settings)
  const { proxyHosts } = hosts
  const brand = readBrand(settings)
  const exempt = settings.read('MCP_OAUTH_LIMIT_EXEMPT') ?? []
  const kapaApiKey = settings.required('KAPA_API_KEY')
  const signingJwk = settings.read('MCP_OAUTH_SIGNING_JWK')
  const registrationOff = !settings.read('MCP_OAUTH_DCR')
  const introspectionTokens = settings.read('MCP_OAUTH_INTROSPECTION_TOKENS') ?? []
  const issNotAdvertised = !settings.read('MCP_OAUTH_ADVERTISE_ISS')
  refuseEqualTokens(settings)
  const before = settings.problems.length
  const secrets = readSecrets(settings)
  const secretsAreGood = settings.problems.length === before
  const signIn = readSignIn(settings, { site, proxyHosts, secrets, exempt, rare })
  const mock = signIn?.provider.kind === 'mock'
  const mockTells = settings.read('MCP_NOTIFY_WITH_MOCK')
  const feedbackForm = readFeedbackForm(settings)
  const list = settings.read('MCP_PROVIDERS')
  const hasDefault = settings.text('UPSTREAM_CLIENT_ID') !== undefined
  return {
    configuration: {
      issuer: site.issuer,
      resource: `${site.issuer}/mcp`,
      brand,
      documentationUrl: brand.documentationUrl ?? site.issuer,
      scopesOffered: feedbackForm === undefined ? (['docs:read'] as const) : scopes,
      signingJwk,
      secrets: secretsAreGood ? secrets : null,
      registrationOff,
      introspectionTokens,
      revocation: rare?.readRevocation(settings, site.issuer),
      issNotAdvertised,
      telling: mock && !mockTells ? 'none' : mock || site.preview ? 'as a preview' : 'as usual',
      signIn,
      listed: list && { ...list, variable: settings.variable, hasDefault },
      account: readAccount(settings, site, hosts),
      admins: settings.read('MCP_ADMINS') ?? [],
      adminTokens: {
        read: settings.read('MCP_ADMIN_TOKEN') ?? [],
        write: settings.read('MCP_ADMIN_WRITE_TOKEN') ?? [],
      },
      kept: readKept(settings),
      trusted: rare?.readTrusted(settings, signIn?.provider),
    } as const,
    exempt,
    kapaApiKey,
    feedbackForm,
  }
}

/** Reads the path or the URL of the form for feedback. Without one, no client may ask for the scope of feedback. */
export function readFeedbackForm(settings: SettingsReader): string | undefined {
  const form = settings.read('MCP_FEEDBACK_FORM_PATH')
  return form === 'off' ? undefined : form
}

/** Takes out of service what the problems are about, once every setting has been read. */
export function closed(
  { problems }: Pick<SettingsReader, 'problems'>,
  { configuration }: ReturnType<typeof readShared>,
): SignInConfiguration {
  const outOfService = new Set<Service>(
    services.filter((service) => problems.some(({ subject }) => closes(subject, service))),
  )
  const signIn = outOfService.has('sign-in') ? null : configuration.signIn
  const account = outOfService.has('sign-in') || outOfService.has('account') ? null : configuration.account
  const accountUrl = account ? account.origin + accountPaths.account : undefined
  const adminTokens = outOfService.has('account') ? { read: [], write: [] } : configuration.adminTokens
  const admins = outOfService.has('account') ? [] : configuration.admins
  return { ...configuration, signIn, account, admins, adminTokens, accountUrl, problems, outOfService }
}
