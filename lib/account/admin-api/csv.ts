import { wellFormed } from '../../base/well-formed.ts'

/** A value of a row. */
export type Cell = string | number | boolean | undefined

/** Writes one line of CSV (RFC 4180 §2). */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`

/**
 * Writes a cell. People and clients choose their names, and a spreadsheet would run a text that begins like a formula (N21), so
 * such a text gets an apostrophe before it. Full-width forms of the signs and a line feed count as well. In many countries a
 * spreadsheet also begins a new cell at a semicolon, even between quotes.
 */
function csvCell(value: Cell): string {
  if (typeof value !== 'string') return value === undefined ? '' : String(value)
  const text = wellFormed(value)
  const apart = text.replaceAll(/([;\t\r\n][\s"']*)(?=[=+\-@＝＋－＠])/g, "$1'")
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(apart) ? `'${apart}` : apart
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
