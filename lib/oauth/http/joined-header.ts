/**
 * The elements of a header that may have been sent more than once: proxies and clients join the values with commas
 * (RFC 9110 §5.3). A comma inside a quoted string is no separator, unless a quote never ends.
 */
export function elementsOf(header: string): readonly string[] {
  const isWhole = /^(?:[^",]|,|"(?:[^"\\]|\\.)*")*$/.test(header)
  const elements = isWhole ? (header.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g) ?? []) : header.split(',')
  return elements.map((element) => element.trim()).filter((element) => element !== '')
}
