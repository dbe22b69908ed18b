import { PageError } from '../errors.ts'

/**
 * A page is for a person who goes there. Browsers say what they ask for: a script's request, an image, a frame or a worker
 * is refused before anything is looked up, fetched or counted, so that no page can spend what an address may do, and no
 * script of our own origin reads a form and posts it. Where the header is missing it is an old browser, or no browser: a
 * client that probes the endpoint. Throws `PageError`.
 */
export function requireNavigation(request: Request): void {
  if (request.method === 'GET' && isSpeculative(request.headers)) {
    throw new PageError('speculative', 'temporarily_unavailable', 'asked for ahead of time: ask again when it is shown')
  }
  const destination = request.headers.get('sec-fetch-dest') ?? ''
  // Two headers of the same name arrive as one list.
  const all = destination.split(',').map((one) => one.trim())
  if (all.some((one) => one !== '' && one !== 'document')) {
    throw new PageError('not-navigated', 'invalid_request', 'only a browser that goes to this address is answered')
  }
}

/**
 * A browser, or a mail scanner, that fetches what a person may open next: it must take no step of a sign-in, and is told
 * to come again, since it would show a 2xx to the person later.
 */
function isSpeculative(headers: Headers): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /\b(?:prefetch|prerender|preview)\b/i.test(headers.get(name) ?? ''),
  )
}
