import type { ServerResponse } from 'node:http'
import * as v from 'valibot'
import { endpointFault, misbehave, sendJson } from '../stand-in.ts'

const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)))

/**
 * What may go wrong with a tool call beyond what may go wrong with any request. `reset`: the connection breaks off in
 * the middle of the answer. `malformed`: an answer that is not JSON. `rejects-meta`: refuses a call that says who asks,
 * and names `_meta`. `error-result`: the tool says that it failed.
 */
const callFault = v.variant('kind', [
  endpointFault,
  v.strictObject({ kind: v.picklist(['reset', 'malformed', 'rejects-meta', 'error-result']), times }),
])
export type CallFault = v.InferOutput<typeof callFault>

export const kapaFaults = v.strictObject({
  /** What a client sends first: `initialize` or `server/discover`. */
  connect: v.optional(endpointFault),
  /** `tools/call`. */
  call: v.optional(callFault),
  /** Another tool's name than the one expected, when set. */
  toolName: v.optional(v.string()),
})
/** How Kapa misbehaves from now on. Set and delete members at will. */
export type KapaFaults = v.InferOutput<typeof kapaFaults>

/** @returns whether the fault has settled the call */
export async function misbehaveInCall(
  fault: CallFault,
  call: { readonly id: unknown; readonly saysWho: boolean },
  response: ServerResponse,
): Promise<boolean> {
  switch (fault.kind) {
    case 'reset':
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: message\ndata: {"jsonrpc":"2.0",', () => response.socket?.resetAndDestroy())
      return true
    case 'malformed':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","result":{"content":[')
      return true
    case 'rejects-meta':
      if (!call.saysWho) return false
      sendJson(response, 200, {
        jsonrpc: '2.0',
        id: call.id,
        error: { code: -32_602, message: 'Invalid params: unexpected property user in _meta' },
      })
      return true
    case 'error-result':
      sendJson(response, 200, {
        jsonrpc: '2.0',
        id: call.id,
        result: {
          resultType: 'complete',
          isError: true,
          content: [{ type: 'text', text: 'The sources could not be searched.' }],
        },
      })
      return true
    default:
      return misbehave(fault, response)
  }
}
