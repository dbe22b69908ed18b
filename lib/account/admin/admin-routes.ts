import { readAttemptCode } from '../../base/attempt-code.ts'
import { seeOther } from '../../oauth/authorization/answer-to-client.ts'
import { isBlockEntry } from '../../oauth/clients/stored-blocks.ts'
import { PageError } from '../../oauth/errors.ts'
import type { Brand } from '../../pages/brand.ts'
import { htmlResponse } from '../../pages/html-response.ts'
import type { Page } from '../../pages/layout.ts'
import type { AuditPage, AuditQuery } from '../../people/audit/query.ts'
import type { PersonReport, Reports } from '../../people/reports/reports.ts'
import { problemPage } from '../pages/problem.ts'
import type { AccountRoute, PostedVisit, Visit } from '../router.ts'
import type { AdminActions, DeadMessages } from './actions.ts'
import type { StoredBlocks } from './blocks.ts'
import { chosenExport, exportAnswer } from './export-answer.ts'
import { filePartsOf } from './export-parts.ts'
import { machineRows } from './machine-rows.ts'
import { auditActions, auditPage } from './pages/audit.ts'
import { blockedPage } from './pages/blocked.ts'
import { clientsPage } from './pages/clients.ts'
import { companiesPage, companyPage, isOrder } from './pages/companies.ts'
import { endPage, forgetPage } from './pages/confirm.ts'
import { exportPartsPage, exportsPage } from './pages/exports.ts'
import type { Frame } from './pages/layout.ts'
import { endEntryPage, machinesPage } from './pages/machines.ts'
import { newPage, overviewPage } from './pages/overview.ts'
import { peoplePage, personPage } from './pages/people.ts'
import { searchPage } from './pages/search.ts'
import { signInsPage } from './pages/sign-ins.ts'
import { toolsPage } from './pages/tools.ts'
import { tracePage } from './pages/trace.ts'
import { webhooksPage } from './pages/webhooks.ts'
import { counted } from './pages/words.ts'
import { adminPaths, pathWith, rangeOf, textIn } from './query.ts'
import type { EntryKind, TrustedEntries } from './trusted-entries.ts'

export interface AdminRoutesOptions {
  readonly origin: string
  readonly brand: Brand
  /** Makes the reports of one request. */
  readonly reports: () => Reports
  readonly actions: AdminActions
  readonly blocks: Pick<StoredBlocks, 'list'>
  /** The companies and the machines of the settings. */
  readonly trusted: Pick<TrustedEntries, 'list'>
  /** The entries of `MCP_OAUTH_BLOCKED_CLIENTS`. */
  readonly blockedBySetting: readonly string[]
  readonly dead: Pick<DeadMessages, 'list'>
  /** By when all data of a forgotten person has been removed, in words. */
  readonly removal: string
  readonly auditEntries: (query: AuditQuery, signal: AbortSignal) => Promise<AuditPage>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Sentences about what a form has just done, by the word in the address to which the form leads. */
const doneTexts: Readonly<Record<string, string>> = {
  ended: 'Every connection of this person has ended.',
  'machine-ended': 'Every token that this machine had has ended, everywhere within a minute.',
  'tenant-ended': 'Every token that the people of this company had has ended, everywhere within a minute.',
  forgetting: 'The person is signed out everywhere, and is being forgotten.',
  blocked: 'The client is blocked. This takes effect everywhere within a minute.',
  'blocked-before': 'The client was blocked before, or the list is full.',
  unblocked: 'The client is no longer blocked here. This takes effect everywhere within a minute.',
  replayed: 'The message is on its way again. It is tried for another three days.',
  'not-replayed': 'There is no such message any more.',
}

/** Makes the pages of `/admin`. The router checks at each request that the visitor is an admin (N6). */
export function adminRoutes(options: AdminRoutesOptions): readonly AccountRoute[] {
  const { origin, brand, reports, actions, blocks, trusted, blockedBySetting, dead, removal, auditEntries, now } =
    options
  const show = (page: Page, status = 200) => htmlResponse(page, { status })
  const go = (path: string, done?: string) => seeOther(origin + pathWith(path, { done }), [])

  function frameOf({ url, seal }: Visit): Frame {
    const done = url.searchParams.get('done') ?? ''
    const count = Number(url.searchParams.get('replayed'))
    const text = Object.hasOwn(doneTexts, done) ? doneTexts[done] : undefined
    const replayed = count > 0 ? `${counted(count, 'message')} on the way again.` : undefined
    return { brand, search: seal('search'), done: text ?? replayed }
  }
  const missing = ({ requestId }: Visit) => {
    const { page, status } = problemPage({ brand, kind: 'not-found', requestId, again: adminPaths.overview })
    return show(page, status)
  }
  const page = (path: string, get: NonNullable<AccountRoute['get']>): AccountRoute => ({ path, access: 'admin', get })
  const cursorOf = ({ url }: Visit) => textIn({ get: (name) => url.searchParams.get(name) }, 'cursor')

  async function overview(visit: Visit): Promise<Response> {
    const { signal, url } = visit
    const range = rangeOf(url)
    const read = reports()
    const [numbers, { rows }, tools, companies, people, { messages }] = await Promise.all([
      read.overview(range, signal),
      read.companies({ range, limit: 8 }, signal),
      read.tools(range, signal),
      read.companies({ range, order: 'newest', limit: 5 }, signal),
      read.people({ range, limit: 5 }, signal),
      dead.list(signal),
    ])
    const input = {
      range,
      overview: numbers,
      companies: rows,
      tools,
      newest: { companies: companies.rows, people: people.rows },
      deadWebhooks: messages.length,
    }
    return show(overviewPage(frameOf(visit), input))
  }

  async function companies(visit: Visit): Promise<Response> {
    const { signal, url } = visit
    const [range, cursor, search] = [
      rangeOf(url),
      textIn(url.searchParams, 'cursor'),
      textIn(url.searchParams, 'search'),
    ]
    const chosen = url.searchParams.get('order')
    const order = isOrder(chosen) ? chosen : 'calls'
    const query = { range, order, ...(search !== undefined && { search }), ...(cursor !== undefined && { cursor }) }
    const found = await reports().companies(query, signal)
    return show(companiesPage(frameOf(visit), { range, order, search, cursor, page: found }))
  }

  async function company(visit: Visit): Promise<Response> {
    const { signal, url, rest } = visit
    const [range, cursor] = [rangeOf(url), cursorOf(visit)]
    const [read, id] = [reports(), textOfPath(rest)]
    const [found, people] = await Promise.all([
      read.company(id, range, signal),
      read.people({ range, company: id, limit: 25, ...(cursor !== undefined && { cursor }) }, signal),
    ])
    return found ? show(companyPage(frameOf(visit), { range, company: found, people, cursor })) : missing(visit)
  }

  async function people(visit: Visit): Promise<Response> {
    const [range, cursor] = [rangeOf(visit.url), cursorOf(visit)]
    const found = await reports().people({ range, ...(cursor !== undefined && { cursor }) }, visit.signal)
    return show(peoplePage(frameOf(visit), { range, cursor, page: found }))
  }

  /** `/admin/people/<sub>` shows a person; `…/end` and `…/forget` ask for confirmation. */
  async function person(visit: Visit): Promise<Response> {
    const range = rangeOf(visit.url)
    const found = await reports().person(textOfPath(visit.rest), range, visit.signal)
    return found ? show(personPage(frameOf(visit), { range, person: found })) : missing(visit)
  }

  /** The page that asks for confirmation, and the form on it that acts. Both need a sign-in within the last ten minutes (N5). */
  const personAction = (
    name: 'end' | 'forget',
    ask: (frame: Frame, input: { person: PersonReport; form: string }) => Page,
    act: (visit: PostedVisit, sub: string) => Promise<Response>,
  ): AccountRoute => ({
    path: `${adminPaths.people}/*/${name}`,
    access: 'admin',
    recent: true,
    async get(visit) {
      const found = await reports().person(textOfPath(visit.rest), { days: 1 }, visit.signal)
      return found ? show(ask(frameOf(visit), { person: found, form: visit.seal(name, found.sub) })) : missing(visit)
    },
    // The person is named by the sealed form, not by the address.
    post: { [name]: (visit) => act(visit, visit.subject) },
  })

  /** `/admin/machines/<name>/end` and `/admin/tenants/<name>/end` ask for confirmation. */
  const endEntry = (kind: EntryKind, path: string): AccountRoute => ({
    path: `${path}/*/end`,
    access: 'admin',
    recent: true,
    async get(visit) {
      const entries = await trusted.list(kind, visit.signal)
      const entry = entries.find(({ name }) => name === textOfPath(visit.rest))
      if (!entry) return missing(visit)
      return show(endEntryPage(frameOf(visit), { entry, form: visit.seal(`end-${kind}`, entry.name) }))
    },
    // The entry is named by the sealed form, not by the address.
    post: {
      async [`end-${kind}`](visit) {
        const isEnded = await actions.endEntry(visit.session.sub, kind, visit.subject, visit.signal)
        return isEnded ? go(adminPaths.machines, `${kind}-ended`) : missing(visit)
      },
    },
  })

  async function blocked(visit: Visit): Promise<Response> {
    const shown = (await blocks.list(visit.signal)).map((block) => ({
      ...block,
      form: visit.seal('unblock', block.entry),
    }))
    const entry = textIn(visit.url.searchParams, 'entry')
    return show(
      blockedPage(frameOf(visit), { blocks: shown, bySetting: blockedBySetting, entry, form: visit.seal('block') }),
    )
  }

  async function search(visit: PostedVisit): Promise<Response> {
    const { signal, form } = visit
    const text = textIn(form, 'for')
    if (text === undefined) return show(searchPage(frameOf(visit), null))
    const code = readAttemptCode(text)
    if (code !== null) return go(pathWith(adminPaths.trace, { attempt: code }))
    if (/^u_[\w-]{43}$/.test(text)) return go(`${adminPaths.people}/${text}`)
    const [read, range] = [reports(), { days: 90 } as const]
    const nothing = { text, range, companies: [], more: false, clients: [] }
    if (text.includes('@')) {
      const { rows } = await read.people({ range, email: text }, signal)
      const [only, ...others] = rows
      // No URL contains the email address, so that it reaches no history and no log.
      if (only && others.length === 0) return go(`${adminPaths.people}/${encodeURIComponent(only.sub)}`)
      return show(searchPage(frameOf(visit), { ...nothing, people: rows }))
    }
    const [{ rows, next }, clients] = await Promise.all([
      read.companies({ range, search: text, limit: 20 }, signal),
      read.clients(range, signal, text),
    ])
    return show(searchPage(frameOf(visit), { ...nothing, companies: rows, more: next !== undefined, clients }))
  }

  return [
    page(adminPaths.overview, overview),
    page(adminPaths.new, async (visit) => show(newPage(frameOf(visit), await reports().newThisWeek(visit.signal)))),
    page(adminPaths.companies, companies),
    page(`${adminPaths.companies}/*`, company),
    page(adminPaths.people, people),
    page(`${adminPaths.people}/*`, person),
    personAction('end', endPage, async ({ session, signal }, sub) => {
      await actions.endPerson(session.sub, sub, signal)
      return go(`${adminPaths.people}/${encodeURIComponent(sub)}`, 'ended')
    }),
    personAction(
      'forget',
      (frame, input) => forgetPage(frame, input, removal),
      async ({ session, form, signal }, sub) => {
        if (form.get('sure') !== 'yes')
          throw new PageError('invalid-request', 'invalid_request', 'the box is not ticked')
        await actions.forget(session.sub, sub, signal)
        return go(adminPaths.people, 'forgetting')
      },
    ),
    page(adminPaths.clients, async (visit) => {
      const range = rangeOf(visit.url)
      return show(clientsPage(frameOf(visit), { range, clients: await reports().clients(range, visit.signal) }))
    }),
    page(adminPaths.machines, async (visit) => {
      const [read, range] = [reports(), rangeOf(visit.url)]
      const [machines, tenants] = await Promise.all([
        machineRows(read, trusted, range, visit.signal),
        trusted.list('tenant', visit.signal),
      ])
      return show(machinesPage(frameOf(visit), { range, machines, tenants }))
    }),
    endEntry('machine', adminPaths.machines),
    endEntry('tenant', adminPaths.tenants),
    {
      path: adminPaths.blocked,
      access: 'admin',
      recent: true,
      get: blocked,
      post: {
        async block({ session, form, signal }) {
          const entry = textIn(form, 'entry') ?? ''
          if (!isBlockEntry(entry)) throw new PageError('invalid-request', 'invalid_request', 'this names no client')
          const note = textIn(form, 'note')?.slice(0, 200)
          const isNew = await actions.block(session.sub, { entry, ...(note !== undefined && { note }) }, signal)
          return go(adminPaths.blocked, isNew ? 'blocked' : 'blocked-before')
        },
        async unblock({ session, subject, signal }) {
          await actions.unblock(session.sub, subject, signal)
          return go(adminPaths.blocked, 'unblocked')
        },
      },
    },
    page(adminPaths.tools, async (visit) => {
      const range = rangeOf(visit.url)
      return show(toolsPage(frameOf(visit), { range, tools: await reports().tools(range, visit.signal) }))
    }),
    page(adminPaths.signIns, async (visit) => {
      const [read, range] = [reports(), rangeOf(visit.url)]
      const [funnel, refusals] = await Promise.all([
        read.funnel(range, visit.signal),
        read.refusals(range, visit.signal),
      ])
      return show(signInsPage(frameOf(visit), { range, funnel, refusals }))
    }),
    {
      path: adminPaths.trace,
      access: 'admin',
      get: (visit) =>
        show(tracePage(frameOf(visit), { code: textIn(visit.url.searchParams, 'attempt'), form: visit.seal('trace') })),
      post: {
        // The request must be a form of ours, so that no other site can make an admin trace an attempt (N29).
        async trace(visit) {
          const code = textIn(visit.form, 'attempt') ?? ''
          const found = await actions.trace(visit.session.sub, code, visit.signal)
          return show(tracePage(frameOf(visit), { code, found, form: visit.seal('trace') }))
        },
      },
    },
    {
      path: adminPaths.webhooks,
      access: 'admin',
      async get(visit) {
        const cursor = cursorOf(visit)
        const { messages, next } = await dead.list(visit.signal, cursor)
        const shown = messages.map((message) => ({ ...message, form: visit.seal('replay', message.id) }))
        return show(webhooksPage(frameOf(visit), { messages: shown, next, cursor, all: visit.seal('replay-all') }))
      },
      post: {
        async replay({ session, subject, signal }) {
          const found = await actions.replay(session.sub, subject, signal)
          return go(adminPaths.webhooks, found ? 'replayed' : 'not-replayed')
        },
        async 'replay-all'({ session, signal }) {
          const replayed = await actions.replayAll(session.sub, signal)
          return go(pathWith(adminPaths.webhooks, { replayed }))
        },
      },
    },
    page(adminPaths.audit, async (visit) => {
      const { signal, url } = visit
      const [range, cursor, person] = [rangeOf(url), cursorOf(visit), textIn(url.searchParams, 'person')]
      const asked = url.searchParams.get('action') ?? ''
      const action = Object.hasOwn(auditActions, asked) ? asked : ''
      const to = now() + 1
      const found = await auditEntries(
        {
          from: to - range.days * 86_400_000,
          to,
          limit: 50,
          ...(action !== '' && { action }),
          ...(person !== undefined && { sub: person }),
          ...(cursor !== undefined && { cursor }),
        },
        signal,
      )
      return show(auditPage(frameOf(visit), { range, action, person, cursor, page: found }))
    }),
    {
      path: adminPaths.exports,
      access: 'admin',
      recent: true,
      get: (visit) => show(exportsPage(frameOf(visit), { form: visit.seal('export') })),
      post: { export: (visit) => exportAnswer(visit, { origin, reports, actions, auditEntries, now }) },
    },
    {
      path: adminPaths.exportParts,
      access: 'admin',
      recent: true,
      async get(visit) {
        const chosen = chosenExport(visit.url.searchParams)
        const parts = filePartsOf(chosen.what, await reports().countPeople(visit.signal))
        return show(exportPartsPage(frameOf(visit), { chosen, parts, form: visit.seal('export') }))
      },
    },
    {
      path: adminPaths.search,
      access: 'admin',
      get: (visit) => show(searchPage(frameOf(visit), null)),
      post: { search },
    },
  ]
}

/** Decodes a segment of a path. A segment that cannot be decoded leads to no record. */
function textOfPath(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
