import { randomBytes } from 'node:crypto'
import { isMachine } from '../../base/machine.ts'
import type { Happening, Outcome, UsageEvent } from './event.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { type Slice, sliceMilliseconds, sliceOf, startOfSlice } from './time.ts'

/** Stands for an absent person, company or client. */
export const noId = '-'
/** Stands for a person who was forgotten. Their events stay, and no longer name them. */
export const forgotten = 'forgotten'
/** Stands for every program that acts for itself. Its client says which one. No report shows it as a person. */
export const machines = 'machines'

/** Whether an id in an event is the pseudonym of one person. */
export const isPerson = (person: string): boolean => ![noId, forgotten, machines].includes(person)

/** What the key of an event says. The ids are pseudonyms. */
export interface CountedEvent {
  readonly slice: Slice
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly person: string
  readonly company: string
  readonly client: string
  /** `call.<tool>` or `step.<step>`. */
  readonly what: string
  /** `ok`, or a kind with its reason, such as `failed.timeout`. */
  readonly outcome: string
  readonly milliseconds: number
  /** Distinguishes two events that are otherwise equal. */
  readonly nonce: string
}

const minute = 60_000
const longestName = 64
/** In milliseconds. A longer duration would not fit into nine digits. */
const longestDuration = 999_999_999
const longestReason = 40

/** Makes an event ready to be counted. `company` is the id of the person's company. */
export function countedEvent(
  event: UsageEvent,
  company: string | undefined,
  pseudonyms: Pick<Pseudonyms, 'person' | 'company' | 'client'>,
  nonce = randomBytes(6).toString('base64url'),
): CountedEvent {
  const { at, sub, client, milliseconds } = event
  return {
    slice: sliceOf(at),
    at,
    person: sub === undefined ? noId : isMachine(sub) ? machines : pseudonyms.person(sub),
    company: company === undefined ? noId : pseudonyms.company(company),
    client: client === undefined ? noId : pseudonyms.client(client),
    what: whatOf(event.what),
    outcome: outcomeOf(event.outcome),
    milliseconds: Math.max(0, Math.min(Math.round(milliseconds), longestDuration)),
    nonce: `n${nonce}`,
  }
}

/**
 * Makes the key of an event. Every fact of the event is in its key, so that listing keys reads the events. The minute comes
 * first, so that a prefix lists one minute.
 */
export function eventKey({ slice, at, person, company, client, what, outcome, ...rest }: CountedEvent): string {
  const time = at - startOfSlice(slice)
  const when = `${Math.floor(time / minute)}${String(time % minute).padStart(5, '0')}`
  return [slicePrefix(slice) + when, person, company, client, what, outcome, rest.milliseconds, rest.nonce].join('/')
}

export const slicePrefix = (slice: Slice): string => `usage/${slice}/`
/** The prefixes of the ten minutes of a slice. */
export const minutePrefixes = (slice: Slice): readonly string[] =>
  Array.from({ length: sliceMilliseconds / minute }, (_, index) => slicePrefix(slice) + index)

/** Reads the key of an event. Returns `null` for a key of another form, such as one with a duration of more than eleven days. */
export function readEventKey(key: string): CountedEvent | null {
  const [root, slice, when, person, company, client, what, outcome, milliseconds, nonce, ...more] = key.split('/')
  if (root !== 'usage' || nonce === undefined || more.length > 0) return null
  if (slice === undefined || !/^\d{11}$/.test(slice) || when === undefined || !/^\d{6}$/.test(when)) return null
  if (!person || !company || !client || !what || !outcome || !/^\d{1,9}$/.test(milliseconds ?? '')) return null
  const at = startOfSlice(slice) + Number(when[0]) * minute + Number(when.slice(1))
  return { slice, at, person, company, client, what, outcome, milliseconds: Number(milliseconds), nonce }
}

const whatOf = (what: Happening) => (what.kind === 'call' ? `call.${nameOf(what.tool)}` : `step.${nameOf(what.step)}`)

const nameOf = (name: string) => (name.length <= longestName && /^\w(?:[\w.-]*\w)?$/.test(name) ? name : 'unknown')

function outcomeOf({ kind, reason = '' }: Outcome): string {
  const slug = reason
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, longestReason)
    .replaceAll(/^_+|_+$/g, '')
  return slug === '' || kind === 'ok' ? kind : `${kind}.${slug}`
}
