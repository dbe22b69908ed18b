import type { Api, Json, Query } from '../api.ts'
import {
  type Command,
  dateOf,
  durationOf,
  flag,
  numberIn,
  objectIn,
  option,
  personOf,
  rowsOf,
  show,
  text,
  type Work,
  wordIn,
} from '../command.ts'
import { exits, Problem } from '../problem.ts'
import type { Column } from '../table.ts'

const daysHelp = '--days N           the last 1, 7, 30 (the default) or 90 days'
const pageHelp = ['--limit N          at most so many rows (default 50)', '--all              every row']
const pageOptions = { days: text, limit: text, all: flag } as const

const days = (work: Work) => option(work, 'days') ?? '30'

/** Reads pages until there are as many rows as the user wants. */
async function pages(work: Work, api: Api, path: string, query: Query): Promise<readonly Json[]> {
  const wanted = work.options.all === true ? Number.POSITIVE_INFINITY : limitOf(work)
  const rows: Json[] = []
  let cursor: string | undefined
  do {
    const limit = String(Math.min(100, wanted - rows.length))
    const page = await api.get(path, { ...query, cursor, limit })
    rows.push(...rowsOf(page.rows ?? page.entries))
    cursor = wordIn(page, 'next')
  } while (cursor !== undefined && rows.length < wanted)
  if (cursor !== undefined) work.around.notes.write(`There are more: --limit ${wanted * 2} or --all shows them.\n`)
  return rows
}

function limitOf(work: Work): number {
  const limit = option(work, 'limit') ?? '50'
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new Problem('--limit must be a whole number from 1.', exits.usage)
  return Number(limit)
}

const counts: readonly Column<Json>[] = [
  { title: 'Calls', cell: (row) => numberIn(row, 'calls') },
  { title: 'Failed', cell: (row) => numberIn(row, 'failed') },
  { title: 'Refused', cell: (row) => numberIn(row, 'refused') },
]
const times: readonly Column<Json>[] = [
  { title: 'p50', right: true, cell: (row) => durationOf(numberIn(row, 'p50')) },
  { title: 'p95', right: true, cell: (row) => durationOf(numberIn(row, 'p95')) },
]

const companyTitle = (row: Json) => {
  if (row.id === '-') return '(no company)'
  return wordIn(row, 'name') ?? wordIn(row, 'domain') ?? wordIn(row, 'id')
}
const personTitle = (row: Json) => wordIn(row, 'email') ?? wordIn(row, 'name') ?? wordIn(row, 'sub')
/** The name is the client's own claim, or that of a machine of the settings. The host of its metadata document is proven. */
const clientTitle = (row: Json) =>
  wordIn(row, 'name') ?? wordIn(row, 'host') ?? wordIn(row, 'id') ?? wordIn(row, 'clientHash')
/** The version that was seen last. */
const versionIn = ({ versions }: Json) => {
  const [latest]: readonly unknown[] = Array.isArray(versions) ? versions : []
  return typeof latest === 'string' ? latest : undefined
}
const publisher = (row: Json) => (row.machine === true ? 'machine' : (wordIn(row, 'host') ?? 'not verified'))

const companyColumns: readonly Column<Json>[] = [
  { title: 'Company', cell: companyTitle, least: 12 },
  { title: 'Domain', cell: (row) => wordIn(row, 'domain'), least: 8 },
  { title: 'People', cell: (row) => numberIn(row, 'people') },
  ...counts,
  { title: 'Since', cell: (row) => dateOf(row.since) },
]

const peopleColumns: readonly Column<Json>[] = [
  { title: 'Person', cell: personTitle, least: 16 },
  { title: 'Company', cell: (row) => companyTitle(objectIn(row, 'company')), least: 8 },
  { title: 'Calls', cell: (row) => numberIn(row, 'calls') },
  { title: 'Since', cell: (row) => dateOf(row.firstSeenAt) },
  { title: 'Last seen', cell: (row) => dateOf(row.lastSeenAt) },
]

/** Finds a company by the beginning of its name or domain. Throws `Problem`. */
async function companyOf(api: Api, name: string): Promise<string> {
  if (/^[\w-]{20}$/.test(name)) return name
  const { rows } = await api.get('/companies', { search: name, days: '90', limit: '10' })
  const found = rowsOf(rows)
  const exact = found.filter((row) => [row.name, row.domain].includes(name))
  const [one, another] = exact.length > 0 ? exact : found
  const id = one && wordIn(one, 'id')
  if (id === undefined) throw new Problem(`No company begins with ${name}.`, exits.notFound)
  if (another === undefined) return id
  throw new Problem('Several companies begin like this: write more of the name, or the id from --json.', exits.usage)
}

const overviewOf = (json: Json, range: string): string => {
  const count = (name: string) => (numberIn(json, name) ?? 0).toLocaleString('en-US')
  const counted = (name: string, one: string, many: string) =>
    `${count(name)} ${numberIn(json, name) === 1 ? one : many}`
  const time = [durationOf(numberIn(json, 'p50')), durationOf(numberIn(json, 'p95'))]
  return [
    `Last ${range} ${range === '1' ? 'day' : 'days'}: ${counted('calls', 'call', 'calls')} of ${counted('people', 'person', 'people')} at ${counted('companies', 'company', 'companies')}`,
    `${counted('anonymousCalls', 'call', 'calls')} without sign-in, ${counted('machineCalls', 'call', 'calls')} of machines`,
    `${count('failed')} failed, ${count('refused')} were refused, ${count('cancelled')} were cancelled`,
    ...(time[0] === undefined ? [] : [`half of the calls took up to ${time[0]}, 95 of 100 up to ${time[1]}`]),
    '',
    '',
  ].join('\n')
}

/** With what a company asks: its clients and their tools. */
async function showUse(work: Work, api: Api, id: string): Promise<void> {
  const { use } = await api.get(`/companies/${encodeURIComponent(id)}`, { days: days(work) })
  const columns: readonly Column<Json>[] = [
    { title: 'App (its own name)', cell: (row) => clientTitle(objectIn(row, 'client')), least: 18 },
    { title: 'Publisher', cell: (row) => publisher(objectIn(row, 'client')), least: 10 },
    { title: 'Tool', cell: (row) => wordIn(row, 'tool'), least: 12 },
    ...counts,
  ]
  work.around.out.write('\n')
  show(work, use, { rows: rowsOf(use), columns, none: 'It called no tool.' })
}

export const reading: readonly Command[] = [
  {
    name: 'usage',
    about: 'calls, people, companies and sign-ins by day',
    options: { days: text },
    help: [daysHelp],
    examples: ['usage', 'usage --days 7 --json'],
    async run(work) {
      const json = await (await work.api()).get('/usage', { days: days(work) })
      if (work.options.json !== true) work.around.out.write(overviewOf(json, days(work)))
      const columns: readonly Column<Json>[] = [
        { title: 'Day', cell: (row) => dateOf(row.day) },
        ...counts,
        { title: 'People', cell: (row) => numberIn(row, 'people') },
        { title: 'Companies', cell: (row) => numberIn(row, 'companies') },
        { title: 'Sign-ins', cell: (row) => numberIn(row, 'signIns') },
      ]
      return show(work, json, { rows: rowsOf(json.days), columns, none: 'No days.' })
    },
  },
  {
    name: 'companies',
    words: '[name]',
    most: 1,
    about: 'companies that asked; one alone with its apps and tools',
    options: { ...pageOptions, order: text },
    help: ['--order WORD       calls (the default), people, errors, newest or name', daysHelp, ...pageHelp],
    examples: ['companies', 'companies acme --days 90', 'companies --order newest --limit 10'],
    async run(work) {
      const query = { days: days(work), search: work.words[0], order: option(work, 'order') }
      const api = await work.api()
      const rows = await pages(work, api, '/companies', query)
      const none = `No company asked in the last ${days(work)} days.`
      show(work, rows, { rows, columns: companyColumns, none })
      const [only, ...others] = rows
      if (work.words.length > 0 && only && others.length === 0 && work.options.json !== true) {
        await showUse(work, api, wordIn(only, 'id') ?? '')
      }
      return exits.done
    },
  },
  {
    name: 'people',
    words: '[email]',
    most: 1,
    about: 'people who signed in, the newest first',
    options: { ...pageOptions, company: text },
    help: [
      '--company NAME     only people of this company: the beginning of its name or domain',
      daysHelp,
      ...pageHelp,
    ],
    examples: ['people', 'people ada@example.com', 'people --company acme --all'],
    async run(work) {
      const api = await work.api()
      const [name, email] = [option(work, 'company'), work.words[0]]
      if (name !== undefined && email !== undefined) throw new Problem('Give an address or --company.', exits.usage)
      const company = name === undefined ? undefined : await companyOf(api, name)
      const found = (one: string) => api.post('/people/find', { email: one }, { days: days(work) })
      const rows =
        email === undefined
          ? await pages(work, api, '/people', { days: days(work), company })
          : rowsOf((await found(email)).rows)
      return show(work, rows, { rows, columns: peopleColumns, none: 'No person matches.' })
    },
  },
  {
    name: 'connections',
    words: '<email or id>',
    least: 1,
    most: 1,
    about: 'the apps that are connected as a person',
    examples: ['connections ada@example.com'],
    async run(work) {
      const api = await work.api()
      const { sub } = await personOf(api, work.words[0] ?? '')
      const person = await api.get(`/people/${sub}`)
      const rows = rowsOf(person.connections)
      const columns: readonly Column<Json>[] = [
        { title: 'App (its own name)', cell: clientTitle, least: 18 },
        { title: 'Publisher', cell: publisher, least: 10 },
        { title: 'Since', cell: (row) => dateOf(row.firstSeenAt) },
        { title: 'Last used', cell: (row) => dateOf(row.lastSeenAt) },
      ]
      return show(work, rows, { rows, columns, none: 'No app is connected as this person.' })
    },
  },
  {
    name: 'clients',
    words: '[name]',
    most: 1,
    about: 'apps that called or signed in, with their publishers',
    options: { days: text },
    help: [daysHelp],
    examples: ['clients', 'clients claude --days 90'],
    async run(work) {
      const json = await (await work.api()).get('/clients', { days: days(work), search: work.words[0] })
      const columns: readonly Column<Json>[] = [
        { title: 'App (its own name)', cell: (row) => clientTitle(objectIn(row, 'client')), least: 18 },
        { title: 'Publisher', cell: (row) => publisher(objectIn(row, 'client')), least: 10 },
        { title: 'Version', cell: (row) => versionIn(objectIn(row, 'client')) },
        ...counts.slice(0, 2),
        { title: 'Sign-ins', cell: (row) => numberIn(row, 'signIns') },
        ...times,
      ]
      return show(work, json.rows, { rows: rowsOf(json.rows), columns, none: 'No app called or signed in.' })
    },
  },
  {
    name: 'tools',
    about: 'tools, with errors and times, those never called included',
    options: { days: text },
    help: [daysHelp],
    examples: ['tools', 'tools --days 1'],
    async run(work) {
      const json = await (await work.api()).get('/tools', { days: days(work) })
      const title = (row: Json) => `${wordIn(row, 'tool') ?? ''}${row.offered === false ? ' (no longer offered)' : ''}`
      const columns = [{ title: 'Tool', cell: title, least: 20 }, ...counts, ...times]
      return show(work, json.rows, { rows: rowsOf(json.rows), columns, none: 'There are no tools.' })
    },
  },
  {
    name: 'funnel',
    about: 'how far sign-ins get, by app',
    options: { days: text },
    help: [daysHelp],
    examples: ['funnel --days 7'],
    async run(work) {
      const json = await (await work.api()).get('/funnel', { days: days(work) })
      const rows = rowsOf(json.rows).flatMap((row) => {
        const title = clientTitle(objectIn(row, 'client')) ?? ''
        return rowsOf(row.steps).map((step, index) => ({ ...step, title: index === 0 ? title : '' }))
      })
      const columns: readonly Column<Json>[] = [
        { title: 'App (its own name)', cell: (row) => wordIn(row, 'title'), least: 18 },
        { title: 'Step', cell: (row) => wordIn(row, 'step') },
        ...['ok', 'refused', 'failed'].map((name) => ({ title: name, cell: (row: Json) => numberIn(row, name) })),
      ]
      return show(work, json.rows, { rows, columns, none: 'No sign-in began.' })
    },
  },
  {
    name: 'refusals',
    about: 'what was refused or failed, by reason',
    options: { days: text },
    help: [daysHelp],
    examples: ['refusals --days 1'],
    async run(work) {
      const json = await (await work.api()).get('/refusals', { days: days(work) })
      const columns: readonly Column<Json>[] = [
        { title: 'What', cell: (row) => wordIn(row, 'what') },
        { title: 'Name', cell: (row) => wordIn(row, 'name'), least: 12 },
        { title: 'How', cell: (row) => wordIn(row, 'kind') },
        { title: 'Reason', cell: (row) => wordIn(row, 'reason'), least: 12 },
        { title: 'Count', cell: (row) => numberIn(row, 'count') },
      ]
      return show(work, json.rows, {
        rows: rowsOf(json.rows),
        columns,
        none: 'Nothing was refused, and nothing failed.',
      })
    },
  },
  {
    name: 'new',
    about: 'people and companies that are new this week',
    examples: ['new'],
    async run(work) {
      const json = await (await work.api()).get('/new')
      if (work.options.json === true) return show(work, json, { rows: [], columns: [], none: '' })
      const heading = (count: unknown, what: string) => work.around.out.write(`\nNew ${what}: ${Number(count) || 0}\n`)
      heading(json.companyCount, 'companies')
      show(work, json, { rows: rowsOf(json.companies), columns: companyColumns, none: 'None.' })
      heading(json.peopleCount, 'people')
      return show(work, json, { rows: rowsOf(json.people), columns: peopleColumns, none: 'None.' })
    },
  },
  {
    name: 'webhooks',
    words: '[replay <id>]',
    most: 2,
    about: 'messages that could not be delivered; replay sends them again',
    options: { all: flag },
    help: ['--all              with replay: every message'],
    examples: ['webhooks', 'webhooks replay --all', 'webhooks replay msg_2Nf…'],
    run: webhooks,
  },
  {
    name: 'audit',
    words: '[verify]',
    most: 1,
    about: 'the audit log; verify checks it against its digests',
    options: { from: text, to: text, person: text, action: text, limit: text, all: flag, expect: text },
    help: [
      '--from, --to DATE  such as 2026-11-30 (default: the last 30 days)',
      '--person WHO       only entries about this person, by email address or id',
      '--action WORD      such as sign-in, grant, refusal, replay, revocation, admin, admin-forget',
      '--expect DIGEST    with verify: a digest that the log printed (audit_digest) must be in the chain',
      ...pageHelp,
    ],
    examples: [
      'audit --action admin',
      'audit --person ada@example.com --from 2026-11-01',
      'audit verify --expect kX3…',
    ],
    run: (work) => (work.words[0] === undefined ? auditEntries(work) : verify(work)),
  },
]

async function webhooks(work: Work): Promise<number> {
  const [verb, id] = work.words
  const api = await work.api()
  if (verb === undefined) {
    const json: Json[] = []
    let cursor: string | undefined
    do {
      const page = await api.get('/webhooks', { cursor })
      json.push(...rowsOf(page.messages))
      cursor = wordIn(page, 'next')
    } while (cursor !== undefined)
    const columns: readonly Column<Json>[] = [
      { title: 'Message', cell: (row) => wordIn(row, 'id') },
      { title: 'Type', cell: (row) => wordIn(row, 'type'), least: 12 },
      { title: 'Given up', cell: (row) => dateOf(row.diedAt) },
      { title: 'Tries', cell: (row) => numberIn(row, 'attempts') },
      { title: 'Why', cell: (row) => wordIn(row, 'failure'), least: 12 },
    ]
    return show(work, json, { rows: json, columns, none: 'Every message was delivered, or is still being tried.' })
  }
  const all = work.options.all === true
  if (verb !== 'replay' || all === (id !== undefined)) {
    throw new Problem('Write webhooks replay <id>, or webhooks replay --all.', exits.usage)
  }
  const json = await api.post('/webhooks/replay', all ? { all } : { id })
  const sentence = `${numberIn(json, 'replayed') ?? 0} put back. The next run sends them, within ten minutes.`
  if (work.options.json === true) return show(work, json, { rows: [], columns: [], none: '' })
  work.around.out.write(`${sentence}\n`)
  return exits.done
}

async function auditEntries(work: Work): Promise<number> {
  const api = await work.api()
  const person = option(work, 'person')
  const sub = person === undefined ? undefined : (await personOf(api, person)).sub
  const query = { from: option(work, 'from'), to: option(work, 'to'), action: option(work, 'action'), sub }
  const rows = await pages(work, api, '/audit', query)
  const time = (row: Json) => new Date(numberIn(row, 'at') ?? 0).toISOString().slice(0, 19).replace('T', ' ')
  const short = (name: string) => (row: Json) => wordIn(row, name)?.slice(0, 8)
  const columns: readonly Column<Json>[] = [
    { title: 'Time (UTC)', cell: time },
    { title: 'Action', cell: (row) => wordIn(row, 'action') },
    { title: 'Person', cell: short('person') },
    { title: 'By', cell: (row) => actorIn(row) },
    { title: 'Reason', cell: (row) => wordIn(row, 'reason') ?? wordIn(row, 'detail'), least: 10 },
  ]
  return show(work, rows, { rows, columns, none: 'There are no such entries.' })
}

/** Tokens are named whole, admins by the beginning of their names. */
function actorIn(row: Json): string | undefined {
  const actor = wordIn(row, 'actor')
  return actor?.startsWith('token') ? actor : actor?.slice(0, 8)
}

/** Verifies piece by piece: the server reads entries for some seconds in each request. */
async function verify(work: Work): Promise<number> {
  if (work.words[0] !== 'verify') throw new Problem('Write audit, or audit verify.', exits.usage)
  const api = await work.api()
  const expect = option(work, 'expect')
  const problems = new Map<string, Json>()
  let [days, entries] = [0, 0]
  let answer: Json
  let from: string | undefined
  do {
    answer = await api.get('/audit/verify', { expect, from })
    days += numberIn(answer, 'days') ?? 0
    entries += numberIn(answer, 'entries') ?? 0
    for (const problem of rowsOf(answer.problems)) problems.set(JSON.stringify(problem), problem)
    const next = wordIn(answer, 'next')
    if (next !== undefined && next === from) throw new Problem(`The server makes no progress at ${dateOf(next)}.`)
    from = next
    if (from !== undefined && work.around.notes.isTerminal)
      work.around.notes.write(`\rverified up to ${dateOf(from)} …`)
  } while (from !== undefined)
  if (work.around.notes.isTerminal) work.around.notes.write('\r\u001b[K')
  const found = [...problems.values()]
  const last = objectIn(answer, 'last')
  const json = { days, entries, problems: found, last: answer.last }
  const columns: readonly Column<Json>[] = [
    { title: 'Fault', cell: (row) => wordIn(row, 'fault') },
    { title: 'Day', cell: (row) => dateOf(row.day) },
    { title: 'Hour', cell: (row) => wordIn(row, 'hour') },
    { title: 'Entry', cell: (row) => wordIn(row, 'key'), least: 12 },
  ]
  const digest = wordIn(last, 'digest')
  const good = `${entries.toLocaleString('en-US')} entries of ${days} days are as they were written.${
    digest === undefined ? '' : `\nThe newest digest, to be kept elsewhere: ${digest} (${dateOf(last.day)})`
  }`
  show(work, json, { rows: found, columns, none: good })
  return found.length === 0 ? exits.done : exits.failed
}
