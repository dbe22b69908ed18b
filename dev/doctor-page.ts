import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Kind, kinds } from '../cli/doctor/findings.ts'
import { repository } from './repository.ts'

const path = 'docs/doctor.md'
const marked = /(<!-- findings -->\n)(?:.*?)(<!-- end of findings -->)/s

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
