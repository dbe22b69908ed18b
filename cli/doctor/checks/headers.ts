import { type Examination, jsonIn } from '../examination.ts'
import type { Answer } from '../network.ts'

/** Looks in the headers of every answer so far for changes by caches and proxies. Sends nothing. */
export function checkHeaders({ answers, found, fact, mcpUrl, origin }: Examination): void {
  fact('nothing is compressed, and no cache keeps answers')
  for (const answer of answers) {
    if (new URL(answer.url).origin !== origin) continue
    // Every answer of the service has this header. Those of the platform or a proxy are not meant.
    const isOurs = origin.startsWith('https:') && answer.headers.get('x-content-type-options') === 'nosniff'
    if (isOurs && !isRemembered(answer)) found('hsts-missing', answer.request)
    const encoding = answer.headers.get('content-encoding')
    if (encoding !== null && encoding !== 'identity') found('answer-compressed', `${answer.request}: ${encoding}`)
    if (isOfOneUser(answer, mcpUrl)) {
      const why = keeping(answer)
      if (why !== null) found('answer-cached', `${answer.request}: ${why}`)
    }
  }
}

/** Seconds. A browser that comes less often than this has forgotten the header. */
const month = 30 * 86_400

/** Whether browsers use https for this host from now on (RFC 6797). They read the first of several headers. */
function isRemembered({ headers }: Answer): boolean {
  const [first = ''] = (headers.get('strict-transport-security') ?? '').split(',')
  return Number(/(?:^|;)\s*max-age="?(\d+)/i.exec(first)?.[1] ?? 0) >= month
}

/** Whether this answer is for one user, so that no cache may give it to another. */
function isOfOneUser(answer: Answer, mcpUrl: string): boolean {
  if (answer.request.startsWith('OPTIONS')) return false
  const { origin, pathname } = new URL(answer.url)
  if (jsonIn(answer) === null) return pathname.startsWith('/oauth/') && answer.text.includes('<h1')
  return origin + pathname === mcpUrl || pathname.startsWith('/oauth/') || pathname.startsWith('/admin/')
}

/** Says why a cache may keep an answer, or that it has kept it. */
function keeping({ headers }: Answer): string | null {
  for (const name of ['x-cache', 'cf-cache-status', 'cache-status']) {
    const value = headers.get(name) ?? ''
    if (/\bhit\b/i.test(value) && !/\bmiss\b/i.test(value)) return `${name}: ${value.slice(0, 100)}`
  }
  const age = headers.get('age')
  if (age !== null && Number(age) > 0) return `age: ${age}`
  const control = headers.get('cache-control') ?? ''
  return /\b(?:no-store|private)\b/i.test(control) ? null : `Cache-Control: ${control === '' ? 'missing' : control}`
}
