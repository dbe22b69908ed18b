import * as v from 'valibot'
import type { StoreValue } from '../../store/store.ts'

/**
 * Counts how often each person did what. A combination is `<company> <client> <what> <outcome>`. All people share one list of
 * combinations, and each person has the counts of a few of them.
 */
export interface PeopleTable {
  /**
   * @param last the latest time, in seconds of the day
   */
  add(person: string, combination: string, count: number, last: number): void
  /** Adds another table, and renames its people. */
  addAll(other: PeopleTable, rename?: (person: string) => string): void
  people(): Iterable<string>
  of(person: string): Iterable<Use>
  readonly size: number
  toValue(): PeopleValue
}

export interface Use {
  readonly combination: string
  readonly count: number
  readonly last: number
}

const peopleValue = v.object({ combinations: v.array(v.string()), people: v.array(v.string()) })
/**
 * A table in a record. `people`: `<person> <index of combination> <count> <last> …`. A record holds texts because a hundred
 * thousand of them are quick to read.
 */
export type PeopleValue = v.InferOutput<typeof peopleValue>

/** Numbers of one combination in the row of a person. */
const width = 3

export function createPeopleTable(): PeopleTable {
  const combinations: string[] = []
  const indexes = new Map<string, number>()
  const rows = new Map<string, number[]>()

  function indexOf(combination: string): number {
    const known = indexes.get(combination)
    if (known !== undefined) return known
    indexes.set(combination, combinations.length)
    return combinations.push(combination) - 1
  }

  function addAt(person: string, index: number, count: number, last: number): void {
    const row = rows.get(person) ?? []
    if (row.length === 0) rows.set(person, row)
    for (let at = 0; at < row.length; at += width) {
      if (row[at] !== index) continue
      row[at + 1] = (row[at + 1] ?? 0) + count
      row[at + 2] = Math.max(row[at + 2] ?? 0, last)
      return
    }
    row.push(index, count, last)
  }

  const table: PeopleTable = {
    add: (person, combination, count, last) => addAt(person, indexOf(combination), count, last),
    addAll(other, rename = (person) => person) {
      for (const person of other.people()) {
        const name = rename(person)
        for (const { combination, count, last } of other.of(person)) table.add(name, combination, count, last)
      }
    },
    people: () => rows.keys(),
    *of(person) {
      const row = rows.get(person) ?? []
      for (let at = 0; at < row.length; at += width) {
        yield { combination: combinations[row[at] ?? 0] ?? '', count: row[at + 1] ?? 0, last: row[at + 2] ?? 0 }
      }
    },
    get size() {
      return rows.size
    },
    toValue: () => ({ combinations, people: [...rows].map(([person, row]) => `${person} ${row.join(' ')}`) }),
  }
  return table
}

/** Reads the table of a record. Throws if it is damaged. */
export function readPeopleTable(value: StoreValue): PeopleTable {
  const table = createPeopleTable()
  readUses(value, table.add)
  return table
}

/** Reads a record, and calls `add` with each use in it. Throws if it is damaged. */
export function readUses(value: StoreValue, add: PeopleTable['add']): void {
  const { combinations, people } = v.parse(peopleValue, value)
  for (const line of people) {
    const [person = '', ...numbers] = line.split(' ')
    for (let at = 0; at < numbers.length; at += width) {
      const combination = combinations[Number(numbers[at])]
      if (combination !== undefined) add(person, combination, Number(numbers[at + 1]), Number(numbers[at + 2]))
    }
  }
}

/** The uses of a record, by person. Nothing is made of a line before it is asked for: very many lines are read for few uses each. */
export interface PersonLines {
  /** The people, each with the line to give to `of`. */
  lines(): Iterable<readonly [person: string, line: string]>
  of(line: string): Iterable<Use>
}

/** Reads the record of a table line by line. Throws for a damaged one. */
export function readPersonLines(value: StoreValue): PersonLines {
  const { combinations, people } = v.parse(peopleValue, value)
  return {
    *lines() {
      for (const line of people) yield [line.slice(0, line.indexOf(' ')), line]
    },
    *of(line) {
      const numbers = line.split(' ')
      for (let at = 1; at < numbers.length; at += width) {
        const combination = combinations[Number(numbers[at])]
        if (combination !== undefined)
          yield { combination, count: Number(numbers[at + 1]), last: Number(numbers[at + 2]) }
      }
    },
  }
}

/** The same of a table in memory, where a person is their own line. */
export const linesOfTable = (table: PeopleTable): PersonLines => ({
  *lines() {
    for (const person of table.people()) yield [person, person]
  },
  of: (person) => table.of(person),
})

/** Reads what one person did from the record of a table. */
export function usesOfPerson(value: StoreValue, person: string): readonly Use[] {
  const { combinations, people } = v.parse(peopleValue, value)
  const line = people.find((text) => text.startsWith(`${person} `))
  return line === undefined ? [] : [...readPeopleTable({ combinations, people: [line] }).of(person)]
}

/** The parts of a combination. */
export function partsOf(combination: string) {
  const first = combination.indexOf(' ')
  const second = combination.indexOf(' ', first + 1)
  const third = combination.indexOf(' ', second + 1)
  return {
    company: combination.slice(0, first),
    client: combination.slice(first + 1, second),
    what: combination.slice(second + 1, third),
    outcome: combination.slice(third + 1),
  }
}
