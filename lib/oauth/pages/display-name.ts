const LONGEST = 64

/**
 * Characters that could pass for a badge of this page: check marks, dingbats (not hearts), stars, shields, locks, keys,
 * medals, circles, letters in circles and squares, seals, trademark signs. Other pictures stay.
 */
const badges =
  /[\u00a9\u00ae\u2120\u2122\u221a\u237b\u23b7\u2460-\u24ff\u25a0-\u25ff\u2605\u2606\u2610-\u2612\u269c\u2700-\u2762\u2768-\u27bf\u2b1b-\u2b59\u2bbd\u3200-\u32ff\uaa9c\u{10102}\u{1f100}-\u{1f1ff}\u{1f31f}\u{1f396}\u{1f397}\u{1f3c5}\u{1f3c6}\u{1f4af}\u{1f4db}\u{1f50f}-\u{1f513}\u{1f530}-\u{1f53d}\u{1f5dd}\u{1f5f3}\u{1f5f8}\u{1f5f9}\u{1f6e1}\u{1f7e0}-\u{1f7ff}\u{1f947}-\u{1f949}\u{1faaa}\u{1fbb1}]/gu

/** Words that a client may not say of itself, with the brackets or dashes around them. */
const claims =
  /(?:[-\u2010-\u2015|:\u00b7\u2022]\s*)?[([{<]?(?<![\p{L}\p{N}])(?:verified|official(?:ly)?|certified|trusted|authenticated|approved|endorsed)(?![\p{L}\p{N}])[)\]}>]?/giu

/**
 * Cleans the name of a client like `displayName`, and removes badges and words that claim a verification. The page shows
 * "not verified" beside the name, which denies any claim in other words.
 */
export function clientName(name: string | undefined, fallback: string): string {
  const plain = (name ?? '')
    .slice(0, 1024)
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(badges, ' ')
    // Turns bold, wide and other styled letters into the plain letters that a reader sees in them.
    .normalize('NFKC')
  return displayName(plain.replace(claims, ' '), fallback)
}

/**
 * Makes an untrusted name safe to show (C-04): one line of at most 64 graphemes, with nothing invisible and nothing that
 * reorders or overprints the text around it. The result is still unverified and must still be escaped.
 *
 * @param fallback shown if nothing visible is left
 */
export function displayName(name: string | undefined, fallback: string): string {
  const visible = (name ?? '')
    // A grapheme may hold any number of marks, so the text is cut before graphemes are counted.
    .slice(0, 1024)
    .normalize('NFC')
    // Invisible characters: zero-width and bidi characters, fillers, variation selectors, tags, the blank Braille pattern.
    .replace(/[\p{Default_Ignorable_Code_Point}\u2800]/gu, '')
    .replace(/\s+/gu, ' ')
    // Controls, other format characters, lone surrogates, private use, unassigned characters.
    .replace(/\p{C}/gu, '')
    // Stacked marks would cover the lines above and below.
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
