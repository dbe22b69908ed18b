import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import { type Cells, cellParts } from './cells.ts'
import { addHistogram, fromSparse, type Histogram, toSparse } from './histogram.ts'
import { countOutcome, isCall, noCalls, type OutcomeCounts } from './outcome-counts.ts'

/** One day of a period, as pages show it. */
export interface PeriodDay extends OutcomeCounts {
  /** Different people and companies who called a tool. */
  readonly people: number
  readonly companies: number
  readonly anonymousCalls: number
  readonly machineCalls: number
  /** Completed sign-ins. */
  readonly signIns: number
}

/**
 * The sum of the totals of several days, as the overview and the pages of clients, tools and sign-ins show them. It has only the
 * durations that those pages show, and not those of each cell, so that the record of 90 days is as small as the record of one
 * day.
 */
export interface Period {
  /** The days that have been counted, by the number of the day. */
  readonly days: Map<number, PeriodDay>
  /** By `<client> <what> <outcome>`, as in `Cells`. */
  readonly counts: Map<string, number>
  /** Durations of the calls that were not refused: of all, by client, and by tool. */
  readonly durations: Histogram
  readonly byClient: Map<string, Histogram>
  readonly byTool: Map<string, Histogram>
}

export const emptyPeriod = (): Period => ({
  days: new Map(),
  counts: new Map(),
  durations: [],
  byClient: new Map(),
  byTool: new Map(),
})

/** Whether this is a completed sign-in. */
export const isSignIn = (what: string, outcome: string): boolean => what === 'step.token' && outcome === 'ok'

/** The period of a single day. */
export function periodOfDay(
  number: number,
  cells: Cells,
  totals: Pick<PeriodDay, 'people' | 'companies' | 'anonymousCalls' | 'machineCalls'>,
): Period {
  const period = emptyPeriod()
  const { people, companies, anonymousCalls, machineCalls } = totals
  const day = { ...noCalls(), people, companies, anonymousCalls, machineCalls, signIns: 0 }
  period.days.set(number, day)
  for (const [name, { count, histogram }] of cells) {
    const { client, what, outcome } = cellParts(name)
    period.counts.set(name, count)
    countOutcome(day, what, outcome, count)
    if (isSignIn(what, outcome)) day.signIns += count
    // A refused call ran no tool, so its duration says nothing.
    if (!isCall(what) || outcome.startsWith('refused')) continue
    addHistogram(period.durations, histogram)
    addHistogram(histogramOf(period.byClient, client), histogram)
    addHistogram(histogramOf(period.byTool, what.slice(5)), histogram)
  }
  return period
}

function histogramOf(histograms: Map<string, Histogram>, name: string): Histogram {
  const known = histograms.get(name)
  if (known) return known
  const histogram: Histogram = []
  histograms.set(name, histogram)
  return histogram
}

/** Adds another period. The two periods must not have a day in common. */
export function addPeriod(period: Period, other: Period): void {
  for (const [number, day] of other.days) period.days.set(number, day)
  addNumbers(period, other, 1)
}

/** Subtracts another period. This period must have every day of the other one. */
export function subtractPeriod(period: Period, other: Period): void {
  for (const number of other.days.keys()) period.days.delete(number)
  addNumbers(period, other, -1)
}

function addNumbers(period: Period, other: Period, sign: 1 | -1): void {
  for (const [name, count] of other.counts) {
    const sum = (period.counts.get(name) ?? 0) + sign * count
    if (sum === 0) period.counts.delete(name)
    else period.counts.set(name, sum)
  }
  addHistogram(period.durations, other.durations, sign)
  for (const name of ['byClient', 'byTool'] as const) {
    for (const [key, histogram] of other[name]) addHistogram(histogramOf(period[name], key), histogram, sign)
  }
}

const periodValue = v.object({
  through: v.string(),
  activePeople: v.number(),
  activeCompanies: v.number(),
  days: v.array(v.string()),
  names: v.array(v.string()),
  counts: v.string(),
  durations: v.string(),
  byClient: v.array(v.string()),
  byTool: v.array(v.string()),
})

/** The record of a period. */
export interface StoredPeriod {
  /** The last day of the period, `yyyymmdd`. */
  readonly through: string
  /** Different people and companies in the period. */
  readonly activePeople: number
  readonly activeCompanies: number
  readonly period: Period
}

/**
 * A record. `counts` is `<client> <what> <outcome> <count> …`, where the first three are indexes of `names`. `byClient` and `byTool` are
 * `<name> <bucket> <count> …`. `days` are `<number of the day> <calls> <failed> <refused> <cancelled> <people> …`.
 */
export function toPeriodValue({ period, ...rest }: StoredPeriod): StoreValue {
  const indexes = new Map<string, number>()
  const indexOf = (name: string) => {
    const index = indexes.get(name) ?? indexes.size
    indexes.set(name, index)
    return index
  }
  const counts = [...period.counts].map(([name, count]) => [...name.split(' ').map(indexOf), count].join(' '))
  const lines = (histograms: ReadonlyMap<string, Histogram>) =>
    [...histograms].flatMap(([name, histogram]) => {
      const sparse = toSparse(histogram)
      return sparse === '' ? [] : [`${name} ${sparse}`]
    })
  return {
    ...rest,
    days: [...period.days].map(([number, day]) => [number, ...dayMembers.map((member) => day[member])].join(' ')),
    counts: counts.join(' '),
    names: [...indexes.keys()],
    durations: toSparse(period.durations),
    byClient: lines(period.byClient),
    byTool: lines(period.byTool),
  }
}

const dayMembers = [
  ...(['calls', 'failed', 'refused', 'cancelled'] as const),
  // New members come last: an earlier release skips what it does not know.
  ...(['people', 'companies', 'anonymousCalls', 'signIns', 'machineCalls'] as const),
]

/**
 * Reads what `toPeriodValue` wrote. Returns `null` for a damaged record. The caller can add up the records of the days instead.
 */
export function readPeriod(value: StoreValue): StoredPeriod | null {
  const parsed = v.safeParse(periodValue, value)
  if (!parsed.success) return null
  const { through, activePeople, activeCompanies, ...written } = parsed.output
  const period = emptyPeriod()
  for (const line of written.days) {
    const [number = 0, calls = 0, failed = 0, refused = 0, cancelled = 0, ...others] = numbersOf(line)
    const [people = 0, companies = 0, anonymousCalls = 0, signIns = 0, machineCalls = 0] = others
    const who = { people, companies, anonymousCalls, machineCalls, signIns }
    period.days.set(number, { calls, failed, refused, cancelled, ...who })
  }
  const numbers = numbersOf(written.counts)
  for (let at = 0; at + 3 < numbers.length; at += 4) {
    const [client, what, outcome] = [0, 1, 2].map((part) => written.names[numbers[at + part] ?? 0] ?? '')
    period.counts.set(`${client} ${what} ${outcome}`, numbers[at + 3] ?? 0)
  }
  addHistogram(period.durations, fromSparse(numbersOf(written.durations)))
  for (const name of ['byClient', 'byTool'] as const) {
    for (const line of written[name]) {
      const [key = '', ...sparse] = line.split(' ')
      period[name].set(key, fromSparse(sparse.map(Number)))
    }
  }
  return { through, activePeople, activeCompanies, period }
}

const numbersOf = (text: string) => (text === '' ? [] : text.split(' ').map(Number))
