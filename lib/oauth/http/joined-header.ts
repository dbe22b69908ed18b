/**
 * Splits a header that may have been sent more than once into its values. Proxies and clients join values with commas (RFC 9110
 * §5.3). A comma inside a quoted string does not separate, unless the quote never ends.
 */
export function elementsOf(header: string): readonly string[] {
  const isWhole = /^(?:[^",]|,|"(?:[^"\\]|\\.)*")*$/.test(header)
  const elements = isWhole ? (header.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g) ?? []) : header.split(',')
  return elements.map((element) => element.trim()).filter((element) => element !== '')
}
