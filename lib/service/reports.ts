import type { Sealing } from '../oauth/keys/sealing.ts'
import { createReports } from '../people/reports/create-reports.ts'
import type { Reports } from '../people/reports/reports.ts'
import { adminToolNames } from '../people/roles/admin-tool-names.ts'
import { readUser } from '../people/users.ts'
import type { Configuration } from '../settings/configuration.ts'
import type { SignInSettings } from '../settings/sign-in.ts'
import type { Site } from '../settings/site.ts'
import { describeTools } from '../settings/tools.ts'
import { personalDataOf } from './personal-data.ts'
import { eventStoresOf, storeOf } from './store.ts'
import { pseudonymsOf } from './usage-parts.ts'

/** What the admin pages, their API and the command line read. Make it once for each request. */
export function reportsOf(
  { tools, brand, issuer, kept, admins }: Configuration,
  { secrets }: Pick<SignInSettings, 'secrets'>,
  { site, sealing }: { readonly site: Site; readonly sealing: Sealing },
): Reports {
  const store = storeOf(site)
  const personalData = personalDataOf(issuer, secrets, kept.sealedPeople)
  const { ask, apiReference, feedback, answerFeedback, authStatus, whoami } = describeTools(tools, brand)
  const { list, search, content } = apiReference ?? {}
  const offered = [ask, list, search, content, feedback?.tool, answerFeedback, authStatus, whoami]
  return createReports({
    store,
    events: eventStoresOf(site),
    pseudonyms: pseudonymsOf(site, sealing),
    readUser: (sub, signal) => readUser({ store, personalData }, sub, signal),
    now: Date.now,
    tools: [...offered.flatMap((tool) => tool?.name ?? []), ...(admins.length > 0 ? adminToolNames : [])],
  })
}
