import type { Sealing } from '../oauth/keys/sealing.ts'
import { createReports } from '../people/reports/create-reports.ts'
import type { Reports } from '../people/reports/reports.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { Site } from '../settings/site.ts'
import { describeTools } from '../settings/tools.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'

/** What the admin pages, their API and the command line read. Make it once for each request. */
export function reportsOf({ tools, brand }: Configuration, site: Site, sealing: Sealing): Reports {
  const { ask, apiReference, feedback, authStatus, whoami } = describeTools(tools, brand)
  const { list, search, content } = apiReference ?? {}
  const offered = [ask, list, search, content, feedback?.tool, authStatus, whoami]
  return createReports({
    store: storeOf(site),
    events: eventStoresOf(site),
    pseudonyms: pseudonymsOf(site, sealing),
    now: Date.now,
    tools: offered.flatMap((tool) => tool?.name ?? []),
  })
}
