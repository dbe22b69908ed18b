import { inParallel } from '../../base/in-parallel.ts'
import { countOutcome, isCall, noCalls, type OutcomeCounts } from '../usage/outcome-counts.ts'
import { atOnce, type NameReader } from './parts.ts'
import type { UseRow } from './reports.ts'

/** Counts by `<client> <tool>`. */
export type Uses = Map<string, OutcomeCounts>

/** Adds calls. `use`: `<client> <what> <outcome>`. */
export function addUses(uses: Uses, use: string, count: number): void {
  const [client = '', what = '', outcome = ''] = use.split(' ')
  if (!isCall(what)) return
  const key = `${client} ${what.slice(5)}`
  const counts = uses.get(key) ?? noCalls()
  uses.set(key, counts)
  countOutcome(counts, what, outcome, count)
}

/** Reads the names of the clients. The most frequent use comes first. */
export async function useRows(uses: Uses, names: NameReader, signal: AbortSignal): Promise<readonly UseRow[]> {
  const rows = await inParallel([...uses], atOnce, async ([key, counts]): Promise<UseRow> => {
    const [client = '', tool = ''] = key.split(' ')
    return { client: await names.client(client, signal), tool, ...counts }
  })
  return rows.toSorted((a, b) => b.calls - a.calls)
}
