import type { CallToolResult } from '@modelcontextprotocol/server'
import type { KapaPassage } from '../../answers/kapa.ts'
import { toJson } from '../../base/well-formed.ts'

/** Characters (UTF-16 units) of all passages of an answer: the least and the most that a client may ask for. */
export const budget = { least: 500, most: 60_000 } as const

/**
 * Makes an answer of at most `most` characters. It keeps whole passages, the best first, and stops at the first that does not fit.
 * A best passage that is too long by itself is cut where a paragraph, a line or a word ends. A note names the addresses of what is
 * missing, so that the client can open them.
 *
 * @returns `undefined` if all passages fit
 */
export function withinBudget(passages: readonly KapaPassage[], most: number): CallToolResult | undefined {
  const [kept, leftOut] = divided(passages, most)
  const [best] = passages
  if (best === undefined || leftOut.length === 0) return undefined
  const shown = kept.length > 0 ? kept : [{ ...best, content: shortened(best.content, most) }]
  const note = noteOn(kept.length > 0 ? leftOut : leftOut.slice(1), most, kept.length === 0)
  const texts = [...shown.map((passage) => toJson(passage)), note]
  return {
    content: texts.map((text) => ({ type: 'text', text })),
    structuredContent: { passages: shown, note },
  }
}

/** The passages that fit one after the other, and all that follow. */
function divided(
  passages: readonly KapaPassage[],
  most: number,
): readonly [readonly KapaPassage[], readonly KapaPassage[]] {
  let length = 0
  const end = passages.findIndex(({ content }) => {
    length += content.length
    return length > most
  })
  return end === -1 ? [passages, []] : [passages.slice(0, end), passages.slice(end)]
}

const fence = '\n```'

/** Cuts a text at the last end of a paragraph, a line or a word in its second half, and closes an open block of code. */
function shortened(content: string, most: number): string {
  const text = content.slice(0, most - fence.length - 2)
  const ends = ['\n\n', '\n', ' '].map((end) => text.lastIndexOf(end)).filter((end) => end > text.length / 2)
  const cut = text.slice(0, ends[0] ?? text.length)
  const open = (cut.match(/^ {0,3}```/gm)?.length ?? 0) % 2 === 1
  return `${cut}${open ? fence : ''} …`
}

/** @param cut whether the best passage was cut, too */
function noteOn(leftOut: readonly KapaPassage[], most: number, cut: boolean): string {
  const urls = new Set(leftOut.map(({ source_url: url }) => url).filter((url) => url !== undefined))
  const number = leftOut.length === 1 ? 'one passage is' : `${leftOut.length} passages are`
  const what = [cut && 'the passage is cut', leftOut.length > 0 && `${number} left out`].filter(Boolean).join(', and ')
  const where = urls.size > 0 ? ` Read what is missing at: ${[...urls].join(' ')}` : ''
  return `For the limit of ${most} characters, ${what}.${where}`
}
