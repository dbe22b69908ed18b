import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { whenNeeded } from '../../base/when-needed.ts'
import type { Store } from '../../store/store.ts'
import { readCompaniesSummary } from '../usage/companies-summary.ts'
import { noId } from '../usage/event-key.ts'
import { clientNameKey, companyNameOf, textOf } from '../usage/names.ts'
import { companiesKey, companyShards } from '../usage/shards.ts'

/** What companies and clients are called, by pseudonym. Each is read once in a run. */
export interface CaptureNames {
  company(pseudonym: string, signal: AbortSignal): Promise<Name>
  client(pseudonym: string, signal: AbortSignal): Promise<Name>
}

/** All that an event says beside a pseudonym. */
export type Name = Readonly<Record<string, string>>

export function createCaptureNames(store: Store, signal: AbortSignal): CaptureNames {
  const [companies, clients] = [new Map<string, Promise<Name>>(), new Map<string, Promise<Name>>()]
  /** Most companies are in these few records. Those that are new today are not. */
  const summaries = whenNeeded(async () => {
    const records = await inParallel(companyShards, companyShards.length, (shard) =>
      store.get(companiesKey(shard), signal),
    )
    return new Map(records.flatMap((stored) => (stored ? [...readCompaniesSummary(stored.value).companies] : [])))
  })
  const once = (known: Map<string, Promise<Name>>, id: string, read: () => Promise<Name>) => {
    const name = known.get(id) ?? (id === noId ? Promise.resolve({}) : read())
    known.set(id, name)
    return name
  }
  return {
    company: (id, signal) =>
      once(companies, id, async () => {
        const { name, domain } = (await summaries()).get(id) ?? (await companyNameOf(store, id, signal))
        return defined({ company_name: name ?? domain, company_domain: domain })
      }),
    client: (id, signal) =>
      once(clients, id, async () => {
        const value = (await store.get(clientNameKey(id), signal))?.value
        return defined({ client_name: textOf(value?.name), client_host: textOf(value?.host) })
      }),
  }
}
