import type { Doctor } from '../account/admin-api/doctor-routes.ts'
import { type Configuration, textOf } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { unreadNames } from '../settings/table.ts'
import { createTwoWriters } from '../store/two-writers.ts'
import { examineParts } from './doctor-parts.ts'
import { productionFacts } from './doctor-production.ts'
import { deadMessagesOf } from './outbox.ts'
import { storeOf } from './store.ts'

/** Request headers of MCP and of tracing that a proxy may not pass on. `npm run doctor` sends each, and reads here what arrived. */
const echoed = ['mcp-protocol-version', 'mcp-session-id', 'mcp-method', 'mcp-name', 'last-event-id', 'traceparent']

/** Differs for each instance, so that a check knows how many it has spoken to. */
const instance = crypto.randomUUID()

/** Composes what `npm run doctor` asks of this service. It works while settings are wrong, and never shows a value of one. */
export function composeDoctor(configuration: Configuration, site: Site): Doctor {
  const now = Date.now
  const { outOfService, problems } = configuration
  return {
    now,
    writers: createTwoWriters(storeOf(site), now),
    async examine(request, signal) {
      const [parts, dead, production] = await Promise.all([
        examineParts(configuration, signal),
        countDead(site, signal),
        productionFacts(configuration, site, signal),
      ])
      return {
        instance,
        now: now(),
        headers: Object.fromEntries(
          echoed.flatMap((name) => {
            const value = request.headers.get(name)
            return value === null ? [] : [[name, value.slice(0, 100)]]
          }),
        ),
        settings: {
          closed: [...outOfService],
          problems: problems.map((problem) => textOf([problem])),
          unread: unreadNames(process.env),
        },
        ...parts,
        production,
        dead_messages: dead,
      }
    },
  }
}

/** The dead messages on the first page. `null`: there is no outbox, or the store does not answer. */
async function countDead(site: Site, signal: AbortSignal): Promise<number | null> {
  try {
    const found = await deadMessagesOf(site)?.list(signal)
    return found?.messages.length ?? null
  } catch {
    return null
  }
}
