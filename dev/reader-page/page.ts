import type { GuideInput } from '../../lib/guide/input.ts'
import { guideMarkdown } from '../../lib/guide/markdown.ts'
import { guideInput } from '../../lib/service/guide.ts'
import { type Configuration, readConfiguration, textOf } from '../../lib/settings/configuration.ts'
import type { Environment } from '../../lib/settings/reader.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { describeTools } from '../../lib/settings/tools.ts'
import { Explained } from '../explained.ts'

/** The address in the page for the default settings, as everywhere in the docs. */
const exampleIssuer = 'https://docs.example.com'

/**
 * Reads the settings of a deployment for pages that readers get. Secrets, keys, the OpenID Provider and Kapa may be left out, since
 * such pages mention none of them.
 *
 * @throws Explained if the settings are wrong
 */
export function configurationFor(env: Environment): Configuration {
  const settings = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const issuer = settings.MCP_OAUTH_ISSUER?.trim() ?? exampleIssuer
  const complete = {
    MCP_OAUTH_SECRET: newSecret(),
    UPSTREAM_CLIENT_ID: 'unsaid',
    UPSTREAM_ISSUER: 'https://login.example.com/',
    KAPA_API_KEY: 'unsaid',
    KAPA_MCP_SERVER_URL: settings.KAPA_PROJECT_ID ? undefined : 'https://example.mcp.kapa.ai',
    ...settings,
  }
  const configuration = readConfiguration(complete, { issuer, storeName: 'unused', production: true })
  const { problems } = configuration
  if (problems.length > 0) throw new Explained(`Settings: ${textOf(problems)}.`)
  return configuration
}

/**
 * Renders the guide for the settings of a deployment.
 *
 * @throws Explained if the settings are wrong
 */
export async function pageFor(env: Environment, more?: Pick<GuideInput, 'site' | 'example'>): Promise<string> {
  const configuration = configurationFor(env)
  const tools = describeTools(configuration.tools, configuration.brand)
  return guideMarkdown({ ...(await guideInput(configuration, tools)), ...more })
}

/** Renders `docs/connecting.md`: the guide for the default settings, with links to the pages of the clients. */
export const examplePage = () => pageFor({}, { example: { clientPages: 'clients/' } })
