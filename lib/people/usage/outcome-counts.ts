/** How many calls there were, and how they ended. `calls` counts all of them. */
export interface OutcomeCounts {
  calls: number
  failed: number
  refused: number
  cancelled: number
}

export const noCalls = (): OutcomeCounts => ({ calls: 0, failed: 0, refused: 0, cancelled: 0 })

/**
 * Adds to the counts if the event is the call of a tool. `what` and `outcome` have the form that they have in the key of an
 * event.
 */
export function countOutcome(counts: OutcomeCounts, what: string, outcome: string, count: number): void {
  if (!isCall(what)) return
  counts.calls += count
  const [kind] = outcome.split('.')
  if (kind === 'failed' || kind === 'refused' || kind === 'cancelled') counts[kind] += count
}

export function addCounts(counts: OutcomeCounts, other: Readonly<OutcomeCounts>): void {
  counts.calls += other.calls
  counts.failed += other.failed
  counts.refused += other.refused
  counts.cancelled += other.cancelled
}

export const isCall = (what: string): boolean => what.startsWith('call.')
