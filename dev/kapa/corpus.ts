import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import MiniSearch from 'minisearch'

/** Part of a document under one heading. */
export interface Chunk {
  readonly path: string
  /** Empty for the text before the first heading. */
  readonly anchor: string
  /** Markdown, beginning with the headings that lead to it. */
  readonly content: string
}

export interface Corpus {
  /** Returns the best chunks first, at most `limit`. */
  search(query: string, limit: number): readonly Chunk[]
  /** Returns the whole text of a document by its path in a URL (`docs/guide.md`). */
  document(path: string): string | undefined
  /** Returns the paths of all documents. */
  paths(): readonly string[]
}

interface Section {
  readonly path: string
  readonly anchor: string
  readonly headings: readonly string[]
  readonly text: string
}

/**
 * Opens the Markdown files in `documents` (files, or folders with everything in them) and cuts them at their headings.
 * The path of a document in a URL begins with the name of the given file or folder.
 *
 * @throws Error if one of `documents` does not exist
 */
export function openCorpus(documents: readonly string[]): Corpus {
  const texts = new Map<string, string>()
  for (const given of documents) {
    for (const file of markdownFiles(given)) {
      const path = relative(dirname(given), file).split(sep).map(encodeURIComponent).join('/')
      texts.set(path, readFileSync(file, 'utf8'))
    }
  }
  const sections = [...texts].flatMap(([path, text]) => sectionsOf(text).map((section) => ({ path, ...section })))
  const index = new MiniSearch({
    fields: ['title', 'text'],
    searchOptions: {
      boost: { title: 2 },
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 5 ? 0.2 : 0),
    },
  })
  index.addAll(sections.map(({ headings, text }, id) => ({ id, title: headings.join(' '), text })))

  return {
    search(query, limit) {
      const found: Chunk[] = []
      for (const { id } of index.search(query).slice(0, limit)) {
        const section = sections[Number(id)]
        if (section !== undefined) found.push(chunkOf(section))
      }
      return found
    },
    document: (path) => texts.get(path),
    paths: () => [...texts.keys()],
  }
}

function chunkOf({ path, anchor, headings, text }: Section): Chunk {
  return { path, anchor, content: headings.length === 0 ? text : `# ${headings.join(' > ')}\n\n${text}` }
}

function markdownFiles(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !basename(name).startsWith('.'))
    .sort()
    .map((name) => join(path, name))
}

/** Cuts a text at its headings. A `#` line in a fenced code block is a shell comment and not a heading. */
function sectionsOf(text: string): Omit<Section, 'path'>[] {
  const sections: { anchor: string; headings: string[]; lines: string[] }[] = [{ anchor: '', headings: [], lines: [] }]
  const anchors = new Map<string, number>()
  const trail: { level: number; title: string }[] = []
  let fenced = false
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced
    const [, marks, title] = fenced ? [] : (/^(#{1,6})\s+(.+?)\s*#*$/.exec(line) ?? [])
    if (marks === undefined || title === undefined) {
      sections.at(-1)?.lines.push(line)
      continue
    }
    while ((trail.at(-1)?.level ?? 0) >= marks.length) trail.pop()
    trail.push({ level: marks.length, title })
    sections.push({ anchor: uniqueAnchor(title, anchors), headings: trail.map((heading) => heading.title), lines: [] })
  }
  return sections
    .map(({ anchor, headings, lines }) => ({ anchor, headings, text: lines.join('\n').trim() }))
    .filter((section) => section.text !== '')
}

/** Makes an anchor as GitHub does: lower case, words joined by hyphens, a number from the second one on. */
function uniqueAnchor(title: string, taken: Map<string, number>): string {
  const slug = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
  const count = taken.get(slug) ?? 0
  taken.set(slug, count + 1)
  return count === 0 ? slug : `${slug}-${count}`
}
