import type { Family, Row } from './row.ts'

/**
 * Parses a file of `docs/conformance/`. The lists of tests in it are skipped: `format.ts` writes them from the tests.
 *
 * @throws Error that names the line that is not in the form that `format.ts` writes
 */
export function parseFamily(name: string, text: string): Family {
  const [head = '', ...sections] = text.split(/^## /m)
  const [, title, about] = /^# ([^\n]+)\n\n(.+?)\n+$/s.exec(head) ?? []
  if (title === undefined || about === undefined) throw new Error(`${name}.md must begin with a title and a paragraph`)
  return { name, title, about, rows: sections.map((section) => parseRow(name, section)) }
}

const labels = ['Asked', 'Done', 'Open', 'Where', 'Issue', 'Same as', 'Command'] as const
type Label = (typeof labels)[number]

function parseRow(family: string, section: string): Row {
  const lines = section.split('\n').filter((line) => line !== '' && !/^- Tests:$|^ {2}- /.test(line))
  const [id = '', facts = '', ...items] = lines
  const wrong = (line: string) => new Error(`${family}.md, ${id}: "${line}" is not in the form of a row`)
  const [, level, status, source] = /^(.+?) · (.+?) · (.+)$/.exec(facts) ?? []
  if (level === undefined || status === undefined || source === undefined) throw wrong(facts)
  const values = new Map<Label, string>()
  for (const item of items) {
    const [, label, value = ''] = /^- ([A-Z][a-z ]+): (.+)$/.exec(item) ?? []
    const known = labels.find((one) => one === label)
    if (known === undefined || values.has(known)) throw wrong(item)
    values.set(known, value)
  }
  const listed = (label: Label) => values.get(label)?.split(', ') ?? []
  return {
    id,
    level,
    status,
    source,
    asked: values.get('Asked') ?? '',
    done: values.get('Done') ?? '',
    open: values.get('Open'),
    where: listed('Where').map((path) => path.replaceAll('`', '')),
    issue: values.get('Issue'),
    sameAs: listed('Same as'),
    command: values.get('Command')?.replaceAll('`', ''),
  }
}
