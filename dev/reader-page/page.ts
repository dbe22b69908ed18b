import { type DocumentationSite, readerPage } from '../../lib/oauth/pages/index.ts'
import { readerPageInput } from '../../lib/service/reader-page.ts'
import { readConfiguration } from '../../lib/settings/configuration.ts'
import type { Environment } from '../../lib/settings/reader.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { readTools } from '../../lib/settings/tools.ts'
import { Explained } from '../explained.ts'

/** Stands for the address of the deployment where it is not set, as everywhere in the docs. */
const exampleIssuer = 'https://docs.example.com'

/**
 * The page for the readers of a deployment. Secrets, keys, the OpenID Provider and Kapa may be left out of its settings:
 * nothing of them is on the page.
 *
 * @throws Explained when the settings are not those of a deployment that works
 */
export async function pageFor(env: Environment, site?: DocumentationSite): Promise<string> {
  const settings = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const issuer = settings.MCP_OAUTH_ISSUER?.trim() ?? exampleIssuer
  const unsaid = {
    MCP_OAUTH_SECRET: newSecret(),
    UPSTREAM_CLIENT_ID: 'unsaid',
    UPSTREAM_ISSUER: 'https://login.example.com/',
    KAPA_API_KEY: 'unsaid',
    ...(settings.KAPA_PROJECT_ID === undefined && { KAPA_MCP_SERVER_URL: 'https://example.mcp.kapa.ai' }),
  }
  const complete = { ...unsaid, ...settings }
  const configuration = readConfiguration(complete, { issuer, storeName: 'unused', production: true })
  const tools = readTools(complete, configuration.brand, issuer)
  const problems = [...configuration.problems, ...tools.problems]
  if (problems.length > 0) throw new Explained(`Settings: ${problems.join('; ')}.`)
  const input = await readerPageInput(configuration, tools)
  return readerPage({ ...input, ...(site && { site }) })
}
