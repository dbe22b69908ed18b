import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Description } from '../lib/settings/descriptions/description.ts'
import { sections } from '../lib/settings/descriptions/sections.ts'
import type { Subject } from '../lib/settings/forms.ts'
import { rowOf, type SettingName, table } from '../lib/settings/table.ts'
import { checklistPage, doctorPage } from './doctor-page.ts'
import { repository } from './repository.ts'

/** A generated file, and what should be in it. */
export interface Generated {
  readonly path: string
  readonly text: string
}

/** What `npm run settings` writes. In the pages of `docs/`, it replaces only the tables between their markers. */
export function generatedFiles(): readonly Generated[] {
  const page = 'docs/configuration.md'
  return [
    { path: '.env.example', text: envExample() },
    { path: page, text: withTables(readFileSync(join(repository, page), 'utf8')) },
    doctorPage(),
    checklistPage(),
  ]
}

/** The settings of the local commands. The service does not read them. */
const localSettings: Readonly<Record<string, Description & { readonly form: string }>> = {
  PORT: {
    what: 'The port of the app under `npm start`, which takes the seven ports after it too.',
    form: 'a whole number from 1 to 65528',
    default: '`8888`',
    example: '9000',
  },
  CHROMIUM_PATH: {
    what: 'The browser for `npm run test:browser` and `npm run pictures`.',
    form: 'the path of a Chromium',
    default: 'Debian’s `chromium-headless-shell` or `chromium`',
    example: '/opt/chromium/chrome',
  },
  BUILD_DOCS_SITE: {
    what: 'Whether `npm run build` also makes [the documentation site](development.md#how-is-the-documentation-site-made) of this project.',
    form: 'true or false',
    default: '`false`',
    example: 'true',
  },
  LONG: {
    what: 'Whether `npm test` and `.ci/run` take their time, for more rounds and cases.',
    form: '1 or nothing',
    default: 'nothing',
    example: '1',
  },
}

const localSection = 'Only on your own machine'

interface Entry extends Description {
  readonly name: SettingName
}

const isSetting = (name: string): name is SettingName => Object.hasOwn(table, name)

/** The settings of a section, in the order of their descriptions. */
const entriesOf = (section: Readonly<Record<string, Description>>): readonly Entry[] =>
  Object.entries(section).flatMap(([name, description]) => (isSetting(name) ? [{ name, ...description }] : []))

function envExample(): string {
  const parts = [
    heading('Every setting of the service. npm run settings writes this file from lib/settings/, so edit it there.'),
    heading(
      'Production needs three: MCP_OAUTH_SECRET, UPSTREAM_CLIENT_ID and KAPA_API_KEY. npm start needs none of them.',
    ),
    heading('On your own machine: copy this file to .env and remove "# " before the settings that you want.'),
    heading('On Netlify: Project configuration > Environment variables. docs/configuration.md explains every setting.'),
    ...Object.entries(sections).flatMap(([title, section]) => [
      '',
      ruler(title),
      ...entriesOf(section).flatMap(envEntry),
    ]),
    '',
    ruler(localSection),
    ...envLines('PORT', localSettings.PORT),
  ]
  return `${parts.join('\n')}\n`
}

const heading = (text: string) => `# ${text}`
const ruler = (title: string) => `# ---- ${title} ${'-'.repeat(Math.max(3, 112 - title.length))}`

function envEntry(entry: Entry): readonly string[] {
  const aliases = rowOf(entry.name).aliases ?? []
  return [
    ...envLines(entry.name, entry),
    ...aliases.flatMap((alias) => envLines(alias, { ...entry, what: `Another name of ${entry.name}.` })),
  ]
}

/** The sentence in lines of at most 120 characters, and the setting. A value with `#` needs quotes in `.env`. */
function envLines(name: string, description: Description | undefined): readonly string[] {
  const { what = '', example = '' } = description ?? {}
  const lines = (what.match(/.{1,118}(?: |$)/g) ?? []).map((line) => line.trim())
  const value = example.includes('#') ? `"${example}"` : example
  return ['', ...lines.map(heading), heading(`${name}=${value}`)]
}

const columns = ['setting', 'what it does', 'form', 'default', 'example', 'a mistake closes']

const closed: Readonly<Record<Subject, string>> = {
  'sign-in': 'sign-in',
  mcp: '`/mcp`',
  service: 'both',
  account: '`/account`, `/admin`',
  none: 'nothing',
}

const header = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`]

const rowFor = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

function tableOf(title: string): string {
  const section = sections[title]
  const rows = section
    ? entriesOf(section).flatMap(tableRows)
    : Object.entries(localSettings).map(([name, { what, form, default: otherwise = '', example = '' }]) =>
        rowFor([`\`${name}\``, what, form, otherwise, `\`${example}\``, '–']),
      )
  return [...header, ...rows].join('\n')
}

function tableRows(entry: Entry): readonly string[] {
  const { subject, form: plain, aliases = [], secret } = rowOf(entry.name)
  const form = plain.replaceAll('<', '&lt;')
  const what = entry.more === undefined ? entry.what : `${entry.what} ${entry.more}`
  const example = entry.example === undefined ? (secret ? 'secret' : '–') : `\`${entry.example}\``
  return [
    rowFor([`\`${entry.name}\``, what, form, defaultOf(entry), example, closed[subject]]),
    ...aliases.map((alias) =>
      rowFor([`\`${alias}\``, `Another name of \`${entry.name}\`, which wins.`, form, 'none', '–', closed[subject]]),
    ),
  ]
}

function defaultOf({ name, default: inWords }: Entry): string {
  if (inWords !== undefined) return inWords
  const { default: always, ofRedpanda } = rowOf(name)
  if (ofRedpanda !== undefined) return `\`${ofRedpanda}\`; with a brand of your own: none`
  return always === undefined ? 'none' : `\`${always}\``
}

const marked = /(<!-- settings: ([^\n]+?) -->\n)(?:.*?)(<!-- end of settings -->)/gs

function withTables(page: string): string {
  return page.replace(
    marked,
    (_all, begin: string, title: string, end: string) => `${begin}\n${tableOf(title)}\n\n${end}`,
  )
}

/** The titles of the tables in a page. */
export const tableTitles = (page: string) => [...page.matchAll(marked)].map(([, , title = '']) => title)

export const sectionTitles = [...Object.keys(sections), localSection]
