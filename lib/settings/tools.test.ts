import { describe, expect, test } from 'vitest'
import { createAllTools } from '../service/tools.ts'
import { createMemoryStore } from '../store/memory.ts'
import { readConfiguration } from './configuration.ts'
import type { Environment } from './reader.ts'
import { newSecret } from './secrets.ts'
import { describeTools, signInOf, toolsOf } from './tools.ts'

const issuer = 'https://docs.example'
const site = { issuer, storeName: 's', production: true }
const needed: Environment = { MCP_OAUTH_SECRET: newSecret(), UPSTREAM_CLIENT_ID: 'client', KAPA_API_KEY: 'key' }

function toolsFor(env: Environment) {
  const { tools, brand, problems } = readConfiguration(env, site)
  return { ...describeTools(tools, brand), problems: problems.map(({ text }) => text) }
}
const namesFor = (env: Environment) => toolsOf(toolsFor(env)).map(({ name }) => name)

describe('another brand than Redpanda', () => {
  const acme = { MCP_BRAND_NAME: 'Acme & Sons' }
  const kapa = { KAPA_MCP_SERVER_URL: 'https://acme.mcp.kapa.ai' }

  test('gets nothing of Redpanda: no names, links, privacy policy, tools or scopes', () => {
    const env = { ...needed, ...acme, ...kapa, UPSTREAM_ISSUER: 'https://login.acme.example/' }
    const { brand, scopesOffered, problems } = readConfiguration(env, site)
    const tools = toolsFor(env)
    expect(problems).toEqual([])
    expect(JSON.stringify({ ...brand, accentColor: '' }) + JSON.stringify(tools)).not.toMatch(/redpanda|bump/i)
    expect(brand).toMatchObject({ productName: 'Acme & Sons documentation', provider: 'Acme & Sons' })
    expect(brand).not.toHaveProperty('privacyUrl')
    expect(scopesOffered).toEqual(['docs:read'])
    expect(namesFor(env)).toEqual(['ask_acme_sons_question', 'auth_status', 'whoami'])
  })

  test('must name its OpenID Provider and its answer service, so that no key and no user goes to Redpanda', () => {
    const noProvider = expect.stringMatching(/^UPSTREAM_ISSUER is missing: with MCP_BRAND_NAME/)
    expect(toolsFor({ ...needed, ...acme }).problems).toEqual([
      noProvider,
      expect.stringContaining('KAPA_MCP_SERVER_URL or KAPA_PROJECT_ID is missing'),
    ])
    expect(toolsFor({ ...needed, ...acme, KAPA_PROJECT_ID: 'p1' }).problems).toEqual([noProvider])
  })

  test('is not set by default, and all tools of Redpanda exist', () => {
    expect(readConfiguration(needed, site).scopesOffered).toEqual(['docs:read', 'docs:feedback'])
    expect(namesFor(needed)).toEqual([
      'ask_redpanda_question',
      'list_api_reference_pages',
      'search_api_reference',
      'get_api_reference_content',
      'submit_documentation_feedback',
      'auth_status',
      'whoami',
    ])
  })
})

test('without a form for feedback, clients do not ask for its scope', () => {
  const { scopesOffered } = readConfiguration({ ...needed, MCP_FEEDBACK_FORM_PATH: 'off' }, site)
  expect(scopesOffered).toEqual(['docs:read'])
})

test('without the base URL of the API pages no API is named, because a model could not ask for one', () => {
  const hub = { MCP_BRAND_NAME: 'Acme', MCP_API_HUB_URL: 'https://hub.acme.example/mcp', MCP_API_NAMES: 'billing' }
  expect(toolsFor(hub).apiReference?.list.description).not.toContain('billing')
  const pages = { ...hub, MCP_API_DOCS_URL: 'https://docs.acme.example/api/' }
  expect(toolsFor(pages).apiReference).toMatchObject({
    pagesUrl: 'https://docs.acme.example/api',
    list: { description: expect.stringContaining('The APIs are: billing.') },
  })
})

test('the settings list the same tools as the server, in the same order [S-18]', async () => {
  const pages = { MCP_VAULT_KEYS: newSecret(), MCP_PRIVATE_PAGES_URL: 'https://pages.example/search' }
  const env = { ...needed, ...pages, MCP_PUBLIC_TOOLS: 'auth_status,search_api_reference' }
  const settings = toolsFor(env)
  const store = createMemoryStore()
  const tools = await createAllTools(settings, readConfiguration(env, site), store)
  const served = tools.map(({ name, access: { signIn } }) => ({ name, signIn }))
  expect(toolsOf(settings).map((tool) => ({ name: tool.name, signIn: signInOf(tool, settings.publicTools) }))).toEqual(
    served,
  )
})

describe('mistakes', () => {
  test.each([
    [{ MCP_TOOL_NAME: 'whoami' }, /_TOOL_NAME must differ from each other/],
    [{ MCP_TOOL_NAME: 'ask the docs' }, /^MCP_TOOL_NAME must be 1 to 64 letters/],
    [{ MCP_TOOL_NAME: 'constructor' }, /^MCP_TOOL_NAME must be/],
    [{ MCP_FEEDBACK_FORM_PATH: 'http://forms.example/' }, /^MCP_FEEDBACK_FORM_PATH must be/],
    [{ MCP_FEEDBACK_FORM_PATH: 'https://u:p@forms.example/' }, /^MCP_FEEDBACK_FORM_PATH must be/],
    [{ MCP_API_HUB_URL: 'https://u:p@hub.example/' }, /^MCP_API_HUB_URL must be/],
    [{ MCP_API_DOCS_URL: 'https://docs.example/api?x' }, /^MCP_API_DOCS_URL must be an https URL without/],
    [{ MCP_PUBLIC_TOOLS: 'auth_statsu' }, /^MCP_PUBLIC_TOOLS must be a list of tools of this server/],
    [{ MCP_PUBLIC_TOOLS: 'whoami' }, /^MCP_PUBLIC_TOOLS must be/],
    [{ MCP_API_HUB_URL: 'http://hub.example/mcp' }, /^MCP_API_HUB_URL must be an https URL, or off/],
    [{ MCP_FEEDBACK_FORM_PATH: '//evil.example/x' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: '//u:a-password@docs.example/' }, /^MCP_FEEDBACK_FORM_PATH must be (?!.*password)/],
    [{ MCP_FEEDBACK_FORM_PATH: '//a-name@docs.example/' }, /^MCP_FEEDBACK_FORM_PATH must be (?!.*a-name)/],
    [{ MCP_FEEDBACK_FORM_PATH: '//docs.example/home/' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: '///docs.example/' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: '/\t/u:p@docs.example/' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: 'https:u:p@docs.example' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: '/\\evil.example' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ MCP_FEEDBACK_FORM_PATH: 'home' }, /^MCP_FEEDBACK_FORM_PATH must be a path on this site/],
    [{ KAPA_PROJECT_ID: 'p', KAPA_MCP_SERVER_URL: 'https://x.example' }, /two ways to ask Kapa/],
    [{ KAPA_PROJECT_ID: '../x' }, /^KAPA_PROJECT_ID must be the id/],
    [{ MCP_LAZY_AUTH: 'yes' }, /^MCP_LAZY_AUTH must be true or false/],
  ])('%j is reported under the name of the setting [O-10]', (env, problem) => {
    expect(toolsFor({ ...needed, ...env }).problems).toEqual([expect.stringMatching(problem)])
  })

  test('a mistyped REQUIRE_WORK_EMAIL counts as on', () => {
    expect(toolsFor({ ...needed, REQUIRE_WORK_EMAIL: 'yes' })).toMatchObject({
      requireWorkEmail: true,
      problems: [expect.stringContaining('REQUIRE_WORK_EMAIL')],
    })
  })
})
