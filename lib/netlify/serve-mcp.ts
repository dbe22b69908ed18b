import { startDeadline } from '../base/deadline.ts'
import { log } from '../service/log.ts'
import { composeMcpEndpoint } from '../service/mcp-endpoint.ts'
import { serveWith } from './serve.ts'

/** Milliseconds for a whole request. The platform ends a function at 60 s. */
const deadline = 55_000

/** The `mcp` function. */
export const serveMcp = serveWith(composeMcpEndpoint, async (endpoint, request, context) => {
  const { signal, end } = startDeadline(deadline)
  const response = await endpoint.fetch(request, {
    signal,
    requestId: context.requestId,
    address: context.ip,
    waitUntil: (work) => context.waitUntil(work.catch((error) => log('background_failed', { error: String(error) }))),
  })
  return whenSent(response, end)
})

/** Returns the same answer, and calls `done` when all of it has been sent, or its reader has gone away. */
function whenSent(response: Response, done: () => void): Response {
  const reader = response.body?.getReader()
  if (!reader) {
    done()
    return response
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const chunk = await reader.read()
        if (!chunk.done) return controller.enqueue(chunk.value)
        controller.close()
      } catch (error) {
        controller.error(error)
      }
      done()
    },
    cancel(reason) {
      done()
      return reader.cancel(reason)
    },
  })
  return new Response(body, response)
}
