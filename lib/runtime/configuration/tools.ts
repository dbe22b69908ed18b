import type { Brand } from '../../oauth/pages/brand.ts'
import { createSettingsReader, type Environment, isSecureUrl, type SettingsReader } from '../settings.ts'
import { brandWord, redpandaOnly } from './brand.ts'
import { readFeedbackForm } from './feedback.ts'
import { type CallPlan, readPlans } from './plans.ts'

/** How a tool introduces itself. */
export interface ToolTexts {
  readonly name: string
  readonly title: string
  readonly description: string
}

/** Kapa's hosted MCP server, or its REST API for a project that has none. */
export type KapaSettings =
  | { readonly kind: 'mcp'; readonly url: string; readonly toolName: string }
  | {
      readonly kind: 'rest'
      readonly url: string
      readonly projectId: string
      readonly integrationId: string | undefined
    }

export interface ApiReferenceSettings {
  /** The MCP server of the hub. */
  readonly hubUrl: string
  /** `<this>/<name of an API>` is the page of an API; without it nobody can name one. */
  readonly pagesUrl: string | undefined
  readonly list: ToolTexts
  readonly search: ToolTexts
  readonly content: ToolTexts
}

export interface FeedbackSettings {
  /** Where the form is posted to. */
  readonly url: string
  readonly formName: string
  readonly tool: ToolTexts
}

/** What `/mcp` does for those who may use it. Only the functions that say or do something about tools read it. */
export interface ToolSettings {
  readonly ask: ToolTexts
  readonly kapa: KapaSettings
  readonly apiReference: ApiReferenceSettings | undefined
  readonly feedback: FeedbackSettings | undefined
  readonly authStatus: ToolTexts
  readonly whoami: ToolTexts
  /** Names of tools that need no sign-in, even where everybody has to sign in otherwise. */
  readonly publicTools: readonly string[]
  readonly lazyAuth: boolean
  /** Clients are told to ask for every scope as somebody signs in: some cannot ask for more later. */
  readonly askAllScopes: boolean
  readonly requireWorkEmail: boolean
  readonly plans: readonly CallPlan[]
  /** For the model: what this server is good for, and which tool when. */
  readonly instructions: string
  /** Every problem at once, by the name of the setting; never a value. */
  readonly problems: readonly string[]
}

export function readTools(env: Environment, brand: Brand, siteUrl: string): ToolSettings {
  const settings = createSettingsReader(env)
  const tools = {
    ask: readAsk(settings, brand),
    kapa: readKapa(settings, brand),
    apiReference: readApiReference(settings, brand),
    feedback: readFeedback(settings, brand, siteUrl),
    authStatus: {
      name: 'auth_status',
      title: 'Sign-in Status',
      description:
        'Tells whether the person has signed in to this server, and how to sign in or out. Needs no sign-in, and never shows a token.',
    },
    whoami: {
      name: 'whoami',
      title: 'Who Am I',
      description:
        'Tells as whom the person has signed in to this server, and what they have allowed which clients. Never shows a token.',
    },
    lazyAuth: settings.flag('MCP_LAZY_AUTH', { malformed: false }),
    askAllScopes: settings.flag('MCP_ASK_ALL_SCOPES', { malformed: false }),
    requireWorkEmail: settings.flag('REQUIRE_WORK_EMAIL', { malformed: true }),
    plans: readPlans(settings),
  }
  const all = toolsOf(tools)
  if (new Set(all.map(({ name }) => name)).size < all.length) {
    settings.complain('the settings *_TOOL_NAME must differ from each other, from auth_status and from whoami')
  }
  const publicTools = settings.list('MCP_PUBLIC_TOOLS') ?? [tools.authStatus.name]
  const open = all.flatMap(({ name, ofPerson }) => (ofPerson ? [] : [name]))
  if (publicTools.some((name) => !open.includes(name))) {
    settings.complain('MCP_PUBLIC_TOOLS must be a list of tools of this server other than whoami and that for feedback')
  }
  return { ...tools, publicTools, instructions: instructionsOf(tools, brand), problems: settings.problems }
}

function instructionsOf({ ask, apiReference: api, feedback, authStatus }: Pick<ToolSettings, ToolKeys>, brand: Brand) {
  return [
    `Answers questions about ${brand.name} from the ${brand.productName}.`,
    `Use ${ask.name} for questions, and cite the addresses that come with the passages.`,
    ...(api
      ? [`For the reference of an API use ${api.search.name} or ${api.list.name}, then ${api.content.name}.`]
      : []),
    ...(feedback ? [`Use ${feedback.tool.name} only after the person has agreed to the exact text.`] : []),
    `${authStatus.name} tells how to sign in and out.`,
  ].join(' ')
}

/** A tool as everybody is told of it. */
export interface ToolEntry extends ToolTexts {
  /** It has to know the person, so that nobody can use it without signing in. */
  readonly ofPerson: boolean
}

/** Every tool that this server has, in the order in which it lists them. */
export function toolsOf(settings: Pick<ToolSettings, ToolKeys>): readonly ToolEntry[] {
  const { ask, apiReference: api, feedback, authStatus, whoami } = settings
  const open = [ask, ...(api ? [api.list, api.search, api.content] : [])]
  return [
    ...open.map((texts) => ({ ...texts, ofPerson: false })),
    ...(feedback ? [{ ...feedback.tool, ofPerson: true }] : []),
    { ...authStatus, ofPerson: false },
    { ...whoami, ofPerson: true },
  ]
}
/** Whether a tool needs a sign-in: never, where everybody has to sign in, or always. */
export function signInOf({ name, ofPerson }: ToolEntry, publicTools: readonly string[]) {
  if (ofPerson) return 'always'
  return publicTools.includes(name) ? 'never' : 'if required'
}

type ToolKeys = 'ask' | 'apiReference' | 'feedback' | 'authStatus' | 'whoami'

/** Names as clients take them: some refuse a server over any other (SEP-986). */
function readName(settings: SettingsReader, setting: string, otherwise: string): string {
  const name = settings.text(setting) ?? otherwise
  // The SDK keeps tools by their names in a plain object, which has some of its own.
  if (!/^\w(?:[\w.-]{0,62}\w)?$/.test(name) || name in {})
    settings.complain(`${setting} must be 1 to 64 letters, digits, "_", "-" or ".", these two not first or last`)
  return name
}

function readAsk(settings: SettingsReader, brand: Brand): ToolTexts {
  return {
    name: readName(settings, 'MCP_TOOL_NAME', `ask_${brandWord(brand)}_question`),
    title: settings.text('MCP_TOOL_TITLE') ?? `Search ${brand.name} Sources`,
    description:
      settings.text('MCP_TOOL_DESCRIPTION') ??
      `Answers a question from the ${brand.productName} and related sources. Ask one full question in plain words; the result is a list of passages with the address each one comes from.`,
  }
}

function readKapa(settings: SettingsReader, brand: Brand): KapaSettings {
  const projectId = settings.text('KAPA_PROJECT_ID')
  const integrationId = settings.text('KAPA_INTEGRATION_ID')
  const hosted = settings.url('KAPA_MCP_SERVER_URL')
  const toolName = settings.text('KAPA_TOOL_NAME') ?? `search_${brandWord(brand)}_knowledge_sources`
  const restUrl = settings.url('KAPA_API_URL') ?? 'https://api.kapa.ai'
  if (projectId === undefined) {
    const url = hosted ?? redpandaOnly(brand, 'https://redpanda.mcp.kapa.ai')
    // Nobody else's questions, people and key are for Redpanda's project.
    if (url === undefined) settings.complain('KAPA_MCP_SERVER_URL or KAPA_PROJECT_ID is missing')
    return { kind: 'mcp', url: url ?? '', toolName }
  }
  if (settings.text('KAPA_MCP_SERVER_URL') !== undefined) {
    settings.complain('KAPA_PROJECT_ID and KAPA_MCP_SERVER_URL are two ways to ask Kapa: set one')
  }
  if (!/^[\w-]{1,100}$/.test(projectId)) settings.complain('KAPA_PROJECT_ID must be the id of a project')
  return { kind: 'rest', url: restUrl, projectId, integrationId }
}

const redpandaApis = 'admin, cloud-controlplane, cloud-dataplane, http-proxy, schema-registry'

function readApiReference(settings: SettingsReader, brand: Brand): ApiReferenceSettings | undefined {
  const hub = settings.text('MCP_API_HUB_URL') ?? redpandaOnly(brand, 'https://bump.sh/redpanda/hub/redpanda/mcp')
  const pagesUrl = settings.url('MCP_API_DOCS_URL') ?? redpandaOnly(brand, 'https://docs.redpanda.com/api/doc')
  const names = settings.list('MCP_API_NAMES')?.join(', ') ?? redpandaOnly(brand, redpandaApis)
  // Without the base of their pages nobody can name one.
  const apis = names && pagesUrl ? ` The APIs are: ${names}.` : ''
  const texts = {
    list: {
      name: readName(settings, 'MCP_API_LIST_TOOL_NAME', 'list_api_reference_pages'),
      title: `List ${brand.name} API Reference Pages`,
      description: `Lists the pages of the ${brand.name} API reference: operations, schemas, topics.${apis}`,
    },
    search: {
      name: readName(settings, 'MCP_API_SEARCH_TOOL_NAME', 'search_api_reference'),
      title: `Search ${brand.name} API Reference`,
      description: `Searches the ${brand.name} API reference, and returns up to 20 pages with their addresses.${apis}`,
    },
    content: {
      name: readName(settings, 'MCP_API_CONTENT_TOOL_NAME', 'get_api_reference_content'),
      title: `Read ${brand.name} API Reference`,
      description: `Returns the content of up to 10 pages of the ${brand.name} API reference, by the addresses that the list or the search gave.`,
    },
  }
  if (hub === undefined || hub === 'off') return undefined
  if (pagesUrl && /[?#]/.test(pagesUrl)) settings.complain('MCP_API_DOCS_URL must have no ? and no #')
  if (!isSecureUrl(hub)) settings.complain('MCP_API_HUB_URL must be an https URL, or off')
  return { hubUrl: hub, pagesUrl: pagesUrl?.replace(/\/+$/, ''), ...texts }
}

function readFeedback(settings: SettingsReader, brand: Brand, siteUrl: string): FeedbackSettings | undefined {
  const form = readFeedbackForm(settings, brand)
  const formName = settings.text('MCP_FEEDBACK_FORM_NAME') ?? 'api-feedback'
  const tool = {
    name: readName(settings, 'MCP_FEEDBACK_TOOL_NAME', 'submit_documentation_feedback'),
    title: `Send Feedback on the ${brand.name} Documentation`,
    description: `Sends feedback on the ${brand.productName} to the team that writes it. Show the person the exact text and ask for their consent before every call: the text is sent with their e-mail address.`,
  }
  if (form === undefined) return undefined
  const url = form.startsWith('/') ? URL.parse(form, siteUrl) : URL.parse(form)
  if (!url || !isSecureUrl(url.href) || (form.startsWith('/') && url.origin !== new URL(siteUrl).origin)) {
    settings.complain('MCP_FEEDBACK_FORM_PATH must be a path on this site, an https URL, or off')
  }
  return { url: url?.href ?? siteUrl, formName, tool }
}
