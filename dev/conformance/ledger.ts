import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../repository.ts'
import { formatFamily, formatIndex } from './format.ts'
import { parseFamily } from './parse.ts'
import type { Family } from './row.ts'
import { findTaggedTests } from './tags.ts'

/** The files of `docs/conformance/`, in the order of the index. */
const names = [
  ...['discovery', 'authorization', 'consent', 'tokens', 'registration', 'metadata-documents', 'resource-server'],
  ...['openid-provider', 'operations', 'advisories', 'defects', 'conditions', 'documentation-site', 'related-servers'],
  ...['dpop', 'extensions'],
]

const fileOf = (name: string) => `docs/conformance/${name}.md`
const index = 'docs/conformance.md'
const read = (path: string) => readFileSync(join(repository, path), 'utf8')

export const readLedger = (): readonly Family[] => names.map((name) => parseFamily(name, read(fileOf(name))))

/** Returns what the files of the ledger should contain, by path. */
export function formatLedger(): ReadonlyMap<string, string> {
  const families = readLedger()
  const tests = findTaggedTests(repository)
  const files = families.map((family) => [fileOf(family.name), formatFamily(family, tests)] as const)
  return new Map([[index, formatIndex(read(index), families)], ...files])
}
