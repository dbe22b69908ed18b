import { described, type Examination } from '../examination.ts'
import { type Answer, NoAnswer } from '../network.ts'

/** The path that starts a sign-in. The check never finishes it. */
const loginPath = '/login?return=/account'

/** Errors of a provider that knows the callback, and lacks only the user. */
const normal = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/**
 * Asks the OpenID Provider for a sign-in without any user. A provider that knows the callback sends the error there, and one that
 * does not shows a page of its own. Two further requests, with a callback and a client that cannot exist, tell the two apart.
 */
export async function checkProvider(examination: Examination): Promise<void> {
  const { authorizationUrl, furtherAuthorizationUrls: further } = examination
  const known = [...(authorizationUrl === undefined ? [] : [authorizationUrl]), ...further]
  for (const start of known.length > 0 ? known : await startsOf(examination)) await checkOne(examination, start)
}

async function checkOne(examination: Examination, start: string): Promise<void> {
  const { found } = examination
  const url = URL.parse(start)
  const callback = url?.searchParams.get('redirect_uri')
  if (url === null || !callback) return
  const answer = await probe(examination, url, {})
  if (answer === null) return found('provider-unreachable', `${url.origin} does not answer this machine`)
  if (answer.clock !== undefined) examination.providerClock = answer.clock
  const error = errorAt(answer, callback)
  if (error !== null && normal.includes(error)) {
    examination.fact(`${url.host} knows this service and its callback`)
    return checkWide(examination, url, callback)
  }
  if (error !== null && !aboutClient.test(error)) return found('provider-refuses', `${url.host} answers ${error}`)
  // With prompt=none, a sign-in form means that the provider ignores it, and knows the callback.
  const [stranger, unknown] = await Promise.all([
    probe(examination, url, { redirect_uri: 'https://doctor.invalid/callback' }),
    probe(examination, url, { client_id: 'mcp-oauth-broker-doctor' }),
  ])
  const seen = error === null ? `${url.host}: ${described(answer)}` : `${url.host} answers ${error}`
  const isUnknown = unknown !== null && isAlike(answer, unknown) && /client/.test(codeIn(answer))
  if (error !== null || isUnknown) return found('provider-client', seen)
  if (stranger && isAlike(answer, stranger)) found('provider-callback', `${seen}; the callback is ${callback}`)
}

/** Asks the provider for callbacks that only a pattern allows: below the callback, at a subdomain, a sibling or a preview. */
async function checkWide(examination: Examination, url: URL, callback: string): Promise<void> {
  const { host, pathname } = new URL(callback)
  const [, ...parent] = host.split('.')
  const others = [`doctor.${host}`, `doctor--${host}`, ...(parent.length > 1 ? [`doctor.${parent.join('.')}`] : [])]
  const variants = [`${callback}/doctor`, ...others.map((each) => `https://${each}${pathname}`)]
  const answers = await Promise.all(variants.map((each) => probe(examination, url, { redirect_uri: each })))
  const accepted = variants.filter((each, index) => {
    const answer = answers[index]
    return answer && errorAt(answer, each) !== null
  })
  if (accepted.length > 0) examination.found('provider-callback-wide', `${url.host} accepts ${accepted.join(', ')}`)
}

const aboutClient = /^(?:unauthorized_client|invalid_client)$/

const isGitHub = /^[^?]*\/login\/oauth\/authorize\?/

/**
 * Where a sign-in to the pages of the service begins, for a check without the operator's token. With several providers, that is a page
 * with a link for each that has a button.
 */
async function startsOf({ get, origin }: Examination): Promise<readonly string[]> {
  const at = (path: string) => get(origin + path, { accept: 'text/html' })
  const answer = await at(loginPath)
  const links = [...(answer?.text ?? '').matchAll(/href="(\/login\?[^"]*provider=[^"]*)"/g)]
  const answers =
    links.length > 0 ? await Promise.all(links.map(([, link = '']) => at(link.replaceAll('&amp;', '&')))) : [answer]
  const starts = answers.map((each) => (each?.status === 303 ? each.headers.get('location') : null))
  // GitHub sends every user to its sign-in form, whatever the address says.
  return starts.flatMap((start) => (start !== null && !isGitHub.test(start) ? [start] : []))
}

/** Sends a request to the provider. A missing answer is not a finding, because it says nothing about the service. */
async function probe(
  { network }: Examination,
  start: URL,
  changes: Readonly<Record<string, string>>,
): Promise<Answer | null> {
  const url = new URL(start)
  for (const [name, value] of Object.entries({ ...changes, prompt: 'none' })) url.searchParams.set(name, value)
  try {
    return await network.send({ url: url.href, headers: { accept: 'text/html', 'user-agent': 'Mozilla/5.0' } })
  } catch (error) {
    if (error instanceof NoAnswer) return null
    throw error
  }
}

/** The error that a provider sends to a callback; `null` if it sends the browser elsewhere, or nowhere. */
function errorAt({ headers, url }: Answer, callback: string): string | null {
  const target = URL.parse(headers.get('location') ?? '', url)
  const expected = URL.parse(callback)
  if (target === null || expected === null) return null
  if (target.origin + target.pathname !== expected.origin + expected.pathname) return null
  return target.searchParams.get('error') ?? 'a code'
}

/** The OAuth error code in a page of the provider, or in the address that it leads to. */
function codeIn({ text, headers }: Answer): string {
  const words = `${headers.get('location') ?? ''} ${text}`
  return /\b(?:invalid_redirect_uri|redirect_uri_mismatch|invalid_client|unauthorized_client|invalid_request)\b/.exec(words)?.[0] ?? '' // biome-ignore format: one line
}

/** Whether two answers say the same: status, where they lead, and the error code that they name. */
function isAlike(one: Answer, other: Answer): boolean {
  const place = ({ headers, url }: Answer) => {
    const target = URL.parse(headers.get('location') ?? '', url)
    return target === null ? '' : target.origin + target.pathname
  }
  return one.status === other.status && place(one) === place(other) && codeIn(one) === codeIn(other)
}
