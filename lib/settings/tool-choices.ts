import type { Brand } from '../pages/brand.ts'
import type { CallPlan } from '../people/plans.ts'
import { brandWord, noDefault, redpandaOnly } from './brand.ts'
import { readFeedbackForm } from './feedback.ts'
import { readPlans } from './plans.ts'
import { isSecureUrl, type SettingsReader } from './reader.ts'

/** Kapa's hosted MCP server, or its REST API for a project that has none. */
export type KapaSettings =
  | { readonly kind: 'mcp'; readonly url: string; readonly toolName: string }
  | {
      readonly kind: 'rest'
      readonly url: string
      readonly projectId: string
      readonly integrationId: string | undefined
    }

/**
 * What the operator has chosen for the tools: names, servers, who may call them. Every function reads and checks it, so
 * that each can say everything that is wrong; the texts are made from it in `tools.ts`, where somebody is told of a tool.
 */
export interface ToolChoices {
  readonly ask: { readonly name: string; readonly title: string | undefined; readonly description: string | undefined }
  readonly kapa: KapaSettings
  readonly apiReference: ApiReferenceChoices | undefined
  readonly feedback: FeedbackChoices | undefined
  /** Names of tools that need no sign-in, even where everybody has to sign in otherwise. */
  readonly publicTools: readonly string[]
  readonly lazyAuth: boolean
  /** Clients are told to ask for every scope as somebody signs in: some cannot ask for more later. */
  readonly askAllScopes: boolean
  readonly requireWorkEmail: boolean
  readonly plans: readonly CallPlan[]
}

export interface ApiReferenceChoices {
  /** The MCP server of the hub. */
  readonly hubUrl: string
  /** `<this>/<name of an API>` is the page of an API; without it nobody can name one. */
  readonly pagesUrl: string | undefined
  /** Those that the tools' descriptions name. */
  readonly apis: string | undefined
  readonly list: string
  readonly search: string
  readonly content: string
}

export interface FeedbackChoices {
  /** Where the form is posted to. */
  readonly url: string
  readonly formName: string
  readonly tool: string
}

export const authStatusName = 'auth_status'
export const whoamiName = 'whoami'

export function readToolChoices(settings: SettingsReader, brand: Brand, siteUrl: string): ToolChoices {
  const ask = {
    name: readName(settings, 'MCP_TOOL_NAME', `ask_${brandWord(brand, 51)}_question`),
    title: settings.line('MCP_TOOL_TITLE', 200),
    description: settings.lines('MCP_TOOL_DESCRIPTION', 2000),
  }
  const apiReference = readApiReference(settings, brand)
  const feedback = readFeedback(settings, brand, siteUrl)
  const choices = {
    ask,
    kapa: readKapa(settings, brand),
    apiReference,
    feedback,
    lazyAuth: settings.flag('MCP_LAZY_AUTH', { malformed: false }),
    askAllScopes: settings.flag('MCP_ASK_ALL_SCOPES', { malformed: false, absent: feedback !== undefined }),
    requireWorkEmail: settings.flag('REQUIRE_WORK_EMAIL', { malformed: true }),
    plans: readPlans(settings),
  }
  const open = [ask.name, ...(apiReference ? [apiReference.list, apiReference.search, apiReference.content] : [])]
  const all = [...open, ...(feedback ? [feedback.tool] : []), authStatusName, whoamiName]
  if (new Set(all).size < all.length) {
    settings.complain('the settings *_TOOL_NAME must differ from each other, from auth_status and from whoami')
  }
  const publicTools = settings.list('MCP_PUBLIC_TOOLS') ?? [authStatusName]
  if (publicTools.some((name) => name !== authStatusName && !open.includes(name))) {
    settings.complain('MCP_PUBLIC_TOOLS must be a list of tools of this server other than whoami and that for feedback')
  }
  return { ...choices, publicTools }
}

/** Names as clients take them: some refuse a server over any other (SEP-986). */
function readName(settings: SettingsReader, setting: string, otherwise: string): string {
  const name = settings.text(setting) ?? otherwise
  // Clients keep tools by their names in plain objects, which have some of their own.
  if (!/^\w(?:[\w.-]{0,62}\w)?$/.test(name) || name in {})
    settings.complain(`${setting} must be 1 to 64 letters, digits, "_", "-" or ".", these two not first or last`)
  return name
}

const isId = (text: string) => /^[\w-]{1,100}$/.test(text)

function readKapa(settings: SettingsReader, brand: Brand): KapaSettings {
  const projectId = settings.text('KAPA_PROJECT_ID')
  const integrationId = settings.text('KAPA_INTEGRATION_ID')
  const hosted = settings.url('KAPA_MCP_SERVER_URL')
  const toolName = settings.word('KAPA_TOOL_NAME') ?? `search_${brandWord(brand, 100)}_knowledge_sources`
  const restUrl = settings.url('KAPA_API_URL') ?? 'https://api.kapa.ai'
  const hostedIsSet = settings.text('KAPA_MCP_SERVER_URL') !== undefined
  if (integrationId !== undefined && !isId(integrationId)) {
    settings.complain('KAPA_INTEGRATION_ID must be the id of an integration')
  }
  if (projectId === undefined) {
    const url = hosted ?? redpandaOnly(brand, 'https://redpanda.mcp.kapa.ai')
    // Nobody else's questions, people and key are for Redpanda's project.
    if (url === undefined && !hostedIsSet) {
      settings.complain(`KAPA_MCP_SERVER_URL or KAPA_PROJECT_ID is missing: ${noDefault}`)
    }
    return { kind: 'mcp', url: url ?? '', toolName }
  }
  if (hostedIsSet) settings.complain('KAPA_PROJECT_ID and KAPA_MCP_SERVER_URL are two ways to ask Kapa: set one')
  if (!isId(projectId)) settings.complain('KAPA_PROJECT_ID must be the id of a project')
  return { kind: 'rest', url: restUrl, projectId, integrationId }
}

const redpandaApis = 'admin, cloud-controlplane, cloud-dataplane, http-proxy, schema-registry'

function readApiReference(settings: SettingsReader, brand: Brand): ApiReferenceChoices | undefined {
  const hub = settings.text('MCP_API_HUB_URL') ?? redpandaOnly(brand, 'https://bump.sh/redpanda/hub/redpanda/mcp')
  const pagesUrl = settings.url('MCP_API_DOCS_URL') ?? redpandaOnly(brand, 'https://docs.redpanda.com/api/doc')
  if (pagesUrl && /[?#]/.test(pagesUrl)) settings.complain('MCP_API_DOCS_URL must have no ? and no #')
  const names = settings.entries('MCP_API_NAMES', 'the name of an API: letters, digits, ".", "_" and "-"', (name) =>
    /^[\w.-]{1,100}$/.test(name) ? name : null,
  )
  const tools = {
    list: readName(settings, 'MCP_API_LIST_TOOL_NAME', 'list_api_reference_pages'),
    search: readName(settings, 'MCP_API_SEARCH_TOOL_NAME', 'search_api_reference'),
    content: readName(settings, 'MCP_API_CONTENT_TOOL_NAME', 'get_api_reference_content'),
  }
  if (hub === undefined || hub === 'off') return undefined
  if (!isSecureUrl(hub)) settings.complain('MCP_API_HUB_URL must be an https URL, or off')
  const apis = names?.join(', ') ?? redpandaOnly(brand, redpandaApis)
  return { hubUrl: hub, pagesUrl: pagesUrl?.replace(/\/+$/, ''), apis, ...tools }
}

/** Begins with one slash: two name a host, which may be this one with a password before it. */
const isPath = (text: string) => /^\/(?!\/)[^\s<>"{}|\\^`]*$/.test(text)

function readFeedback(settings: SettingsReader, brand: Brand, siteUrl: string): FeedbackChoices | undefined {
  const form = readFeedbackForm(settings, brand)
  const formName = settings.line('MCP_FEEDBACK_FORM_NAME') ?? 'api-feedback'
  const tool = readName(settings, 'MCP_FEEDBACK_TOOL_NAME', 'submit_documentation_feedback')
  if (form === undefined) return undefined
  if (!isPath(form) && !isSecureUrl(form)) {
    settings.complain('MCP_FEEDBACK_FORM_PATH must be a path on this site, an https URL, or off')
  }
  return { url: URL.parse(form, siteUrl)?.href ?? siteUrl, formName, tool }
}
