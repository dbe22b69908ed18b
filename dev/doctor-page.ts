import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChecklistLine, type LineId, lineIds, lineOf } from '../cli/doctor/checklist.ts'
import { type Kind, kinds } from '../cli/doctor/findings.ts'
import { repository } from './repository.ts'

const path = 'docs/doctor.md'
const marked = /(<!-- findings -->\n)(?:.*?)(<!-- end of findings -->)/s

const checklistPath = 'docs/deploy/production-checklist.md'
const markedLines = /(<!-- lines -->\n)(?:.*?)(<!-- end of lines -->)/s

/** The production checklist, with the table of its lines. */
export function checklistPage(): { readonly path: string; readonly text: string } {
  const page = readFileSync(join(repository, checklistPath), 'utf8')
  const lines = lineIds.map((id) => lineRow(id, lineOf(id)))
  const table = [
    '| line | what must be true | what `npm run doctor` says | what a person looks at |',
    '|---|---|---|---|',
    ...lines,
  ]
  return {
    path: checklistPath,
    text: page.replace(markedLines, (_all, begin: string, end: string) => `${begin}\n${table.join('\n')}\n\n${end}`),
  }
}

const seenBy = {
  outside: '',
  token: 'With the operator’s token: ',
  'sign-in': 'With `--sign-in`: ',
  person: 'No program can see it.',
} as const

function lineRow(id: LineId, { what, codes, seen, person }: ChecklistLine): string {
  const findings = codes.map((code) => `\`${code}\``).join(', ')
  return `| \`${id}\` | ${escaped(what)} | ${seenBy[seen]}${findings} | ${escaped(person ?? '–')} |`
}

/** The page about `npm run doctor`, with the table of every finding. */
export function doctorPage(): { readonly path: string; readonly text: string } {
  const page = readFileSync(join(repository, path), 'utf8')
  return { path, text: page.replace(marked, (_all, begin: string, end: string) => `${begin}\n${table()}\n\n${end}`) }
}

const table = () =>
  ['| code | severity | what it means | why it matters | what to do |', '|---|---|---|---|---|', ...rows()].join('\n')

const rows = () =>
  Object.entries(kinds).map(([code, { severity, title, why, remedy }]: readonly [string, Kind]) => {
    return `| \`${code}\` | ${severity} | ${[title, why, remedy].map(escaped).join(' | ')} |`
  })

/** Words in angle brackets or with a pipe would not be shown. */
const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
