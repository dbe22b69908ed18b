import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import { cellParts } from '../usage/cells.ts'
import { type Histogram, percentile } from '../usage/histogram.ts'
import { addCounts, countOutcome, isCall, noCalls, type OutcomeCounts } from '../usage/outcome-counts.ts'
import { isSignIn, type Period } from '../usage/period.ts'
import { dayNumber } from '../usage/time.ts'
import { atOnce, daysOf, type NameReader, type ReportParts } from './parts.ts'
import type { ClientRow, FunnelRow, Overview, OverviewDay, Range, RefusalRow, ToolRow } from './reports.ts'

/** The steps of a sign-in that pages show, in their order. */
const steps = ['approved', 'provider', 'callback', 'confirmation', 'code', 'token']

/** Half of the calls, and 95 of 100, took no longer. */
function speedOf(histogram: Histogram = []): { readonly p50?: number; readonly p95?: number } {
  return defined({ p50: percentile(histogram, 0.5), p95: percentile(histogram, 0.95) })
}

/** The counts of a period, with the parts of their names. */
function* countsIn({ counts }: Period) {
  for (const [name, count] of counts) yield { ...cellParts(name), count }
}

export async function overview(parts: ReportParts, range: Range, signal: AbortSignal): Promise<Overview> {
  const { period, ...active } = await parts.period(range, signal)
  const sums = { ...noCalls(), anonymousCalls: 0, machineCalls: 0 }
  const days = daysOf(parts, range).map((day): OverviewDay => {
    const found = period.days.get(dayNumber(day))
    if (!found) return { day, ...noCalls(), people: 0, companies: 0, signIns: 0 }
    const { anonymousCalls, machineCalls, ...shown } = found
    addCounts(sums, found)
    sums.anonymousCalls += anonymousCalls
    sums.machineCalls += machineCalls
    return { day, ...shown }
  })
  return { ...sums, days, ...active, ...speedOf(period.durations) }
}

export async function clients(
  parts: ReportParts,
  names: NameReader,
  { range, prefix = '' }: { readonly range: Range; readonly prefix?: string | undefined },
  signal: AbortSignal,
): Promise<readonly ClientRow[]> {
  const { period } = await parts.period(range, signal)
  const sums = sumsBy(period, ({ client }) => client)
  const rows = await inParallel([...sums], atOnce, async ([id, { signIns, ...counts }]): Promise<ClientRow> => {
    return { client: await names.client(id, signal), ...counts, signIns, ...speedOf(period.byClient.get(id)) }
  })
  return rows
    .filter(({ client: { name = '', host = '' } }) => [name, host].some((text) => startsWith(text, prefix)))
    .toSorted((a, b) => b.calls - a.calls || b.signIns - a.signIns)
}

export const startsWith = (text: string, prefix: string): boolean =>
  text.toLowerCase().startsWith(prefix.trim().toLowerCase())

function sumsBy(period: Period, key: (cell: { client: string; what: string }) => string | null) {
  const sums = new Map<string, OutcomeCounts & { signIns: number }>()
  for (const { client, what, outcome, count } of countsIn(period)) {
    const name = key({ client, what })
    if (name === null) continue
    const sum = sums.get(name) ?? { ...noCalls(), signIns: 0 }
    sums.set(name, sum)
    countOutcome(sum, what, outcome, count)
    if (isSignIn(what, outcome)) sum.signIns += count
  }
  return sums
}

export async function tools(parts: ReportParts, range: Range, signal: AbortSignal): Promise<readonly ToolRow[]> {
  const { period } = await parts.period(range, signal)
  const sums = sumsBy(period, ({ what }) => (isCall(what) ? what.slice(5) : null))
  const offered = new Set(parts.tools)
  const names = [...new Set([...parts.tools, ...sums.keys()])]
  const rows = names.map((tool): ToolRow => {
    const { signIns, ...counts } = sums.get(tool) ?? { ...noCalls(), signIns: 0 }
    return { tool, offered: offered.has(tool), ...counts, ...speedOf(period.byTool.get(tool)) }
  })
  return rows.toSorted((a, b) => b.calls - a.calls)
}

export async function funnel(
  parts: ReportParts,
  names: NameReader,
  range: Range,
  signal: AbortSignal,
): Promise<readonly FunnelRow[]> {
  const byClient = new Map<string, Map<string, { ok: number; refused: number; failed: number }>>()
  const { period } = await parts.period(range, signal)
  for (const { client, what, outcome, count } of countsIn(period)) {
    if (isCall(what)) continue
    const ofClient = byClient.get(client) ?? new Map()
    byClient.set(client, ofClient)
    const step = what.slice(5)
    const counts = ofClient.get(step) ?? { ok: 0, refused: 0, failed: 0 }
    ofClient.set(step, counts)
    const [kind] = outcome.split('.')
    if (kind === 'ok' || kind === 'refused' || kind === 'failed') counts[kind] += count
  }
  const rows = await inParallel([...byClient], atOnce, async ([id, ofClient]) => ({
    client: await names.client(id, signal),
    steps: steps.map((step) => ({ step, ...(ofClient.get(step) ?? { ok: 0, refused: 0, failed: 0 }) })),
  }))
  const begun = ({ steps: [first] }: FunnelRow) => first?.ok ?? 0
  return rows.toSorted((a, b) => begun(b) - begun(a))
}

export async function refusals(parts: ReportParts, range: Range, signal: AbortSignal): Promise<readonly RefusalRow[]> {
  const rows = new Map<string, RefusalRow>()
  const { period } = await parts.period(range, signal)
  for (const { what, outcome, count } of countsIn(period)) {
    const [kind, reason = 'unknown'] = outcome.split('.')
    if (kind !== 'failed' && kind !== 'refused') continue
    const key = `${what} ${outcome}`
    const sum = (rows.get(key)?.count ?? 0) + count
    rows.set(key, { what: isCall(what) ? 'call' : 'step', name: what.slice(5), kind, reason, count: sum })
  }
  return [...rows.values()].toSorted((a, b) => b.count - a.count)
}
