import type { JWK } from 'jose'
import type { AdminTokens } from '../account/admin-api/caller.ts'
import { accountPaths, type Scope, scopes } from '../oauth/capabilities.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import type { Brand } from '../pages/brand.ts'
import { type AccountSettings, readAccount } from './account.ts'
import { readBrand } from './brand.ts'
import type { Subject } from './forms.ts'
import { readHosts } from './hosts.ts'
import { type KeptSettings, readKept } from './kept.ts'
import { readSecrets, refuseEqualTokens } from './keys.ts'
import { type McpSettings, readMcp } from './mcp.ts'
import { createSettingsReader, type Environment, type Problem } from './reader.ts'
import { readSignIn, type SignInSettings } from './sign-in.ts'
import type { Site } from './site.ts'
import { table } from './table.ts'
import { readToolChoices, type ToolChoices } from './tool-choices.ts'
import { isSecureOrigin } from './urls.ts'

/** A service that wrong settings take out of service. */
export type Service = 'sign-in' | 'mcp' | 'account'

/** All settings, read and checked once per instance. */
export interface Configuration {
  readonly issuer: string
  /** URL of the protected resource: what users type into their client. */
  readonly resource: string
  readonly brand: Brand
  readonly documentationUrl: string
  /** The scopes that clients may ask for. Feedback is among them only where a form takes it. */
  readonly scopesOffered: readonly Scope[]
  readonly signingJwk: JWK | undefined
  /** Sound even if another setting is wrong; `null` if a secret is missing or wrong. */
  readonly secrets: Secrets | null
  /** Who may call `/mcp`, and what its tools do. Usable only where `mcp` is in service. */
  readonly mcp: McpSettings
  readonly tools: ToolChoices
  /** Dynamic client registration is not offered. */
  readonly registrationOff: boolean
  /** Tokens of resource servers that may ask about access tokens. If the list is empty, there is no introspection endpoint. */
  readonly introspectionTokens: readonly string[]
  /** The metadata does not promise `iss` in authorization responses (D-10). */
  readonly issNotAdvertised: boolean
  /**
   * Whether the CRM and the feedback form are told about users. They are not told about the mock's made-up user unless a
   * setting says so. A preview and the mock are marked as a preview.
   */
  readonly telling: 'none' | 'as usual' | 'as a preview'
  /** What a sign-in needs; `null` while `sign-in` is out of service: the endpoints answer 503, discovery stays up (F-000-39). */
  readonly signIn: SignInSettings | null
  /** The account and admin pages. `null`: they are served nowhere (N13), or out of service. */
  readonly account: AccountSettings | null
  /** The tokens of `/admin/api`. Programs use them where there are no account pages, too. */
  readonly adminTokens: AdminTokens
  /** How long records are kept. */
  readonly kept: KeptSettings
  /** URL of the account page. `undefined`: there is none. */
  readonly accountUrl: string | undefined
  /** Every problem with every setting. */
  readonly problems: readonly Problem[]
  /** The services that must answer 503, because a problem is about them. */
  readonly outOfService: ReadonlySet<Service>
}

const services = ['sign-in', 'mcp', 'account'] as const

/** What a problem with a setting closes. `account` also needs a sign-in that is in service. */
const closes = (subject: Subject, service: Service) =>
  subject === service || (subject === 'service' && service !== 'account')

/** Reads every setting, so that every function reports the same problems. */
export function readConfiguration(env: Environment, site: Site): Configuration {
  const settings = createSettingsReader(env)
  if (!isSecureOrigin(site.issuer)) settings.complain('MCP_OAUTH_ISSUER', ` must be ${table.MCP_OAUTH_ISSUER.form}`)
  const hosts = readHosts(settings)
  const { proxyHosts } = hosts
  const brand = readBrand(settings)
  const exempt = settings.read('MCP_OAUTH_LIMIT_EXEMPT') ?? []
  const mcp = readMcp(settings, exempt)
  const signingJwk = settings.read('MCP_OAUTH_SIGNING_JWK')
  const registrationOff = !settings.read('MCP_OAUTH_DCR')
  const introspectionTokens = settings.read('MCP_OAUTH_INTROSPECTION_TOKENS') ?? []
  const issNotAdvertised = !settings.read('MCP_OAUTH_ADVERTISE_ISS')
  refuseEqualTokens(settings)
  const before = settings.problems.length
  const secrets = readSecrets(settings)
  const secretsAreGood = settings.problems.length === before
  const signIn = readSignIn(settings, { site, proxyHosts, secrets, exempt })
  const mock = signIn?.provider.kind === 'mock'
  const mockTells = settings.read('MCP_NOTIFY_WITH_MOCK')
  const tools = readToolChoices(settings, brand, site.issuer)
  const account = readAccount(settings, site, hosts)
  const adminTokens = {
    read: settings.read('MCP_ADMIN_TOKEN') ?? [],
    write: settings.read('MCP_ADMIN_WRITE_TOKEN') ?? [],
  }
  const kept = readKept(settings)
  const outOfService = new Set<Service>(
    services.filter((service) => settings.problems.some(({ subject }) => closes(subject, service))),
  )
  const served = outOfService.has('sign-in') || outOfService.has('account') ? null : account
  return {
    issuer: site.issuer,
    resource: `${site.issuer}/mcp`,
    brand,
    documentationUrl: brand.documentationUrl ?? site.issuer,
    scopesOffered: tools.feedback ? scopes : ['docs:read'],
    signingJwk,
    secrets: secretsAreGood ? secrets : null,
    mcp,
    tools,
    registrationOff,
    introspectionTokens,
    issNotAdvertised,
    telling: mock && !mockTells ? 'none' : mock || site.preview ? 'as a preview' : 'as usual',
    signIn: outOfService.has('sign-in') ? null : signIn,
    account: served,
    adminTokens: outOfService.has('account') ? { read: [], write: [] } : adminTokens,
    accountUrl: served ? served.origin + accountPaths.account : undefined,
    kept,
    problems: settings.problems,
    outOfService,
  }
}

/** The problems as one text, for the log and the terminal. */
export const textOf = (problems: readonly Problem[]) => problems.map(({ text }) => text).join('; ')
