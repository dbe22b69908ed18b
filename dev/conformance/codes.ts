import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowId } from './tags.ts'

/** A mention of a row, such as `T-21`, in a comment or a page. */
export interface Citation {
  readonly file: string
  readonly id: string
}

const comment = /\/\*.*?\*\/|(?<=^|\s)\/\/.*?$/gms

/** Finds what looks like the id of a row in the comments of code, or anywhere in a page of Markdown. */
export function citationsIn(file: string, source: string): readonly Citation[] {
  const texts = file.endsWith('.md') ? [source] : (source.match(comment) ?? [])
  const ids = new Set(
    texts.flatMap((text) => text.match(new RegExp(String.raw`(?<![\w-])${rowId}(?![\w-])`, 'g')) ?? []),
  )
  return [...ids].map((id) => ({ file, id }))
}

/** Everything in the repository that may cite rows. */
export function findCitations(root: string): readonly Citation[] {
  return [
    'README.md',
    ...['lib', 'cli', 'dev', 'tests', 'bench', 'netlify', 'bin', 'docs'].flatMap((folder) => filesIn(root, folder)),
  ]
    .filter((file) => /\.(?:ts|mjs|md)$/.test(file) && !file.includes('node_modules'))
    .filter((file) => file !== 'tests/conformance.test.ts' && !file.startsWith('dev/conformance/'))
    .sort()
    .flatMap((file) => citationsIn(file, readFileSync(join(root, file), 'utf8')))
}

const filesIn = (root: string, folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
