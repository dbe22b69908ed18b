const LONGEST = 64

/**
 * What a client calls itself, made harmless to look at (C-04): nothing invisible, nothing that reorders or overprints the
 * text around it, one line, at most 64 graphemes. It is still unverified, and still has to be escaped.
 *
 * @param fallback shown when nothing visible is left
 */
export function displayName(name: string | undefined, fallback: string): string {
  const visible = (name ?? '')
    // A grapheme may hold any number of marks: bound the work and the text before looking at graphemes.
    .slice(0, 1024)
    .normalize('NFC')
    // Assigned but invisible: zero-width and bidi characters, fillers, variation selectors, tags; the blank Braille pattern.
    .replace(/[\p{Default_Ignorable_Code_Point}\u2800]/gu, '')
    .replace(/\s+/gu, ' ')
    // Controls, other format characters, lone surrogates, private use, unassigned.
    .replace(/\p{C}/gu, '')
    // Piled-up marks climb over the neighbouring lines.
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .replace(/ {2,}/g, ' ')
    .trim()
  if (visible === '') return fallback
  if (visible.length <= LONGEST) return visible
  const graphemes = [...new Intl.Segmenter('en').segment(visible)]
  if (graphemes.length <= LONGEST) return visible
  const kept = graphemes.slice(0, LONGEST - 1).map(({ segment }) => segment)
  return `${kept.join('').trimEnd()}…`
}
