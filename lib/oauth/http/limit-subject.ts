/**
 * Returns the subject that a request counts under: a subject of its own if a script of a web page sent it, and otherwise `undefined`.
 * Browsers name the origin of a request, and apps name origins of other schemes. So a web page that is open in a browser cannot use up
 * the limits of the programs at the same address.
 */
export function limitSubjectOf({ headers }: Request): string | undefined {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (origin === null || site === 'same-origin' || site === 'none') return undefined
  return origin === 'null' || /^https?:/i.test(origin) ? 'web pages' : undefined
}
