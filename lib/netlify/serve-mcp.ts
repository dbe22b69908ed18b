import { startDeadline } from '../base/deadline.ts'
import { observed } from '../base/telemetry.ts'
import { whenSent } from '../base/when-sent.ts'
import { composeMcpEndpoint } from '../service/mcp-endpoint.ts'
import { allSettings } from './all-settings.ts'
import { callOf, serveWith } from './serve.ts'

/** Milliseconds for a whole request. The platform ends a function at 60 s. */
const deadline = 55_000

/** The `mcp` function. */
export const serveMcp = serveWith(allSettings, composeMcpEndpoint, async (endpoint, request, context) => {
  const { signal, end } = startDeadline(deadline)
  const response = await endpoint.fetch(request, { ...callOf(context, signal), address: context.ip })
  const sent = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => sent.resolve())
  // A tool may still be at work while its answer is streamed.
  observed.by?.pending(sent.promise)
  return whenSent(response, () => {
    end()
    sent.resolve()
  })
})
