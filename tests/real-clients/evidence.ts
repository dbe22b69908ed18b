import { createHash } from 'node:crypto'
import * as v from 'valibot'

const loggedEvent = v.looseObject({
  event: v.string(),
  client: v.optional(v.string()),
  grant: v.optional(v.string()),
})

export interface LoggedEvent {
  readonly event: string
  /** Milliseconds, by `performance.now()`. */
  readonly at: number
}

/** What a client did according to the log of the service. */
export interface Evidence {
  /** Takes a line that the functions have printed. */
  take(line: string): void
  /** The logged events of a client and its grants. */
  of(clientId: string): readonly LoggedEvent[]
  /** The last lines of output, to find the cause of a failure. */
  lastLines(): readonly string[]
}

export function createEvidence(): Evidence {
  const events: (LoggedEvent & { readonly client?: string | undefined; readonly grant?: string | undefined })[] = []
  const lines: string[] = []
  return {
    take(line) {
      lines.push(line)
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), loggedEvent), line)
      if (!parsed.success) return
      const { event, client, grant } = parsed.output
      events.push({ event, client, grant, at: performance.now() })
    },
    of(clientId) {
      const hash = createHash('sha256').update(clientId).digest('base64url')
      const grants = new Set(events.flatMap(({ client, grant }) => (client === hash && grant ? [grant] : [])))
      return events.filter(({ client, grant }) => client === hash || (grant !== undefined && grants.has(grant)))
    },
    lastLines: () => lines.slice(-kept),
  }
}

/** Lines. */
const kept = 200
/** Milliseconds. */
const patience = 10_000
const pause = 20

/** Waits for an event shortly after an answer, such as a log line. @throws Error if it never happens */
export async function eventually<T>(what: string, look: () => T | undefined): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`${what}: never seen`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
