import { PageError } from '../errors.ts'

/**
 * Requires that a browser navigates to the page. Browsers say what a request is for. A request of a script, an image, a
 * frame or a worker is refused before anything is looked up, fetched or counted. So no web page can use up the limits of an
 * address, and no script of our own origin can read a form and post it. Old browsers and programs that probe the endpoint
 * send no such header, and they pass. Throws `PageError`.
 */
export function requireNavigation(request: Request): void {
  if (request.method === 'GET' && isSpeculative(request.headers)) {
    throw new PageError('speculative', 'temporarily_unavailable', 'loaded ahead of time: repeat the request when shown')
  }
  const destination = request.headers.get('sec-fetch-dest') ?? ''
  // Two headers of the same name arrive as one list.
  const all = destination.split(',').map((one) => one.trim())
  if (all.some((one) => one !== '' && one !== 'document')) {
    throw new PageError('not-navigated', 'invalid_request', 'a browser must navigate to this address')
  }
}

/**
 * Whether a browser or a mail scanner loads the page ahead of the user. It must take no step of a sign-in. It is told to
 * come again, because a browser may show a 2xx answer to the user later.
 */
function isSpeculative(headers: Headers): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some((name) =>
    /\b(?:prefetch|prerender|preview)\b/i.test(headers.get(name) ?? ''),
  )
}
