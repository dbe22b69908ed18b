import * as v from 'valibot'
import { addDuration, addHistogram, fromSparse, type Histogram, toSparse } from './histogram.ts'

/** How often something happened, and how long it took. */
export interface Cell {
  count: number
  readonly histogram: Histogram
}

/** The totals without people and companies, by `<client> <what> <outcome>`. */
export type Cells = Map<string, Cell>

/** Cells in a record: `<client> <what> <outcome> <count> <bucket> <count> …`. */
export const cellsValue = v.array(v.string())

export function addToCells(cells: Cells, name: string, milliseconds: number): void {
  const cell = cellOf(cells, name)
  cell.count += 1
  addDuration(cell.histogram, milliseconds)
}

export function addAllCells(cells: Cells, others: Cells): void {
  for (const [name, { count, histogram }] of others) {
    const cell = cellOf(cells, name)
    cell.count += count
    addHistogram(cell.histogram, histogram)
  }
}

function cellOf(cells: Cells, name: string): Cell {
  const known = cells.get(name)
  if (known) return known
  const cell: Cell = { count: 0, histogram: [] }
  cells.set(name, cell)
  return cell
}

export const toCellsValue = (cells: Cells): string[] =>
  [...cells].map(([name, { count, histogram }]) => `${name} ${count} ${toSparse(histogram)}`)

export function readCells(lines: readonly string[]): Cells {
  const cells: Cells = new Map()
  for (const line of lines) {
    const [client, what, outcome, ...numbers] = line.split(' ')
    const [count = 0, ...sparse] = numbers.map(Number)
    const cell = cellOf(cells, `${client} ${what} ${outcome}`)
    cell.count += count
    addHistogram(cell.histogram, fromSparse(sparse))
  }
  return cells
}

/** The parts of the name of a cell. */
export function cellParts(name: string) {
  const [client = '', what = '', outcome = ''] = name.split(' ')
  return { client, what, outcome }
}
