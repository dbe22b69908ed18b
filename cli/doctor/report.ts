import { cut, widthOf } from '../text.ts'
import { lineFor } from './checklist.ts'
import { type Group, type Report, unreached } from './examine.ts'
import { clientNames, type Finding, kindOf, type Severity } from './findings.ts'

/** Colors a text. Returns it unchanged if the output is not a terminal. */
export type Paint = (style: 'red' | 'green' | 'yellow' | 'blue' | 'dim' | 'bold', text: string) => string

/** Exit codes of `npm run doctor`. 2 means wrong usage, as in every command. */
export const verdicts = {
  sound: { exit: 0, words: 'Sound' },
  errors: { exit: 1, words: 'Clients will have trouble' },
  warnings: { exit: 3, words: 'Sound, with warnings' },
} as const

export type Verdict = keyof typeof verdicts

export function verdictOf({ findings }: Pick<Report, 'findings'>): Verdict {
  const has = (severity: Severity) => findings.some(({ code }) => kindOf(code).severity === severity)
  return has('error') ? 'errors' : has('warning') ? 'warnings' : 'sound'
}

/** The clients that a finding stops or hinders. */
export const clientsOf = ({ code, clients }: Finding): readonly string[] =>
  clients ?? kindOf(code).clients ?? clientNames

const order: readonly Severity[] = ['error', 'warning', 'note']
const marks = { error: ['red', '✗'], warning: ['yellow', '!'], note: ['blue', 'i'] } as const

/** Writes the report for a reader at a terminal. */
export function reportText(
  report: Report,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string {
  const columns = Math.min(width, 100)
  const found = order.flatMap((severity) => report.findings.filter(({ code }) => kindOf(code).severity === severity))
  return [
    '',
    `${paint('bold', 'Checked')} ${report.mcpUrl}`,
    '',
    ...groupLines(report.groups, columns, paint),
    '',
    ...journeyLines(report, paint),
    ...checklistLines(report, columns, paint),
    ...found.flatMap((finding) => findingLines(finding, columns, paint)),
    verdictLine(report, paint),
    '',
  ].join('\n')
}

/** Writes the groups of checks. Groups that did not run because of an earlier finding become one line. */
function groupLines(groups: readonly Group[], columns: number, paint: Paint): readonly string[] {
  const reached = groups.filter(({ skipped }) => skipped !== unreached)
  const rest = groups.length - reached.length
  const line = rest === 0 ? [] : [`  ${paint('dim', `– ${rest} further groups of checks need what is missing here`)}`]
  return [...reached.map((group) => groupLine(group, columns, paint)), ...line]
}

function groupLine({ title, findings, fact, skipped }: Group, columns: number, paint: Paint): string {
  if (skipped !== undefined) return `  ${paint('dim', `– ${title}: not checked, ${skipped}`)}`
  const worst = order.find((severity) => findings.some(({ code }) => kindOf(code).severity === severity))
  if (worst === undefined) {
    const about = fact === undefined ? '' : paint('dim', cut(fact, columns - 27))
    return `  ${paint('green', '✓')} ${title.padEnd(22)} ${about}`.trimEnd()
  }
  const [color, mark] = marks[worst]
  return `  ${paint(color, mark)} ${title} ${paint('dim', findings.map(({ code }) => code).join(', '))}`
}

const ways = { document: 'by its vendor’s document', registration: 'registers itself' } as const

function journeyLines({ journeys }: Report, paint: Paint): readonly string[] {
  if (journeys.length === 0) return []
  const lines = journeys.map(({ client, way, stops }) =>
    way === undefined
      ? `  ${paint('red', '✗')} ${client.padEnd(10)} stops: ${stops}`
      : `  ${paint('green', '✓')} ${client.padEnd(10)} ${paint('dim', ways[way])}`,
  )
  return [paint('bold', 'From the first request to the browser'), '', ...lines, '']
}

const states = {
  kept: ['green', '✓', 'kept'],
  broken: ['red', '✗', 'look below'],
  unseen: ['dim', '–', 'not checked'],
  person: ['blue', '?', 'a person must look'],
} as const

/** Says for each line of the checklist how it stands with it. A check that has ended early says nothing about it. */
function checklistLines({ lines, groups }: Report, columns: number, paint: Paint): readonly string[] {
  if (groups.some(({ skipped }) => skipped === unreached)) return []
  const rows = Object.entries(states).flatMap(([state, [color, mark, words]]) => {
    const ids = lines.filter((line) => line.state === state).map(({ id }) => id)
    if (ids.length === 0) return []
    const [first = '', ...rest] = wrapped(ids.join(', '), columns - 24)
    return [`  ${paint(color, mark)} ${words.padEnd(19)} ${first}`, ...rest.map((line) => `${' '.repeat(24)}${line}`)]
  })
  return [`${paint('bold', 'Production checklist')} ${paint('dim', checklistPage)}`, '', ...rows, '']
}
const checklistPage = 'docs/deploy/production-checklist.md'

function findingLines(finding: Finding, columns: number, paint: Paint): readonly string[] {
  const { severity, title, why, remedy } = kindOf(finding.code)
  const [color, mark] = marks[severity]
  const clients = clientsOf(finding)
  const whom =
    clients.length === 0 ? '' : clients.length >= clientNames.length ? 'Every client. ' : `${clients.join(', ')}. `
  return [
    `${paint(color, `${mark} ${title}`)} ${paint('dim', `[${finding.code}]`)}`,
    ...labelled('seen', finding.saw, columns, paint),
    ...labelled('why', `${whom}${why}`, columns, paint),
    ...labelled('do', remedy, columns, paint),
    ...labelled('line', `${lineFor(finding.code)} of the production checklist`, columns, paint),
    '',
  ]
}

/** Writes a label with a text beside it, in lines of limited length. */
function labelled(label: string, text: string, columns: number, paint: Paint): readonly string[] {
  const indent = 8
  return wrapped(text, columns - indent).map(
    (line, index) => `  ${index === 0 ? paint('bold', label.padEnd(indent - 2)) : ' '.repeat(indent - 2)}${line}`,
  )
}

function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function verdictLine(report: Report, paint: Paint): string {
  const verdict = verdictOf(report)
  const count = (severity: Severity, one: string) => {
    const many = report.findings.filter(({ code }) => kindOf(code).severity === severity).length
    return many === 0 ? [] : [`${many} ${one}${many === 1 ? '' : 's'}`]
  }
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('note', 'note')].join(', ')
  const color = verdict === 'errors' ? 'red' : verdict === 'warnings' ? 'yellow' : 'green'
  const seconds = (report.milliseconds / 1000).toFixed(1)
  return `${paint(color, paint('bold', `${verdicts[verdict].words}.`))} ${counts === '' ? 'Nothing was found.' : `${counts}.`} ${paint('dim', `${report.requests} ${report.requests === 1 ? 'request' : 'requests'}, ${seconds} s`)}`
}

/** The report for programs. Members are only ever added. */
export function reportJson(report: Report): object {
  const verdict = verdictOf(report)
  return {
    doctor: 1,
    address: report.mcpUrl,
    verdict,
    exit: verdicts[verdict].exit,
    requests: report.requests,
    milliseconds: Math.round(report.milliseconds),
    findings: report.findings.map((finding) => {
      const { severity, title, why, remedy } = kindOf(finding.code)
      return { code: finding.code, severity, title, seen: finding.saw, clients: clientsOf(finding), why, remedy, line: lineFor(finding.code) } // biome-ignore format: one line
    }),
    checks: report.groups.map(({ title, findings, fact, skipped }) => ({
      title,
      findings: findings.map(({ code }) => code),
      ...(fact !== undefined && { fact }),
      ...(skipped !== undefined && { skipped }),
    })),
    clients: report.journeys,
    checklist: report.lines,
  }
}
