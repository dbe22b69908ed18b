import { sha256 } from '../../base/sha256.ts'
import { toJson, wellFormedTexts } from '../../base/well-formed.ts'
import type { SignIn } from '../sign-in.ts'
import type { EventType } from './event-types.ts'
import type { Message } from './message.ts'

/** A company, as the CRM is told about it. */
export interface ToldCompany {
  readonly id: string
  readonly name?: string | undefined
  readonly domain?: string | undefined
}

/** Characters of a text in a message. A longer one is cut, so that a message always fits into its record. */
const longest = 200

/** The deploy that tells: `preview` is the issuer of a preview, and `undefined` for production. */
const sourceOf = (preview: string | undefined) => ({ source: preview === undefined ? 'mcp' : 'mcp-preview', preview })

/**
 * A person has signed in for the first time. The members beside `type` are those of the first release, at the top of the
 * body as they were (F-000-80), so that receivers of the first release go on working. `emailVerified` is null if the OpenID
 * Provider did not say (F-000-72).
 */
export function firstSeen(signIn: SignIn, domain: string | undefined, preview: string | undefined): Message {
  const { sub, email, emailVerified = null, organization, at } = signIn
  const timestamp = timeOf(at)
  // The day is part of the id: a person who was forgotten, and comes back, is a new person.
  const id = idOf('person.first_seen', sub, timestamp.slice(0, 10))
  return message('person.first_seen', id, at, {
    person: sub,
    body: { email, domain, sub, emailVerified, organization, ...sourceOf(preview), timestamp },
  })
}

/** A known person has signed in with another company. `version` is that of the person's record with the former company. */
export function companyChanged(
  signIn: SignIn,
  change: { readonly from: ToldCompany | null; readonly to: ToldCompany | null; readonly version: string },
  preview: string | undefined,
): Message {
  const { sub, email, emailVerified = null, at } = signIn
  const { from: previousCompany, to: company } = change
  return message('person.company_changed', idOf('person.company_changed', sub, change.version), at, {
    person: sub,
    body: { sub, email, emailVerified, previousCompany, company, ...sourceOf(preview), timestamp: timeOf(at) },
  })
}

/** What a company did in a week. Counts are of tool calls. */
export interface Week {
  readonly company: ToldCompany
  /** ISO 8601, such as `2026-W48`: from Monday to Sunday, in UTC. */
  readonly week: string
  /** The first and the last day, as `yyyy-mm-dd`. */
  readonly from: string
  readonly to: string
  readonly people: number
  readonly calls: number
  readonly failures: number
  /** The most used ones. */
  readonly tools: readonly { readonly name: string; readonly calls: number }[]
}

/** The weekly summary of a company. Its id is the same however often it is made. */
export function weeklySummary(week: Week, preview: string | undefined): Message {
  const at = Date.parse(`${week.to}T00:00:00Z`) / 1000 + 86_400
  return message('company.weekly_summary', idOf('company.weekly_summary', week.company.id, week.week), at, {
    body: { ...week, tools: week.tools.slice(0, 10), ...sourceOf(preview), timestamp: timeOf(at) },
  })
}

/** @param at seconds since the epoch */
function message(
  type: EventType,
  id: string,
  at: number,
  { person, body }: { readonly person?: string; readonly body: object },
): Message {
  const text = toJson(cut(wellFormedTexts({ type, ...body })))
  return { id, type, ...(person === undefined ? undefined : { person }), at: at * 1000, body: text }
}

const idOf = (...parts: readonly string[]) => `msg_${sha256(parts.join('\n')).slice(0, 32)}`

const timeOf = (seconds: number) => new Date(seconds * 1000).toISOString()

function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, longest).toWellFormed()
  if (Array.isArray(value)) return value.map(cut)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member)]))
}
