import { defined } from '../../base/defined.ts'
import { isBlockEntry } from '../../oauth/clients/stored-blocks.ts'
import { type AttemptStory, textOf } from '../../people/attempts/story.ts'
import type { AuditPage, AuditQuery } from '../../people/audit/query.ts'
import type { Verification } from '../../people/audit/verify.ts'
import type { Forgetting } from '../../people/privacy/privacy.ts'
import { type ExportPart, exportPartCount, type Reports } from '../../people/reports/reports.ts'
import type { AdminActions, DeadMessages, ExportName } from '../admin/actions.ts'
import type { StoredBlocks } from '../admin/blocks.ts'
import { machineRows } from '../admin/machine-rows.ts'
import type { EntryKind, TrustedEntries } from '../admin/trusted-entries.ts'
import { type Asked, pageOf, rangeOf, textIn, timeOf, wordOf } from './asked.ts'
import { type Doctor, doctorRoutes } from './doctor-routes.ts'
import { exportNames, exportsInParts, withExport } from './exports.ts'
import { badRequest, notFound, Refusal } from './refusal.ts'
import type { AdminApiRoute } from './route.ts'
import { formats, streamExport } from './stream.ts'

/** What the admin API reads and does. */
export interface AdminApiParts {
  /** Makes the reports of one request. */
  reports(): Reports
  readonly actions: AdminActions
  readonly blocks: Pick<StoredBlocks, 'list'>
  readonly trusted: Pick<TrustedEntries, 'list'>
  readonly blockedBySetting: readonly string[]
  readonly dead: Pick<DeadMessages, 'list'>
  auditEntries(query: AuditQuery, signal: AbortSignal): Promise<AuditPage>
  /** Verifies as much of the audit log as it can within the time of one request. `next` is where to continue. */
  verifyAudit(
    options: { readonly expect?: string | undefined; readonly from?: string | undefined },
    signal: AbortSignal,
  ): Promise<Verification>
  forgetting(sub: string, signal: AbortSignal): Promise<Forgetting>
  /** Answers what `npm run doctor` asks. Its code is loaded for the first such request. */
  doctor(): Promise<Doctor>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const days = ['days'] as const
const page = ['cursor', 'limit'] as const
const companyOrders = ['calls', 'people', 'errors', 'newest', 'name'] as const
const day = 86_400_000

/** Lists the routes of the admin API, in the order of the documentation. */
export function adminApiRoutes(parts: AdminApiParts): readonly AdminApiRoute[] {
  const { reports, actions } = parts
  return [
    get('/usage', 'calls, people and companies by day', days, (asked) => reports().overview(rangeOf(asked), asked.signal)), // biome-ignore format: one line
    get('/companies', 'companies that called', [...days, ...page, 'search', 'order'], (asked) => {
      const order = wordOf(asked, 'order', companyOrders)
      const search = asked.query.get('search') ?? undefined
      return reports().companies({ range: rangeOf(asked), ...pageOf(asked), ...defined({ order, search }) }, asked.signal) // biome-ignore format: one line
    }),
    get('/companies/:id', 'one company', days, async (asked) =>
      found(await reports().company(part(asked, 'id'), rangeOf(asked), asked.signal), 'there is no such company'),
    ),
    get('/people', 'people, the newest first', [...days, ...page, 'company'], (asked) => {
      const company = asked.query.get('company') ?? undefined
      return reports().people({ range: rangeOf(asked), ...pageOf(asked), ...defined({ company }) }, asked.signal)
    }),
    {
      // The body holds the email address, because a proxy may log URLs.
      ...post('/people/find', 'the people with exactly this address: {"email":"…"}', (asked) => {
        const email = textIn(asked, 'email')
        if (email === undefined) throw badRequest('the body must be {"email":"…"}')
        return reports().people({ range: rangeOf(asked), ...pageOf(asked), email }, asked.signal)
      }),
      ...{ changes: false, recent: false, query: [...days, ...page] },
    },
    get('/people/:sub', 'one person, with the connections', days, async (asked) =>
      found(await reports().person(subOf(asked), rangeOf(asked), asked.signal), 'there is no such person'),
    ),
    get('/people/:sub/forgetting', 'how far the forgetting of a person is', [], async (asked) => ({
      forgetting: await parts.forgetting(subOf(asked), asked.signal),
    })),
    {
      ...get('/people/:sub/disclosure', 'everything that is held on a person', [], ({ caller, signal, path }) =>
        actions.disclose(caller.actor, subOf({ path }), signal),
      ),
      recent: true,
    },
    post('/people/:sub/revoke', 'ends everything that is connected as a person', ({ caller, signal, path }) =>
      actions.endPerson(caller.actor, subOf({ path }), signal),
    ),
    post('/people/:sub/forget', 'ends a person, and removes everything about them', ({ caller, signal, path }) =>
      actions.forget(caller.actor, subOf({ path }), signal),
    ),
    get('/clients', 'clients that called or signed in', [...days, 'search'], async (asked) => ({
      rows: await reports().clients(rangeOf(asked), asked.signal, asked.query.get('search') ?? undefined),
    })),
    get('/machines', 'programs that get tokens for themselves, with their calls', days, async (asked) => ({
      rows: await machineRows(reports(), parts.trusted, rangeOf(asked), asked.signal),
    })),
    post('/machines/:name/end', 'ends every token that a machine has', (asked) => endEntry(actions, 'machine', asked)),
    get('/tenants', 'companies that manage the access of their people', [], async ({ signal }) => ({
      rows: await parts.trusted.list('tenant', signal),
    })),
    post('/tenants/:name/end', 'ends every token that the people of such a company have', (asked) =>
      endEntry(actions, 'tenant', asked),
    ),
    get('/tools', 'tools, with errors and times', days, async (asked) => ({
      rows: await reports().tools(rangeOf(asked), asked.signal),
    })),
    get('/funnel', 'how far sign-ins get, by client', days, async (asked) => ({
      rows: await reports().funnel(rangeOf(asked), asked.signal),
    })),
    get('/refusals', 'refused calls and steps, by reason', days, async (asked) => ({
      rows: await reports().refusals(rangeOf(asked), asked.signal),
    })),
    get('/new', 'people and companies that are new this week', [], ({ signal }) => reports().newThisWeek(signal)),
    get('/webhooks', 'messages to the CRM that could not be delivered', ['cursor'], ({ query, signal }) =>
      parts.dead.list(signal, query.get('cursor') ?? undefined),
    ),
    post('/webhooks/replay', 'sends dead messages again: {"id":"…"} or {"all":true}', (asked) => replay(actions, asked)), // biome-ignore format: one line
    get('/blocks', 'blocked clients', [], async ({ signal }) => ({
      rows: await parts.blocks.list(signal),
      by_setting: parts.blockedBySetting,
    })),
    post('/blocks', 'blocks a client: {"entry":"…","note":"…"}', async (asked) => {
      const entry = entryIn(asked)
      const block = { entry, ...defined({ note: textIn(asked, 'note') }) }
      return { changed: await actions.block(asked.caller.actor, block, asked.signal) }
    }),
    post('/unblock', 'unblocks a client: {"entry":"…"}', async (asked) => ({
      changed: await actions.unblock(asked.caller.actor, entryIn(asked), asked.signal),
    })),
    get('/trace/:code', 'the story of one attempt to connect', [], async ({ caller, signal, path }) =>
      storyOf(await actions.trace(caller.actor, path.code ?? '', signal)),
    ),
    get('/audit', 'the audit log, the newest first', ['from', 'to', 'sub', 'action', 'cursor', 'limit'], (asked) =>
      parts.auditEntries(auditQueryOf(asked, parts.now()), asked.signal),
    ),
    get('/audit/verify', 'checks the audit log against its digests', ['expect', 'from'], ({ query, signal }) => {
      const [expect, from] = ['expect', 'from'].map((name) => query.get(name) ?? undefined)
      if (from !== undefined && !/^\d{8}$/.test(from)) throw badRequest('from must be a day such as 20261130')
      return parts.verifyAudit({ expect, from }, signal)
    }),
    {
      ...get(
        '/export/:name',
        'usage, people, companies or audit as CSV or NDJSON',
        [...days, 'format', 'part'],
        (asked) => exportOf(parts, asked),
      ),
      recent: true,
    },
    ...doctorRoutes(parts.doctor),
  ]
}

const get = (path: string, about: string, query: readonly string[], answer: AdminApiRoute['answer']): AdminApiRoute =>
  ({ method: 'GET', changes: false, path, about, query, answer }) // biome-ignore format: one line
const post = (path: string, about: string, answer: AdminApiRoute['answer']): AdminApiRoute =>
  ({ method: 'POST', changes: true, path, about, recent: true, answer }) // biome-ignore format: one line

function found<T extends object>(value: T | null, words: string): T {
  if (value === null) throw notFound(words)
  return value
}

const part = ({ path }: Pick<Asked, 'path'>, name: string) => path[name] ?? ''

/** Reads the id of a person. Rejects malformed ids: as part of a key they could name other records. */
function subOf(asked: Pick<Asked, 'path'>): string {
  const sub = part(asked, 'sub')
  if (!/^u_[\w-]{43}$/.test(sub))
    throw badRequest('the id of a person begins with u_: look for it with POST /people/find')
  return sub
}

function entryIn(asked: Asked): string {
  const entry = textIn(asked, 'entry')
  if (entry !== undefined && isBlockEntry(entry)) return entry
  throw badRequest('entry must be the hash of a client, a host in lower case without a scheme, or before:<date>')
}

async function endEntry(actions: AdminActions, kind: EntryKind, asked: Asked): Promise<object> {
  const name = part(asked, 'name')
  const isEnded = await actions.endEntry(asked.caller.actor, kind, name, asked.signal)
  if (!isEnded) throw notFound(`the settings have no ${kind === 'tenant' ? 'company' : 'machine'} of this name`)
  return { ended: name }
}

async function replay(actions: AdminActions, asked: Asked): Promise<object> {
  const { body, caller, signal } = asked
  const id = textIn(asked, 'id')
  if ((body.all === true) === (id !== undefined)) throw badRequest('the body must be {"id":"…"} or {"all":true}')
  if (id === undefined) return { replayed: await actions.replayAll(caller.actor, signal) }
  if (!(await actions.replay(caller.actor, id, signal))) throw notFound('there is no dead message with this id')
  return { replayed: 1 }
}

function storyOf(story: AttemptStory | null | 'limited'): object {
  if (story === 'limited') {
    throw new Refusal(429, 'temporarily_unavailable', 'too many codes were looked up: try later', { 'retry-after': '600' }) // biome-ignore format: one line
  }
  if (story === null) throw notFound('nothing is known about this code: it is mistyped, or too old')
  return { ...story, text: textOf(story) }
}

/** Milliseconds. The most that `MCP_KEEP_AUDIT_DAYS` may say. */
const longestKept = 3660 * day

const auditActionForm = /^[a-z][a-z-]{0,39}$/

function auditQueryOf(asked: Asked, now: number): AuditQuery {
  const [sub, action] = ['sub', 'action'].map((name) => asked.query.get(name) ?? undefined)
  if (sub !== undefined) subOf({ path: { sub } })
  if (action !== undefined && !auditActionForm.test(action)) throw badRequest('action must be a word such as sign-in')
  const to = Math.min(timeOf(asked, 'to') ?? now + 1, now + 1)
  // The search goes hour by hour, so its period must be bounded.
  const from = Math.max(timeOf(asked, 'from') ?? to - 30 * day, now - longestKept)
  return { from, to, ...pageOf(asked), ...defined({ sub, action }) }
}

async function exportOf(parts: AdminApiParts, asked: Asked): Promise<Response> {
  const name = exportNames.find((one) => one === asked.path.name)
  if (name === undefined) throw notFound(`the exports are ${exportNames.join(', ')}`)
  const [range, format] = [rangeOf(asked), wordOf(asked, 'format', formats) ?? 'ndjson']
  const part = partOf(asked, name)
  const detail = `${range.days} days, ${format}${part === undefined ? '' : `, part ${part + 1} of ${exportPartCount}`}`
  await parts.actions.recordExport(asked.caller.actor, name, detail, asked.signal)
  const source = { reports: parts.reports(), auditEntries: parts.auditEntries, now: parts.now }
  const gzip = /\bgzip\b/.test(asked.request.headers.get('accept-encoding') ?? '')
  const peoplePart = part === undefined ? undefined : { index: part, of: exportPartCount }
  return withExport(name, { range, part, peoplePart }, source, (rows) =>
    streamExport(rows, { format, gzip, fileName: name }),
  )
}

/** Reads `part`, from 1 to 16. Throws `Refusal`. */
function partOf({ query }: Asked, name: ExportName): ExportPart | undefined {
  const text = query.get('part')
  if (text === null) return undefined
  const part = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (part < 1 || part > exportPartCount) throw badRequest(`part must be a whole number from 1 to ${exportPartCount}`)
  if (!exportsInParts.some((one) => one === name)) throw badRequest(`only ${exportsInParts.join(' and ')} have parts`)
  return part - 1
}
