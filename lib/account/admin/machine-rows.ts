import type { ClientRow, Range, Reports } from '../../people/reports/reports.ts'
import type { TrustedEntries, TrustedEntry } from './trusted-entries.ts'

/** A machine with its calls in a range. */
export interface MachineRow extends TrustedEntry, Pick<ClientRow, 'calls' | 'failed' | 'refused' | 'cancelled'> {
  /** Whether the settings have it now. A machine that they have no more has ended, and its calls stay in the reports. */
  readonly configured: boolean
}

const noCalls = { calls: 0, failed: 0, refused: 0, cancelled: 0 }

/** Lists the machines of the settings and those that called before they were removed, the most frequent first. */
export async function machineRows(
  reports: Pick<Reports, 'clients'>,
  trusted: Pick<TrustedEntries, 'list'>,
  range: Range,
  signal: AbortSignal,
): Promise<readonly MachineRow[]> {
  const [entries, clients] = await Promise.all([trusted.list('machine', signal), reports.clients(range, signal)])
  const called = new Map(
    clients.flatMap(({ client, calls, failed, refused, cancelled }) =>
      client.machine && client.name !== undefined
        ? [[client.name, { calls, failed, refused, cancelled }] as const]
        : [],
    ),
  )
  const removed = [...called].filter(([name]) => !entries.some((entry) => entry.name === name))
  return [
    ...entries.map((entry) => ({ ...entry, configured: true, ...(called.get(entry.name) ?? noCalls) })),
    ...removed.map(([name, counts]) => ({ kind: 'machine' as const, name, configured: false, ...counts })),
  ].toSorted((a, b) => b.calls - a.calls)
}
