import type { ServerContext } from '@modelcontextprotocol/server'

/** Milliseconds between two signs of life: below every client's patience, and rare enough for a phone's battery. */
const interval = 5_000

/**
 * Tells a client that asked for it (`_meta.progressToken`) that work goes on, every 5 s; the total is not known, so it is
 * left out (MCP, "Progress"). Nothing is sent for a quick answer, which so stays a single JSON body.
 *
 * @returns ends it
 */
export function sendProgress({ _meta, signal, notify }: ServerContext['mcpReq'], message: string): () => void {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return () => {}
  let progress = 0
  const timer = setInterval(() => {
    progress += 1
    // Whoever has gone away needs no progress, and nobody is to hear of an error about it.
    if (signal.aborted) return clearInterval(timer)
    notify({ method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => {})
  }, interval)
  return () => clearInterval(timer)
}
