import { clientName, displayName } from '../../../oauth/pages/display-name.ts'
import { breakable, html, type Markup } from '../../../pages/markup.ts'
import type { ClientName, CompanyRow, Counts, PersonRow } from '../../../people/reports/reports.ts'

const whole = new Intl.NumberFormat('en-US')
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const share = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 })

export const numberText = (count: number): string => whole.format(count)
/** Writes a count with at most four digits, such as `12.3K`. */
export const shortNumber = (count: number): string => short.format(count)

/** `1 call`, `2 calls`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${numberText(count)} ${count === 1 ? one : many}`

/** Writes a share as a percentage, or a dash if the whole is 0. */
export const percent = (part: number, all: number): string => (all === 0 ? '–' : share.format(part / all))

/** Writes the share of failed calls: this server failed, or a service that it calls. */
export const errorRate = ({ failed, calls }: Counts): string => percent(failed, calls)

export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–'
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`
}

const dayFormat = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' })
const shortDayFormat = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' })

/** Milliseconds since the epoch of a day that is written as `yyyymmdd`. */
export const timeOfDay = (day: string): number =>
  Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)))
export const shortDay = (day: string): string => shortDayFormat.format(timeOfDay(day))

/** A day in UTC, of seconds since the epoch or of `yyyymmdd`. */
export function dayMark(when: number | string | undefined): Markup {
  if (when === undefined) return html`–`
  const time = typeof when === 'string' ? timeOfDay(when) : when * 1000
  return html`<time datetime="${new Date(time).toISOString().slice(0, 10)}">${dayFormat.format(time)}</time>`
}

/** A moment to the second, in UTC, of milliseconds since the epoch. */
export function momentMark(time: number): Markup {
  const iso = new Date(time).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`
}

/** Shows the publisher first, which is verified, and then the name that the client gives itself, which is not. */
export function clientMark({ name, host, machine, id }: ClientName): Markup {
  const claimed = clientName(name, '')
  if (machine) return html`<bdi>${claimed}</bdi> <span class="chip">machine</span>`
  if (host === undefined) {
    const shown = claimed === '' ? html`<i>No name</i> <code>${id.slice(0, 8)}</code>` : html`<bdi>${claimed}</bdi>`
    return html`${shown}`
  }
  return html`${claimed !== '' && html`<bdi>${claimed}</bdi> `}<span class="chip verified">${breakable(host)}</span>`
}

/** The name of a client as plain text, for labels. */
export const clientText = ({ name, host, machine }: ClientName): string =>
  (host ?? clientName(name, 'a client without a name')) + (machine ? ' (machine)' : '')

/** The id that stands for all people without a company. */
export const noCompany = '-'

export function companyText({ id, name, domain }: Pick<CompanyRow, 'id' | 'name' | 'domain'>): string {
  if (id === noCompany) return 'People without a company'
  return displayName(name ?? domain, `Company ${id.slice(0, 8)}`)
}

export function personText({ email, name, sub }: Pick<PersonRow, 'email' | 'name' | 'sub'>): string {
  return displayName(email ?? name, `Person ${sub.slice(0, 10)}`)
}
