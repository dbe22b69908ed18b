import type { Brand } from '../../oauth/pages/brand.ts'
import type { SettingsReader } from '../settings.ts'

export interface McpSettings {
  readonly requireAuth: boolean
  readonly allowedOrigins: readonly string[] | undefined
  readonly tool: { readonly name: string; readonly title: string; readonly description: string }
  readonly kapa: { readonly url: string; readonly apiKey: string | undefined; readonly toolName: string }
}

export function readMcp(settings: SettingsReader, brand: Brand): McpSettings {
  const apiKey = settings.text('KAPA_API_KEY')
  if (apiKey === undefined) settings.complain('KAPA_API_KEY is missing')
  return {
    requireAuth: settings.flag('REQUIRE_AUTH'),
    allowedOrigins: settings.list('MCP_ALLOWED_ORIGINS'),
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
