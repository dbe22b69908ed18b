import { kapaToolName } from '../dev/kapa/server.ts'
import { kapaApiKey } from '../dev/start/local-env.ts'
import { mcpPaths } from '../lib/settings/docs-resource.ts'
import { type Answer, type Driver, expectStatus, type SendOptions } from './driver.ts'

/** The two ways in which clients speak to `/mcp`: after a handshake that it keeps nothing of, and with none. */
export const revisions = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof revisions)[number]

/** As long as people's questions are. */
const question = 'How do I sign in to the MCP server of the documentation from my editor?'
const toolName = 'ask_redpanda_question'
const accept = 'application/json, text/event-stream'

/** A call of the tool that asks, as a client of this revision sends it. @throws Error unless there is an answer */
export async function ask(driver: Driver, accessToken: string, revision: Revision): Promise<void> {
  const { headers, body } = calls[revision]
  const authorization = `Bearer ${accessToken}`
  expectAnswered(await driver.send('POST', mcpPaths.mcp, { headers: { ...headers, authorization }, body }))
}

/** The same, straight to Kapa, as the service asks there. @throws Error unless there is an answer */
export async function askKapa(kapa: Driver): Promise<void> {
  expectAnswered(await kapa.send('POST', '/', kapaCall))
}

const calls: Readonly<Record<Revision, Required<SendOptions>>> = {
  '2025-11-25': toolCall('2025-11-25', { name: toolName, arguments: { question } }),
  '2026-07-28': toolCall(
    '2026-07-28',
    {
      name: toolName,
      arguments: { question },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
    { 'mcp-method': 'tools/call', 'mcp-name': toolName },
  ),
}

const kapaCall = toolCall(
  '2025-11-25',
  {
    name: kapaToolName,
    arguments: { query: question },
    _meta: { user: { email: 'bench@example.com', company_name: 'Example Organization' } },
  },
  { authorization: `Bearer ${kapaApiKey}` },
)

function toolCall(revision: Revision, params: object, headers: Readonly<Record<string, string>> = {}) {
  return {
    headers: { ...headers, accept, 'content-type': 'application/json', 'mcp-protocol-version': revision },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  }
}

/** A failure of the tool has status 200, too. */
function expectAnswered(answer: Answer): void {
  const { text } = expectStatus(answer, 200)
  if (text.includes('"content":[') && !text.includes('"isError":true')) return
  throw new Error(`the question was not answered: ${text.slice(0, 300)}`)
}
