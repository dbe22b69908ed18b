import type { ServerContext } from '@modelcontextprotocol/server'

/** Milliseconds between two notifications: shorter than any client's timeout, and rare enough for a phone's battery. */
const interval = 5_000

/**
 * Tells a client that asked for progress (`_meta.progressToken`) every 5 s that work goes on. The total is unknown, and left
 * out (MCP, "Progress"). A quick answer sends no progress, and stays a single JSON body.
 *
 * @returns a function that stops it
 */
export function sendProgress({ _meta, signal, notify }: ServerContext['mcpReq'], message: string): () => void {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return () => {}
  let progress = 0
  const timer = setInterval(() => {
    progress += 1
    // A client that has gone needs no progress, and an error in sending it does not matter.
    if (signal.aborted) return clearInterval(timer)
    notify({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => {})
  }, interval)
  return () => clearInterval(timer)
}
