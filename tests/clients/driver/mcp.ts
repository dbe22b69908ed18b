import * as v from 'valibot'
import { check } from './check.ts'
import { checkStatus, type Exchange, exchange } from './http.ts'
import { isStateless, message } from './messages.ts'
import type { ClientProfile, HeaderFields, JsonObject } from './profile.ts'
import type { ProfileStack } from './world.ts'

const rpcAnswer = v.object({ result: v.looseObject({}) })
const initialized = v.object({ protocolVersion: v.string() })
const listed = v.object({ tools: v.array(v.object({ name: v.string() })) })
const called = v.object({
  isError: v.optional(v.boolean(), false),
  content: v.array(v.looseObject({ type: v.string() })),
})

/** The client's part of the MCP protocol, with one access token. */
export interface McpConnection {
  /** Sends all requests that the client sends before its first tool call. */
  connect(): Promise<void>
  /** Asks the first tool a question, and checks that the answer service received it. */
  ask(question: string): Promise<void>
  /** Asks a question and returns the answer, even a refusal. */
  tryAsk(question: string): Promise<Exchange>
}

export function createMcpConnection(profile: ClientProfile, stack: ProfileStack, accessToken: string): McpConnection {
  const { mcp } = profile
  let tool = 'ask_redpanda_question'

  const headersFor = (method: string, name?: string): HeaderFields => ({
    ...mcp.headers,
    authorization: `Bearer ${accessToken}`,
    ...(method !== 'initialize' && { 'mcp-protocol-version': mcp.version }),
    ...(isStateless(mcp) && { 'mcp-method': method, ...(name !== undefined && { 'mcp-name': name }) }),
  })
  const post = (method: string, params: JsonObject, name?: string) =>
    exchange(profile, 'POST', stack.mcpUrl, posted(headersFor(method, name)), message(method, params, mcp))

  const tryAsk = (question: string) => post('tools/call', { name: tool, arguments: { question } }, tool)

  return {
    async connect() {
      if (isStateless(mcp)) resultOf(await post('server/discover', {}))
      else await handshake()
      const { tools } = v.parse(listed, resultOf(await post('tools/list', {})))
      check(tools.length > 0, 'there are no tools')
      tool = tools[0]?.name ?? tool
    },
    async ask(question) {
      const { content, isError } = v.parse(called, resultOf(await tryAsk(question)))
      check(!isError && content.length > 0, 'the tool failed')
      check(
        stack.kapa.calls().some(({ query }) => query === question),
        'the question did not reach Kapa',
      )
    },
    tryAsk,
  }

  async function handshake(): Promise<void> {
    const { clientInfo, version } = mcp
    const hello = { protocolVersion: version, capabilities: {}, clientInfo }
    const { protocolVersion } = v.parse(initialized, resultOf(await post('initialize', hello)))
    check(protocolVersion === version, `the server answers in ${protocolVersion}`)
    const notification = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const headers = posted(headersFor('notifications/initialized'))
    checkStatus(await exchange(profile, 'POST', stack.mcpUrl, headers, notification), 202)
    if (!mcp.opensStream) return
    const stream = { ...headersFor('GET'), accept: 'text/event-stream' }
    // The server has no such stream, which it says with 405.
    checkStatus(await exchange(profile, 'GET', stack.mcpUrl, stream), 405)
  }
}

const posted = (headers: HeaderFields): HeaderFields => ({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...headers,
})

/** The result of a message, from JSON or an event stream. */
function resultOf(answer: Exchange): v.InferOutput<typeof rpcAnswer>['result'] {
  checkStatus(answer, 200)
  const [, data = answer.text] = /^data: (\{.*)$/m.exec(answer.text) ?? []
  const { success, output } = v.safeParse(rpcAnswer, JSON.parse(data))
  check(success, `${answer.request} was answered with an error message`)
  return output.result
}
