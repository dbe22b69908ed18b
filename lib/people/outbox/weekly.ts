import { defined } from '../../base/defined.ts'
import { inParallel } from '../../base/in-parallel.ts'
import type { Store } from '../../store/store.ts'
import { readCompanies } from '../usage/companies-of-day.ts'
import { readCompaniesSummary } from '../usage/companies-summary.ts'
import { forgotten, noId } from '../usage/event-key.ts'
import { addCounts, isCall, noCalls, type OutcomeCounts } from '../usage/outcome-counts.ts'
import { readPeopleSummary } from '../usage/people-summary.ts'
import type { PseudonymSource } from '../usage/pseudonyms.ts'
import * as shards from '../usage/shards.ts'
import { type Day, dayAfter, dayNumber, dayOf, daysBetween, startOfDay } from '../usage/time.ts'
import { weeklySummary } from './events.ts'
import type { Seal } from './message.ts'
import type { Outbox } from './outbox.ts'
import { createReceiver, type ReceiverState } from './receiver.ts'

export interface WeeklyOptions {
  readonly store: Store
  readonly sealState: Seal<ReceiverState>
  readonly outbox: Outbox
  readonly pseudonyms: Pick<PseudonymSource, 'existing'>
  /** Issuer of the preview. Absent: not a preview. */
  readonly preview?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Milliseconds in which a run begins batches. Default 7000. */
  readonly share?: number | undefined
}

const atOnce = 16
/** Companies after which a run notes how far it is. */
const batchSize = 64
/** Seconds. Longer than any run takes. */
const lease = 60

/**
 * Puts the summary of each company into the outbox, once for each week that is complete: from Monday to Sunday, in UTC. A run
 * that is cut off is continued by the next; the summaries that both make have the same ids. When summaries begin, only the
 * latest week is told. Throws `StoreUnavailable`.
 *
 * @returns how many were enqueued
 */
export async function enqueueWeeklySummaries(options: WeeklyOptions, signal: AbortSignal): Promise<number> {
  const { store, sealState, now, share = 7000 } = options
  const seconds = Math.floor(now() / 1000)
  const end = now() + share
  const latest = latestSunday(now())
  const names = await options.pseudonyms.existing(signal)
  if (!names) return 0
  const notes = createReceiver({ store, seal: sealState, name: 'weekly-summaries', url: 'weekly-summaries' })
  const known = (await notes.read(signal)).position
  if (known !== undefined && nextWeek(known).sunday > latest) return 0
  // The record of a day is written when all of it has been counted.
  if ((await store.get(shards.dayKey(latest), signal)) === null) return 0
  const state = await notes.lease(seconds, seconds + lease, signal)
  if (state === null) return 0
  let enqueued = 0
  try {
    let { sunday, after } = state.position === undefined ? { sunday: latest, after: '' } : nextWeek(state.position)
    for (; sunday <= latest; sunday = dayAfter(sunday, 7), after = '') {
      const week = await readWeek(store, sunday, signal)
      const left = [...week].filter(([company]) => company > after).sort(([one], [other]) => (one < other ? -1 : 1))
      for (let at = 0; at < left.length; at += batchSize) {
        if (now() >= end) return enqueued
        const batch = left.slice(at, at + batchSize)
        await inParallel(batch, atOnce, async ([company, used]) => {
          const id = names.forReceiver('webhook', company)
          const message = weeklySummary(summaryOf(id, sunday, used), options.preview)
          // A run that was cut off, and the next one, use the same key: the message is there once.
          await options.outbox.enqueue(message, signal, nextFullHour(seconds))
        })
        enqueued += batch.length
        await notes.change({ position: `${sunday}+${batch.at(-1)?.[0]}` }, signal)
      }
      await notes.change({ position: sunday }, signal)
    }
    return enqueued
  } finally {
    await notes.change({ leasedUntil: 0 }, signal).catch(() => undefined)
  }
}

/** Half an hour or more ahead. */
const nextFullHour = (seconds: number) => Math.ceil((seconds + 1800) / 3600) * 3600

/** The week to do next. The position is the last Sunday that is done, or `<Sunday>+<the last company>`. */
function nextWeek(position: string): { readonly sunday: Day; readonly after: string } {
  const [sunday = '', after] = position.split('+')
  return after === undefined ? { sunday: dayAfter(sunday, 7), after: '' } : { sunday, after }
}

/** The last day of the latest week that is over. */
function latestSunday(now: number): Day {
  const weekday = new Date(now).getUTCDay()
  return dayAfter(dayOf(now), weekday === 0 ? -7 : -weekday)
}

interface Used {
  readonly name?: string | undefined
  readonly domain?: string | undefined
  people: number
  readonly counts: OutcomeCounts
  readonly tools: Map<string, number>
}

/** What each company did in a week, by pseudonym: only companies that called a tool. */
async function readWeek(store: Store, sunday: Day, signal: AbortSignal): Promise<ReadonlyMap<string, Used>> {
  const days = daysBetween(dayAfter(sunday, -6), sunday)
  const numbers = days.map(dayNumber)
  const week = new Map<string, Used>()
  await inParallel(shards.companyShards, atOnce, async (shard) => {
    const stored = await store.get(shards.companiesKey(shard), signal)
    if (!stored) return
    for (const [company, { name, domain, days: counts }] of readCompaniesSummary(stored.value).companies) {
      const used: Used = { name, domain, people: 0, counts: noCalls(), tools: new Map() }
      for (const number of numbers) addCounts(used.counts, counts.get(number) ?? noCalls())
      if (used.counts.calls > 0 && company !== noId && company !== forgotten) week.set(company, used)
    }
  })
  await inParallel(shards.peopleShards, atOnce, async (shard) => {
    const stored = await store.get(shards.peopleKey(shard), signal)
    if (!stored) return
    for (const { company, days: counts } of readPeopleSummary(stored.value).people.values()) {
      const used = week.get(company)
      if (used && numbers.some((number) => counts.has(number))) used.people += 1
    }
  })
  const records = days.flatMap((day) => shards.companyShards.map((shard) => shards.dayCompaniesKey(day, shard)))
  await inParallel(records, atOnce, async (key) => {
    const stored = await store.get(key, signal)
    if (!stored) return
    for (const [company, { uses }] of readCompanies(stored.value)) {
      const tools = week.get(company)?.tools
      for (const [use, count] of uses) {
        const [, what = ''] = use.split(' ')
        if (isCall(what)) tools?.set(what, (tools.get(what) ?? 0) + count)
      }
    }
  })
  return week
}

function summaryOf(id: string, sunday: Day, { name, domain, people, counts, tools }: Used) {
  return {
    company: defined({ id, name, domain }),
    week: isoWeek(sunday),
    from: dashed(dayAfter(sunday, -6)),
    to: dashed(sunday),
    people,
    calls: counts.calls,
    failures: counts.failed,
    tools: [...tools]
      .sort(([, one], [, other]) => other - one)
      .map(([what, calls]) => ({ name: what.slice('call.'.length), calls })),
  }
}

const dashed = (day: Day) => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`

/** The ISO 8601 week that ends on a Sunday: the year and the number are those of its Thursday. */
function isoWeek(sunday: Day): string {
  const thursday = dayAfter(sunday, -3)
  const year = thursday.slice(0, 4)
  const week = Math.floor((startOfDay(thursday) - Date.UTC(Number(year), 0, 1)) / (7 * 86_400_000)) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}
