import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'
import { addAllCells, addToCells, type Cells, cellsValue, readCells, toCellsValue } from './cells.ts'
import { type CountedEvent, forgotten } from './event-key.ts'
import { createPeopleTable, type PeopleTable, readPeopleTable } from './people-table.ts'
import { dayOfSlice, type Slice, startOfDay } from './time.ts'

/** The counts of one slice, or of several slices of one day. */
export interface Tally {
  readonly cells: Cells
  readonly people: PeopleTable
}

export const createTally = (): Tally => ({ cells: new Map(), people: createPeopleTable() })

/** Names the record of a slice. Of several runs that count a slice, the one that creates the record has counted it. */
export const sliceKey = (slice: Slice): string => `${sliceRecords}${dayOfSlice(slice)}/${slice.slice(8)}`
export const sliceRecords = 'usage-slices/'
export const sliceOfKey = (key: string): Slice => key.slice(sliceRecords.length).replace('/', '')

/**
 * Counts the events of a slice, or of a part of it. An event that is stored twice, under two names of its person, counts once:
 * forgetting a person writes the anonymous event before it removes the other one.
 *
 * @param isForgotten whether a person is being forgotten: their events count without their name
 */
export function tallyOf(events: Iterable<CountedEvent>, isForgotten: (person: string) => boolean): Tally {
  const tally = createTally()
  const seen = new Set<string>()
  for (const { at, nonce, ...event } of events) {
    const id = `${at} ${nonce}`
    if (seen.has(id)) continue
    seen.add(id)
    const { person, company, client, what, outcome, milliseconds } = event
    addToCells(tally.cells, `${client} ${what} ${outcome}`, milliseconds)
    const seconds = Math.floor((at - startOfDay(dayOfSlice(event.slice))) / 1000)
    const name = isForgotten(person) ? forgotten : person
    tally.people.add(name, `${company} ${client} ${what} ${outcome}`, 1, seconds)
  }
  return tally
}

/** @param isForgotten whether a person is being forgotten */
export function addTally(tally: Tally, other: Tally, isForgotten: (person: string) => boolean = () => false): void {
  addAllCells(tally.cells, other.cells)
  tally.people.addAll(other.people, (person) => (isForgotten(person) ? forgotten : person))
}

export const toSliceValue = ({ cells, people }: Tally): StoreValue => ({
  cells: toCellsValue(cells),
  ...people.toValue(),
})

export const cellsOfSlice = (value: StoreValue): Cells => readCells(v.parse(cellsValue, value.cells))

/** Reads the record of a slice. Throws if it is damaged. */
export const readSlice = (value: StoreValue): Tally => ({
  cells: cellsOfSlice(value),
  people: readPeopleTable(value),
})
