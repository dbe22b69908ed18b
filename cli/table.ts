import { clean, cut, widthOf } from './text.ts'

export interface Column<Row> {
  readonly title: string
  /** Returns the cell. A number is aligned to the right; `undefined` leaves the cell empty. */
  readonly cell: (row: Row) => string | number | undefined
  /** The columns to which a long text may be cut. Absent: it is shown whole. */
  readonly least?: number
  /** Aligns a text to the right. */
  readonly right?: boolean
}

const gap = '  '

/** Formats rows as a table of at most `width` columns of a terminal, if the columns that may be cut allow it. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, bold }: { readonly width: number; readonly bold: (text: string) => string },
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => shown(cell(row))))
  const natural = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((line) => widthOf(line[index] ?? ''))),
  )
  const widths = fitted(natural, columns, width)
  const isRight = columns.map(({ right, cell }) => right ?? rows.some((row) => typeof cell(row) === 'number'))
  const line = (texts: readonly string[], style = (text: string) => text) =>
    texts
      .map((text, index) => style(padded(cut(text, widths[index] ?? 0), widths[index] ?? 0, isRight[index] ?? false)))
      .join(gap)
      .trimEnd()
  const titles = columns.map(({ title }) => title)
  return [line(titles, bold), ...cells.map((texts) => line(texts))].map((text) => `${text}\n`).join('')
}

const shown = (cell: string | number | undefined): string =>
  typeof cell === 'number' ? cell.toLocaleString('en-US') : clean(cell ?? '')

function padded(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? blanks + text : text + blanks
}

/** Narrows the widest of the columns that may be cut, until all fit. */
function fitted(natural: readonly number[], columns: readonly Column<never>[], width: number): readonly number[] {
  const widths = [...natural]
  const total = () => widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1))
  const mayShrink = (index: number) => (widths[index] ?? 0) > (columns[index]?.least ?? Number.POSITIVE_INFINITY)
  while (total() > width) {
    const candidates = [...widths.keys()].filter(mayShrink)
    const [widest] = candidates.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}
