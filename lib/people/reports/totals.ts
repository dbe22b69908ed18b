import { inParallel } from '../../base/in-parallel.ts'
import { cellParts } from '../usage/cells.ts'
import { addHistogram, type Histogram, percentile } from '../usage/histogram.ts'
import { countOutcome, isCall, noCalls } from '../usage/outcome-counts.ts'
import { windows } from '../usage/shards.ts'
import { atOnce, type DayTotals, daysOf, type NameReader, type ReportParts, readTotals, today } from './parts.ts'
import type { ClientRow, FunnelRow, Overview, OverviewDay, Range, RefusalRow, ToolRow } from './reports.ts'

/** The steps of a sign-in that pages show, in their order. */
const steps = ['approved', 'provider', 'callback', 'confirmation', 'code', 'token']
const signedIn = 'step.token'

/** Half of the calls, and 95 of 100, took no longer. Refused calls took no time to speak of, and do not count. */
function speedOf(histogram: Histogram): { readonly p50?: number; readonly p95?: number } {
  const [p50, p95] = [percentile(histogram, 0.5), percentile(histogram, 0.95)]
  return p50 === undefined || p95 === undefined ? {} : { p50, p95 }
}

/** Sums up cells: the calls, how they ended, and how long those took that ran. */
function createSum() {
  const counts = noCalls()
  const histogram: Histogram = []
  let signIns = 0
  return {
    counts,
    histogram,
    signIns: () => signIns,
    add(what: string, outcome: string, cell: { readonly count: number; readonly histogram: Histogram }) {
      countOutcome(counts, what, outcome, cell.count)
      if (isCall(what) && !outcome.startsWith('refused')) addHistogram(histogram, cell.histogram)
      if (what === signedIn && outcome === 'ok') signIns += cell.count
    },
  }
}

function* cellsIn(totals: readonly DayTotals[]) {
  for (const { cells } of totals) for (const [name, cell] of cells) yield { ...cellParts(name), cell }
}

export async function overview(parts: ReportParts, range: Range, signal: AbortSignal): Promise<Overview> {
  const totals = await parts.totals(range, signal)
  const whole = createSum()
  const byDay = new Map(totals.map((day) => [day.day, day]))
  const days = daysOf(parts, range).map((day): OverviewDay => {
    const found = byDay.get(day)
    const sum = createSum()
    for (const { what, outcome, cell } of found ? cellsIn([found]) : []) {
      sum.add(what, outcome, cell)
      whole.add(what, outcome, cell)
    }
    const { people = 0, companies = 0 } = found ?? {}
    return { day, ...sum.counts, people, companies, signIns: sum.signIns() }
  })
  return {
    ...whole.counts,
    days,
    anonymousCalls: totals.reduce((sum, { anonymousCalls }) => sum + anonymousCalls, 0),
    ...(await activeIn(parts, range, days.at(-1), signal)),
    ...speedOf(whole.histogram),
  }
}

/** How many different people and companies there were. */
async function activeIn(parts: ReportParts, range: Range, last: OverviewDay | undefined, signal: AbortSignal) {
  const { composed } = await parts.recent(signal)
  const index = windows.findIndex((days) => days === range.days - 1)
  const totals = composed === undefined || index === -1 ? null : await readTotals(parts.store, composed, signal)
  if (composed === undefined || !totals) {
    return { people: last?.people ?? 0, companies: last?.companies ?? 0, through: today(parts) }
  }
  const { activePeople = [], activeCompanies = [] } = totals
  return { people: activePeople[index] ?? 0, companies: activeCompanies[index] ?? 0, through: composed }
}

export async function clients(
  parts: ReportParts,
  names: NameReader,
  { range, prefix = '' }: { readonly range: Range; readonly prefix?: string | undefined },
  signal: AbortSignal,
): Promise<readonly ClientRow[]> {
  const sums = sumsBy(await parts.totals(range, signal), ({ client }) => client)
  const rows = await inParallel([...sums], atOnce, async ([id, sum]): Promise<ClientRow> => {
    const client = await names.client(id, signal)
    return { client, ...sum.counts, signIns: sum.signIns(), ...speedOf(sum.histogram) }
  })
  return rows
    .filter(({ client: { name = '', host = '' } }) => [name, host].some((text) => startsWith(text, prefix)))
    .toSorted((a, b) => b.calls - a.calls || b.signIns - a.signIns)
}

export const startsWith = (text: string, prefix: string): boolean =>
  text.toLowerCase().startsWith(prefix.trim().toLowerCase())

function sumsBy(totals: readonly DayTotals[], key: (cell: { client: string; what: string }) => string | null) {
  const sums = new Map<string, ReturnType<typeof createSum>>()
  for (const { client, what, outcome, cell } of cellsIn(totals)) {
    const name = key({ client, what })
    if (name === null) continue
    const sum = sums.get(name) ?? createSum()
    sums.set(name, sum)
    sum.add(what, outcome, cell)
  }
  return sums
}

export async function tools(parts: ReportParts, range: Range, signal: AbortSignal): Promise<readonly ToolRow[]> {
  const sums = sumsBy(await parts.totals(range, signal), ({ what }) => (isCall(what) ? what.slice(5) : null))
  const offered = new Set(parts.tools)
  const names = [...new Set([...parts.tools, ...sums.keys()])]
  const rows = names.map((tool): ToolRow => {
    const sum = sums.get(tool) ?? createSum()
    return { tool, offered: offered.has(tool), ...sum.counts, ...speedOf(sum.histogram) }
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
  for (const { client, what, outcome, cell } of cellsIn(await parts.totals(range, signal))) {
    if (isCall(what)) continue
    const ofClient = byClient.get(client) ?? new Map()
    byClient.set(client, ofClient)
    const step = what.slice(5)
    const counts = ofClient.get(step) ?? { ok: 0, refused: 0, failed: 0 }
    ofClient.set(step, counts)
    const [kind] = outcome.split('.')
    if (kind === 'ok' || kind === 'refused' || kind === 'failed') counts[kind] += cell.count
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
  for (const { what, outcome, cell } of cellsIn(await parts.totals(range, signal))) {
    const [kind, reason = 'unknown'] = outcome.split('.')
    if (kind !== 'failed' && kind !== 'refused') continue
    const key = `${what} ${outcome}`
    const count = (rows.get(key)?.count ?? 0) + cell.count
    rows.set(key, { what: isCall(what) ? 'call' : 'step', name: what.slice(5), kind, reason, count })
  }
  return [...rows.values()].toSorted((a, b) => b.count - a.count)
}
