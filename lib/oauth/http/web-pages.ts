/**
 * What a request is counted as: `undefined`, or apart from all others if a script of a web page has sent it. Browsers say
 * where it comes from; apps name origins of other schemes. A page that somebody has open so uses up nothing of what the
 * programs at their address may do.
 */
export function subjectOf({ headers }: Request): string | undefined {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  if (origin === null || site === 'same-origin' || site === 'none') return undefined
  return origin === 'null' || /^https?:/i.test(origin) ? 'web pages' : undefined
}
