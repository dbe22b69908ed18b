/**
 * Makes a text safe for a terminal. People, clients and servers choose names: a control character could move the cursor, change the
 * title of the window or hide a line, and a format character could turn the order of what is shown around.
 */
export const clean = (text: string): string => text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** The same for a text of several lines. */
export const cleanLines = (text: string): string => text.split('\n').map(clean).join('\n')

/** Writes JSON for a terminal or a program: the value is the same, and nothing in it controls a terminal. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .toWellFormed()
    .replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)

const escaped = (character: string) =>
  Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  }).join('')

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** Characters that a terminal shows in two columns (Unicode Standard Annex 11, classes W and F). */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u

const widthOfGrapheme = (grapheme: string) => (wide.test(grapheme) ? 2 : /^\p{M}+$/u.test(grapheme) ? 0 : 1)

/** The columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment)
  return width
}

/** Cuts a text to so many columns. A text that is cut ends with an ellipsis. */
export function cut(text: string, most: number): string {
  if (widthOf(text) <= most) return text
  let [short, width] = ['', 0]
  for (const { segment } of graphemes.segment(text)) {
    width += widthOfGrapheme(segment)
    if (width > most - 1) break
    short += segment
  }
  return `${short}…`
}
