import type { Brand } from '../../oauth/pages/brand.ts'
import type { SettingsReader } from '../settings.ts'
import { type CallLimitSettings, readSeconds, windowOf } from './limits.ts'

export interface McpSettings {
  readonly requireAuth: boolean
  readonly allowedOrigins: readonly string[] | undefined
  readonly limits: CallLimitSettings
  readonly tool: { readonly name: string; readonly title: string; readonly description: string }
  readonly kapa: { readonly url: string; readonly apiKey: string | undefined; readonly toolName: string }
}

export function readMcp(settings: SettingsReader, brand: Brand): McpSettings {
  const callWindow = readSeconds(settings, 'MCP_LIMIT_WINDOW_SEC', 900)
  const apiKey = settings.text('KAPA_API_KEY')
  if (apiKey === undefined) settings.complain('KAPA_API_KEY is missing')
  return {
    requireAuth: settings.flag('REQUIRE_AUTH', { malformed: true }),
    allowedOrigins: settings.list('MCP_ALLOWED_ORIGINS'),
    // B4's 60 in 15 minutes; one window for both, read once.
    limits: {
      user: windowOf(settings, 'MCP_USER_LIMIT', 60, callWindow),
      address: windowOf(settings, 'MCP_ANONYMOUS_LIMIT', 60, callWindow),
    },
    tool: {
      name: settings.text('MCP_TOOL_NAME') ?? 'ask_redpanda_question',
      title: settings.text('MCP_TOOL_TITLE') ?? `Search ${brand.name} Sources`,
      description:
        settings.text('MCP_TOOL_DESCRIPTION') ??
        `Answers a question from the ${brand.productName} and related sources. Ask one full question in plain words; the result is a list of passages with the address each one comes from.`,
    },
    kapa: {
      url: settings.url('KAPA_MCP_SERVER_URL') ?? 'https://redpanda.mcp.kapa.ai',
      apiKey,
      toolName: settings.text('KAPA_TOOL_NAME') ?? 'search_redpanda_knowledge_sources',
    },
  }
}
