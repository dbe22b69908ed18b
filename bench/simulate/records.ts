import { createPeopleTable } from '../../lib/people/usage/people-table.ts'
import { tallyOf, toSliceValue } from '../../lib/people/usage/slices.ts'
import { startOfSlice } from '../../lib/people/usage/time.ts'
import { of } from './inputs.ts'
import { createRandom } from './random.ts'

/** What the record of ten minutes, and a person in the record of a day, take with the real code. */
export interface RecordSizes {
  readonly events: number
  readonly bytes: number
  /** Milliseconds to count the events and to write the record as JSON. */
  readonly milliseconds: number
}

const slice = '20261130102'
const outcomes = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'tool_error'] as const

/** Counts so many events of ten minutes, as many calls for each person as a sitting has. */
export function measureSlice(events: number): RecordSizes {
  const random = createRandom(1)
  const id = () => Array.from({ length: 20 }, () => alphabet[Math.floor(random() * 64)]).join('')
  const people = Array.from({ length: Math.ceil(events / of('callsOfSession')) }, () => ({ person: id(), company: '' }))
  const companies = Array.from({ length: Math.ceil(people.length / 10) }, id)
  const clients = Array.from({ length: 20 }, id)
  for (const one of people) one.company = pick(companies, random)
  const begin = startOfSlice(slice)
  const made = Array.from({ length: events }, () => {
    const { person, company } = pick(people, random)
    return {
      slice,
      at: begin + Math.floor(random() * 600_000),
      person,
      company,
      client: pick(clients, random),
      what: 'call.ask',
      outcome: pick(outcomes, random),
      milliseconds: Math.floor(random() * 8000),
      nonce: id(),
    }
  })
  const began = performance.now()
  const bytes = Buffer.byteLength(JSON.stringify(toSliceValue(tallyOf(made, () => false))))
  return { events, bytes, milliseconds: performance.now() - began }
}

/** Bytes of a person in the record of a day. */
export function bytesOfPersonDay(): number {
  const { bytes } = sizeOf(1000)
  return bytes / 1000
}

function sizeOf(count: number) {
  const random = createRandom(2)
  const table = createPeopleTable()
  const id = () => Array.from({ length: 20 }, () => alphabet[Math.floor(random() * 64)]).join('')
  const [company, client] = [id(), id()]
  for (let index = 0; index < count; index++) table.add(id(), `${company} ${client} call.ask ok`, of('callsOfSession'), index) // biome-ignore format: one line
  return { bytes: Buffer.byteLength(JSON.stringify(table.toValue())) }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function pick<T>(of: readonly T[], random: () => number): T {
  const found = of[Math.floor(random() * of.length)]
  if (found === undefined) throw new Error('nothing to choose from')
  return found
}
