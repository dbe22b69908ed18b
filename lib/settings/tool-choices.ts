import type { Brand } from '../pages/brand.ts'
import { adminToolNames } from '../people/roles/admin-tool-names.ts'
import { brandWord } from './brand.ts'
import { noDefault, type SettingsReader as ReaderOf } from './reader.ts'
import type { SettingName } from './table.ts'

type SettingsReader = ReaderOf<SettingName>

/**
 * What the operator has chosen for the tools: names, servers, and who may call them. `tools.ts` makes the texts from it, for the
 * functions that describe tools.
 */
export type ToolChoices = ReturnType<typeof readToolChoices>
export type ApiReferenceChoices = NonNullable<ToolChoices['apiReference']>
export type FeedbackChoices = NonNullable<ToolChoices['feedback']>
export type PrivatePagesChoices = NonNullable<ToolChoices['privatePages']>

export const authStatusName = 'auth_status'
export const whoamiName = 'whoami'

/** @param feedbackForm the path or URL of the form for feedback, if there is one */
export function readToolChoices(
  settings: SettingsReader,
  {
    brand,
    feedbackForm,
    siteUrl,
  }: { readonly brand: Brand; readonly feedbackForm: string | undefined; readonly siteUrl: string },
) {
  const ask = {
    name: settings.read('MCP_TOOL_NAME') ?? `ask_${brandWord(brand, 51)}_question`,
    title: settings.read('MCP_TOOL_TITLE'),
    description: settings.read('MCP_TOOL_DESCRIPTION'),
  }
  const kapa = readKapa(settings, brand)
  const apiReference = readApiReference(settings)
  const feedback = readFeedback(settings, feedbackForm, siteUrl)
  const answerFeedback = readAnswerFeedback(settings, kapa)
  const privatePages = readPrivatePages(settings)
  const open = named(ask.name, apiReference?.list, apiReference?.search, apiReference?.content, authStatusName)
  const all = named(...open, feedback?.tool, answerFeedback, privatePages?.tool, whoamiName)
  if (new Set([...all, ...adminToolNames]).size < all.length + adminToolNames.length) {
    settings.complain(
      'MCP_TOOL_NAME',
      ' and the other *_TOOL_NAME must differ from each other, from auth_status, whoami and the tools for admins',
    )
  }
  return {
    ask,
    kapa,
    apiReference,
    feedback,
    /** The name of the tool that tells Kapa whether an answer was right. */
    answerFeedback,
    privatePages,
    /** Names of tools that need no sign-in, even where the others need one. */
    publicTools: readPublicTools(settings, open),
    lazyAuth: settings.read('MCP_LAZY_AUTH'),
    eventStreams: settings.read('MCP_EVENT_STREAMS'),
    /** Clients are told to ask for every scope at the sign-in, because some cannot ask for more later. */
    askAllScopes: settings.read('MCP_ASK_ALL_SCOPES') ?? (feedback ?? answerFeedback) !== undefined,
    requireWorkEmail: settings.read('REQUIRE_WORK_EMAIL'),
    plans: settings.read('MCP_PLANS') ?? [],
    /** The folder from which the build has read the skills of this deploy. Absent: there are none. */
    skillsFolder: settings.read('MCP_SKILLS_DIR'),
  }
}

/** The names of the tools that exist. */
const named = (...names: readonly (string | undefined)[]) => names.filter((name) => name !== undefined)

function readPublicTools(settings: SettingsReader, open: readonly string[]): readonly string[] {
  const publicTools = settings.read('MCP_PUBLIC_TOOLS') ?? [authStatusName]
  if (!publicTools.every((name) => open.includes(name))) {
    settings.complain(
      'MCP_PUBLIC_TOOLS',
      ' must be a list of tools of this server, without whoami and the tools for feedback and for private pages',
    )
  }
  return publicTools
}

/** Reads Kapa's hosted MCP server, or its REST API for a project that has none. */
function readKapa(settings: SettingsReader, brand: Brand) {
  const [projectId, integrationId] = [settings.read('KAPA_PROJECT_ID'), settings.read('KAPA_INTEGRATION_ID')]
  const [hosted, restUrl] = [settings.read('KAPA_MCP_SERVER_URL'), settings.read('KAPA_API_URL')]
  const toolName = settings.read('KAPA_TOOL_NAME') ?? `search_${brandWord(brand, 100)}_knowledge_sources`
  const hostedIsSet = settings.text('KAPA_MCP_SERVER_URL') !== undefined
  const choices = readRestOptions(settings)
  if (settings.text('KAPA_PROJECT_ID') !== undefined) {
    if (hostedIsSet) {
      settings.complain('KAPA_PROJECT_ID', ' and KAPA_MCP_SERVER_URL are two ways to ask Kapa: set one')
    }
    return {
      kind: 'rest' as const,
      url: restUrl,
      projectId: projectId ?? '',
      integrationId,
      ...choices,
    }
  }
  if (hosted === undefined && !hostedIsSet) {
    settings.complain('KAPA_MCP_SERVER_URL', ` or KAPA_PROJECT_ID is missing: ${noDefault}`)
  }
  return { kind: 'mcp' as const, url: hosted ?? '', toolName }
}

/** Reads what Kapa's REST API can do, and its hosted MCP server cannot. */
function readRestOptions(settings: SettingsReader) {
  return {
    answers: settings.read('KAPA_ANSWERS'),
    mode: settings.read('KAPA_MODE'),
    pruning: settings.read('KAPA_PRUNING'),
    redaction: settings.read('KAPA_REDACTION'),
    clientMeta: settings.read('KAPA_CLIENT_META'),
    sourceGroups: settings.read('KAPA_SOURCE_GROUPS') ?? [],
  }
}

function readAnswerFeedback(settings: SettingsReader, kapa: ReturnType<typeof readKapa>): string | undefined {
  const tool = settings.read('KAPA_FEEDBACK_TOOL_NAME')
  if (tool !== undefined && !(kapa.kind === 'rest' && kapa.answers === 'written')) {
    settings.complain('KAPA_FEEDBACK_TOOL_NAME', ' needs KAPA_PROJECT_ID and KAPA_ANSWERS=written')
  }
  return tool
}

function readApiReference(settings: SettingsReader) {
  /** The MCP server of the hub. */
  const hubUrl = settings.read('MCP_API_HUB_URL')
  const choices = {
    /** `<pagesUrl>/<name>` is the page of the API with this name. Without it, a model cannot name an API. */
    pagesUrl: settings.read('MCP_API_DOCS_URL')?.replace(/\/+$/, ''),
    /** The APIs that the tools' descriptions name. */
    apis: settings.read('MCP_API_NAMES')?.join(', '),
    list: settings.read('MCP_API_LIST_TOOL_NAME'),
    search: settings.read('MCP_API_SEARCH_TOOL_NAME'),
    content: settings.read('MCP_API_CONTENT_TOOL_NAME'),
  }
  return hubUrl === undefined || hubUrl === 'off' ? undefined : { hubUrl, ...choices }
}

/** Reads the tool that searches pages as the user. It needs the vault, which keeps what it asks the pages with. */
function readPrivatePages(settings: SettingsReader) {
  const url = settings.read('MCP_PRIVATE_PAGES_URL')
  const tool = settings.read('MCP_PRIVATE_PAGES_TOOL_NAME')
  const serviceToken = settings.read('MCP_PRIVATE_PAGES_SERVICE_TOKEN')
  if (url === undefined || url === 'off') return undefined
  if (settings.text('MCP_VAULT_KEYS') === undefined) {
    settings.complain(
      'MCP_PRIVATE_PAGES_URL',
      ' needs MCP_VAULT_KEYS: the pages are asked with the tokens of the vault',
    )
  }
  return { url, tool, serviceToken }
}

function readFeedback(settings: SettingsReader, form: string | undefined, siteUrl: string) {
  const formName = settings.read('MCP_FEEDBACK_FORM_NAME')
  const tool = settings.read('MCP_FEEDBACK_TOOL_NAME')
  return form === undefined ? undefined : { url: URL.parse(form, siteUrl)?.href ?? siteUrl, formName, tool }
}
