import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { listenOnLoopback, readBody, sendJson } from '../dev/stand-in.ts'

/** An MCP server in the place of Kapa's. */
export interface InstantUpstream {
  readonly url: string
  stop(): Promise<void>
}

const message = v.object({
  id: v.optional(v.union([v.string(), v.number()])),
  method: v.string(),
  params: v.optional(v.looseObject({ protocolVersion: v.optional(v.string()) })),
})

/** Five passages of a thousand characters, in Kapa's form. */
const passages = Array.from({ length: 5 }, (_, index) => ({
  type: 'text',
  text: JSON.stringify({ source_url: `https://docs.example/${index}`, content: 'passage '.repeat(125) }),
}))

/**
 * Answers any tool call after so many milliseconds, always the same: so that what is measured is the service, not who answers it.
 * By default at once.
 */
export async function startInstantUpstream(milliseconds = 0): Promise<InstantUpstream> {
  const listening = await listenOnLoopback(0, async (request, response) => {
    const { id, method, params } = v.parse(message, JSON.parse(await readBody(request)))
    if (id === undefined) return response.writeHead(202).end()
    const answer = (result: object) => sendJson(response, 200, { jsonrpc: '2.0', id, ...result })
    if (method === 'tools/call') {
      if (milliseconds > 0) await delay(milliseconds)
      return answer({ result: { content: passages } })
    }
    if (method !== 'initialize') return answer({ error: { code: -32_601, message: 'Method not found' } })
    answer({
      result: {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'instant', version: '1' },
      },
    })
  })
  return { url: `http://127.0.0.1:${listening.port}/`, stop: listening.stop }
}
