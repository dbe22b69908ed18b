import type { JWK } from 'jose'
import { type Scope, scopes } from '../oauth/capabilities.ts'
import type { Brand } from '../oauth/pages/brand.ts'
import { readBrand } from './configuration/brand.ts'
import { readFeedbackForm } from './configuration/feedback.ts'
import { type FlowSettings, readFlow } from './configuration/flow.ts'
import { readSigningJwk } from './configuration/keys.ts'
import { type McpSettings, readMcp } from './configuration/mcp.ts'
import { readIntrospectionTokens } from './configuration/operator-tokens.ts'
import { createSettingsReader, type Environment, isSecureUrl } from './settings.ts'
import type { Site } from './site.ts'

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
  readonly mcp: McpSettings
  /** Dynamic client registration is not offered. */
  readonly registrationOff: boolean
  /** Of resource servers that may ask about tokens; none: there is no introspection endpoint. */
  readonly introspectionTokens: readonly string[]
  /** The metadata does not say that `iss` comes with every authorization response (X4). */
  readonly issNotAdvertised: boolean
  /** `null` as long as there are problems: the flow answers 503, discovery stays up (F-000-39). */
  readonly flow: FlowSettings | null
  /** Every problem at once, by the name of the setting; never a value. */
  readonly problems: readonly string[]
}

export function readConfiguration(env: Environment, site: Site): Configuration {
  const settings = createSettingsReader(env)
  if (!isIssuer(site.issuer)) {
    settings.complain('MCP_OAUTH_ISSUER must be an https origin without a path or trailing slash')
  }
  const brand = readBrand(settings)
  const mcp = readMcp(settings)
  const signingJwk = readSigningJwk(settings)
  const registrationOff = !settings.onOff('MCP_OAUTH_DCR')
  const introspectionTokens = readIntrospectionTokens(settings)
  const issNotAdvertised = !settings.onOff('MCP_OAUTH_ADVERTISE_ISS')
  const flow = readFlow(settings, site, brand)
  return {
    issuer: site.issuer,
    resource: `${site.issuer}/mcp`,
    brand,
    documentationUrl: brand.documentationUrl ?? site.issuer,
    scopesOffered: readFeedbackForm(settings, brand) === undefined ? ['docs:read'] : scopes,
    signingJwk,
    mcp,
    registrationOff,
    introspectionTokens,
    issNotAdvertised,
    flow: settings.problems.length === 0 ? flow : null,
    problems: settings.problems,
  }
}

/** An origin, spelled as browsers spell it; http on loopback only (O-10). */
const isIssuer = (issuer: string) => isSecureUrl(issuer) && new URL(issuer).origin === issuer
