import type { JWK } from 'jose'
import { type Scope, scopes } from '../oauth/capabilities.ts'
import type { Secrets } from '../oauth/keys/secrets.ts'
import type { Brand } from '../pages/brand.ts'
import { readBrand } from './brand.ts'
import { readFeedbackForm } from './feedback.ts'
import { readHosts } from './hosts.ts'
import { readSecrets, readSigningJwk } from './keys.ts'
import { type McpSettings, readMcp } from './mcp.ts'
import { readIntrospectionTokens, refuseEqualTokens } from './operator-tokens.ts'
import { createSettingsReader, type Environment, isSecureUrl, type SettingsReader } from './reader.ts'
import { type FlowSettings, readFlow } from './sign-in.ts'
import type { Site } from './site.ts'
import { readToolChoices } from './tool-choices.ts'

/** Everything that can be configured, read and validated once per instance. */
export interface Configuration {
  readonly issuer: string
  /** URL of the protected resource: what people type into their client. */
  readonly resource: string
  readonly brand: Brand
  readonly documentationUrl: string
  /** What clients are told that they may ask for: feedback only where there is a form for it. */
  readonly scopesOffered: readonly Scope[]
  readonly signingJwk: JWK | undefined
  /** Whatever else is wrong; `null` if a secret is missing or wrong. */
  readonly secrets: Secrets | null
  readonly mcp: McpSettings
  /** Dynamic client registration is not offered. */
  readonly registrationOff: boolean
  /** Of resource servers that may ask about tokens; none: there is no introspection endpoint. */
  readonly introspectionTokens: readonly string[]
  /** The metadata does not say that `iss` comes with every authorization response (D-10). */
  readonly issNotAdvertised: boolean
  /**
   * Whether the CRM and the team that reads feedback are told. Not of the mock's made-up person, unless the operator says
   * so; and what comes from a preview or the mock says that it does.
   */
  readonly telling: 'nobody' | 'as usual' | 'as a preview'
  /** `null` as long as there are problems: the flow answers 503, discovery stays up (F-000-39). */
  readonly flow: FlowSettings | null
  /** Every problem at once, by the name of the setting; never a value. Those of the tools are in `ToolSettings`. */
  readonly problems: readonly string[]
}

export const readConfiguration = (env: Environment, site: Site) => readWith(createSettingsReader(env), site)

/** What is wrong with all settings together, whichever function reads them. */
export interface Review {
  /** By the name of the setting; never a value. */
  readonly problems: readonly string[]
  /** Settings that are named like ours, and that nothing reads: misspelled, most likely. */
  readonly unread: readonly string[]
}

/** Reads every setting, for what there is to say about them. */
export function reviewSettings(env: Environment, site: Site): Review {
  const settings = createSettingsReader(env)
  const { brand } = readWith(settings, site)
  readToolChoices(settings, brand, site.issuer)
  const unread = Object.keys(env).filter((name) => isOurs(name) && !settings.names.has(name))
  return { problems: settings.problems, unread }
}

/** Whether a setting is named like those of this project. */
export const isOurs = (name: string) => /^(?:MCP|UPSTREAM|REDPANDA_OAUTH|KAPA|CRM|REQUIRE)_/i.test(name)

function readWith(settings: SettingsReader, site: Site): Configuration {
  settings.text('MCP_OAUTH_ISSUER')
  if (!isIssuer(site.issuer)) {
    settings.complain(issuerForm)
  }
  const { proxyHosts } = readHosts(settings)
  const brand = readBrand(settings)
  const mcp = readMcp(settings)
  const signingJwk = readSigningJwk(settings)
  const registrationOff = !settings.onOff('MCP_OAUTH_DCR')
  const introspectionTokens = readIntrospectionTokens(settings)
  refuseEqualTokens(settings)
  const issNotAdvertised = !settings.onOff('MCP_OAUTH_ADVERTISE_ISS')
  const before = settings.problems.length
  const secrets = readSecrets(settings)
  const secretsAreGood = settings.problems.length === before
  const flow = readFlow(settings, { site, brand, proxyHosts, secrets })
  const mock = flow?.upstream.kind === 'mock'
  const mockTells = settings.flag('MCP_NOTIFY_WITH_MOCK', { malformed: false })
  return {
    issuer: site.issuer,
    resource: `${site.issuer}/mcp`,
    brand,
    documentationUrl: brand.documentationUrl ?? site.issuer,
    scopesOffered: readFeedbackForm(settings, brand) === undefined ? ['docs:read'] : scopes,
    signingJwk,
    secrets: secretsAreGood ? secrets : null,
    mcp,
    registrationOff,
    introspectionTokens,
    issNotAdvertised,
    telling: mock && !mockTells ? 'nobody' : mock || site.preview ? 'as a preview' : 'as usual',
    flow: settings.problems.length === 0 ? flow : null,
    problems: [...settings.problems],
  }
}

export const issuerForm = 'MCP_OAUTH_ISSUER must be an https origin in lower case, without a path or trailing slash'

/** An origin, spelled as browsers spell it; http on loopback only (O-10). */
const isIssuer = (issuer: string) => isSecureUrl(issuer) && new URL(issuer).origin === issuer
