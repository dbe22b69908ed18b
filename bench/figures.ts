import { styleText } from 'node:util'

export interface Figure {
  readonly section: string
  readonly name: string
  /** NaN: it could not be measured. */
  readonly value: number
  readonly unit: string
  /** Digits after the decimal point, in the table and in the comparison; default 0. */
  readonly digits?: number
  /** The most that it may be. */
  readonly hold?: number | undefined
  readonly note?: string
}

export type Verdict = 'ok' | 'MISSES' | 'not measured' | ''

/** Compares the rounded figure that is shown. Otherwise the table could say "15 of at most 15: misses". */
export function verdictOf({ value, hold, digits = 0 }: Figure): Verdict {
  if (Number.isNaN(value)) return 'not measured'
  if (hold === undefined) return ''
  return Number(value.toFixed(digits)) <= hold ? 'ok' : 'MISSES'
}

const nameWidth = 44
const valueWidth = 18
const holdWidth = 12

/** The table, ready to print. */
export function table(figures: readonly Figure[]): string {
  const lines: string[] = []
  let section = ''
  for (const figure of figures) {
    if (figure.section !== section) {
      section = figure.section
      const head = section.padEnd(nameWidth + 2)
      lines.push(
        '',
        styleText('bold', head) + styleText('dim', 'value'.padStart(valueWidth) + 'to hold'.padStart(holdWidth)),
      )
    }
    lines.push(row(figure))
  }
  return lines.join('\n')
}

const colors = { ok: 'green', MISSES: 'red', 'not measured': 'red' } as const

function row(figure: Figure): string {
  const { name, value, unit, digits = 0, hold, note = '' } = figure
  const format = (number: number) =>
    number.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const verdict = verdictOf(figure)
  const shown = verdict === 'not measured' ? '–' : `${format(value)} ${unit}`.trim()
  const limit = hold === undefined ? '' : `≤ ${hold.toLocaleString('en')}`
  const judged = verdict === '' ? '' : styleText(colors[verdict], verdict)
  return [
    `  ${name.padEnd(nameWidth)}${shown.padStart(valueWidth)}${limit.padStart(holdWidth)}`,
    judged + ' '.repeat(Math.max(0, 7 - verdict.length)),
    styleText('dim', note),
  ]
    .join('  ')
    .trimEnd()
}
