/**
 * Makes a name out of a text: its words of ASCII letters and digits, in lower case, joined by a separator. A text without such
 * words, in another script, becomes `docs`.
 */
export function slug(text: string, separator: '-' | '_'): string {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ['docs']
  return words.join(separator)
}
