import { PageError } from '../../oauth/errors.ts'
import { mostPeopleOfFile, type PeoplePart, peoplePartCounts } from '../../people/reports/reports.ts'
import { exportsInParts } from '../admin-api/exports.ts'
import type { ExportName } from './actions.ts'

/** One file of an export that is divided. */
export interface FilePart extends PeoplePart {
  readonly people: number
}

/** The most people whose usage of 90 days is one file. */
const mostPeopleOfUsage = 50_000

/** How many people the whole of an export may be about, so that it is one file. `undefined`: it is always one file. */
export const mostInOneFile = (what: ExportName): number | undefined =>
  ({ people: mostPeopleOfFile, usage: mostPeopleOfUsage, companies: undefined, audit: undefined })[what]

/**
 * Returns the files into which an export is divided: the fewest parts in which no file is too long. Usage always has 16, because its
 * records are spread over 16.
 *
 * Throws `PageError` for an export that is always one file.
 *
 * @param counts the people of each of 64 parts
 */
export function filePartsOf(what: ExportName, counts: readonly number[]): readonly FilePart[] {
  if (!exportsInParts.some((one) => one === what))
    throw new PageError('invalid-request', 'invalid_request', 'there is no such export')
  const divided = peoplePartCounts.map((of) => partsOf(of, counts))
  const fits = (parts: readonly FilePart[]) => parts.every(({ people }) => people <= mostPeopleOfFile)
  const inParts = what === 'usage' ? divided.filter(([first]) => first?.of === 16) : divided
  return inParts.find(fits) ?? inParts.at(-1) ?? []
}

const partsOf = (of: PeoplePart['of'], counts: readonly number[]): readonly FilePart[] =>
  Array.from({ length: of }, (_, index) => {
    const size = 64 / of
    const people = counts.slice(index * size, (index + 1) * size).reduce((sum, count) => sum + count, 0)
    return { index, of, people }
  })

/** Names a part in forms, file names and the audit log, so that names sort: `03-of-16`. */
export const partName = ({ index, of }: PeoplePart): string => `${String(index + 1).padStart(2, '0')}-of-${of}`

/** Reads the name of a part. `undefined`: there is no such part. */
export function partNamed(what: ExportName, name: string): PeoplePart | undefined {
  if (!exportsInParts.some((one) => one === what)) return undefined
  const counts = what === 'usage' ? ([16] as const) : peoplePartCounts
  for (const of of counts) {
    for (let index = 0; index < of; index++) if (partName({ index, of }) === name) return { index, of }
  }
  return undefined
}
