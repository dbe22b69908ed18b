import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import * as v from 'valibot'
import { repository } from '../repository.ts'

const item = v.object({ type: v.literal('text'), text: v.string() })
const chunk = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ source_url: v.pipe(v.string(), v.url()), content: v.string() }),
)

/** One part of an answer, with the document that contains it. */
export interface Citation {
  readonly sourceUrl: string
  /** Path in this repository. */
  readonly document: string
  readonly heading: string
  readonly text: string
}

/**
 * Reads the tool's answer, which has one text item for each chunk of documentation.
 *
 * @throws Error unless a document of this repository contains every chunk word for word
 */
export async function readCitations(content: readonly unknown[]): Promise<readonly [Citation, ...Citation[]]> {
  const [first, ...others] = content.map((part) => v.parse(chunk, v.parse(item, part).text))
  if (first === undefined) throw new Error('the answer is empty')
  return [await cite(first), ...(await Promise.all(others.map(cite)))]
}

async function cite({ source_url, content }: v.InferOutput<typeof chunk>): Promise<Citation> {
  const path = decodeURIComponent(new URL(source_url).pathname)
  const document = normalize(path.replace(/^\/documents\//, ''))
  if (!path.startsWith('/documents/') || document.startsWith('..'))
    throw new Error(`the answer cites ${source_url}, which is not a document of this project`)
  const [, heading = '', text = content] = /^# ([^\n]*)\n\n(.*)$/s.exec(content) ?? []
  const whole = await readFile(join(repository, document), 'utf8').catch(() => '')
  if (!whole.includes(text)) throw new Error(`${document} does not contain the cited text`)
  return { sourceUrl: source_url, document, heading, text }
}

/** Returns the first whole paragraphs of a Markdown text as running text: at least one, up to about `length` characters. */
export function excerpt(text: string, length: number): string {
  const taken: string[] = []
  for (const paragraph of text.split(/\n{2,}/).map(joinLines)) {
    const soFar = taken.join('').length
    if (taken.length > 0 && soFar + paragraph.length > length) return `${taken.join('\n\n')} […]`
    taken.push(paragraph)
  }
  return taken.join('\n\n')
}

/** Joins the lines of a paragraph. Lists, tables and code keep their line ends, which have a meaning there. */
function joinLines(paragraph: string): string {
  return /^\s*([-*|>]|\d+\.|```|~~~| {4})/m.test(paragraph) ? paragraph : paragraph.replaceAll('\n', ' ')
}
