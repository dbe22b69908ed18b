import type { Log } from '../base/log.ts'
import { levels, rankOf } from '../base/log-level.ts'
import { requests } from '../base/request.ts'
import { observed } from '../base/telemetry.ts'
import { toJson } from '../base/well-formed.ts'

/** Adds the code of an attempt to every further line of the request. */
export function noteAttempt(code: string): void {
  const request = requests.getStore()
  if (request) request.line.attempt = code
}

/**
 * Writes one JSON line per event to the function log, with the time: a log drain loses the platform's own times. Leaves out events
 * below `MCP_LOG_LEVEL`. Telemetry counts them all.
 */
export const log: Log = (event, fields) => {
  observed.by?.event(event, fields)
  const rank = rankOf(event)
  // A word that is no level leaves nothing out.
  if (rank < (levels as readonly string[]).indexOf(process.env.MCP_LOG_LEVEL ?? '')) return
  console.log(
    toJson({ time: new Date().toISOString(), level: levels[rank], event, ...requests.getStore()?.line, ...fields }),
  )
}
