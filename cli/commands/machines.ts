import type { Api, Json } from '../api.ts'
import {
  type Command,
  confirm,
  dateOf,
  flag,
  numberIn,
  option,
  rowsOf,
  say,
  show,
  text,
  type Work,
  wordIn,
} from '../command.ts'
import { exits, Problem } from '../problem.ts'
import { clean } from '../text.ts'

const scopeIn = ({ scope }: Json) =>
  Array.isArray(scope) ? scope.filter((one) => typeof one === 'string').join(' ') : undefined
const listIn = (row: Json, name: string) => {
  const value = row[name]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string').join(', ') : undefined
}
/** The issuer that speaks for it, or its own `client_id`. */
const proofOf = (row: Json) => wordIn(row, 'issuer') ?? wordIn(row, 'client') ?? '(no longer in the settings)'

/** The programs and companies of the settings that get tokens without a sign-in. */
export const machines: readonly Command[] = [
  {
    name: 'machines',
    about: 'programs that get tokens for themselves, with their calls',
    options: { days: text },
    help: ['--days N           the last 1, 7, 30 (the default) or 90 days'],
    examples: ['machines', 'machines --days 7 --json'],
    async run(work) {
      const days = option(work, 'days') ?? '30'
      const json = await (await work.api()).get('/machines', { days })
      const columns = [
        { title: 'Machine', cell: (row: Json) => wordIn(row, 'name'), least: 12 },
        { title: 'Proves itself as', cell: proofOf, least: 14 },
        { title: 'Scope', cell: scopeIn, least: 9 },
        { title: 'Calls', cell: (row: Json) => numberIn(row, 'calls') },
        { title: 'Failed', cell: (row: Json) => numberIn(row, 'failed') },
        { title: 'Refused', cell: (row: Json) => numberIn(row, 'refused') },
        { title: 'Ended', cell: (row: Json) => dateOf(row.endedAt) },
      ]
      return show(work, json.rows, { rows: rowsOf(json.rows), columns, none: 'MCP_MACHINES names no machine.' })
    },
  },
  {
    name: 'tenants',
    about: 'companies that manage the access of their people themselves',
    examples: ['tenants'],
    async run(work) {
      const json = await (await work.api()).get('/tenants')
      const columns = [
        { title: 'Name', cell: (row: Json) => wordIn(row, 'name'), least: 8 },
        { title: 'Company', cell: (row: Json) => wordIn(row, 'title'), least: 10 },
        { title: 'Issuer', cell: proofOf, least: 14 },
        { title: 'Domains', cell: (row: Json) => listIn(row, 'domains'), least: 10 },
        { title: 'Ended', cell: (row: Json) => dateOf(row.endedAt) },
      ]
      return show(work, json.rows, { rows: rowsOf(json.rows), columns, none: 'MCP_TENANTS names no company.' })
    },
  },
  {
    name: 'end-machine',
    words: '<name>',
    least: 1,
    most: 1,
    about: 'ends every token that a machine has; to keep it out, block machine:<name>',
    options: { yes: flag },
    help: ['--yes              do not ask first'],
    examples: ['end-machine docs-ci', 'end-machine docs-ci --yes'],
    run: (work) => endEntry(work, 'machines', 'the machine'),
  },
  {
    name: 'end-tenant',
    words: '<name>',
    least: 1,
    most: 1,
    about: 'ends every token that the people of such a company have',
    options: { yes: flag },
    help: ['--yes              do not ask first'],
    examples: ['end-tenant acme'],
    run: (work) => endEntry(work, 'tenants', 'everyone of'),
  },
]

async function endEntry(work: Work, kind: 'machines' | 'tenants', who: string): Promise<number> {
  const name = work.words[0] ?? ''
  const api = await work.api()
  await confirm(work, `End every token of ${who} ${clean(name)} at ${api.origin}?`)
  const json = await api.post(`/${kind}/${encodeURIComponent(name)}/end`)
  return say(
    work,
    json,
    `Ended: every token of ${who} ${clean(name)}. It takes effect on every instance within a minute.`,
  )
}

/**
 * Returns what the list of blocked clients calls a client. `machine:<name>` is a machine of the settings, and every other word is such
 * an entry already. Throws `Problem`.
 */
export async function blockEntryOf(api: Api, word: string): Promise<string> {
  const [, name] = /^machine:(.+)$/.exec(word) ?? []
  if (name === undefined) return word
  const { rows } = await api.get('/machines', { days: '1' })
  const hash = rowsOf(rows).flatMap((row) => (wordIn(row, 'name') === name ? (wordIn(row, 'clientHash') ?? []) : []))[0]
  if (hash === undefined) throw new Problem(`The settings have no machine ${clean(name)}.`, exits.notFound)
  return hash
}
