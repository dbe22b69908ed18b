import type { Json } from '../../api.ts'
import { numberIn, objectIn, rowsOf, wordIn } from '../../command.ts'
import { version } from '../../version.ts'
import { described, type Examination, jsonIn } from '../examination.ts'
import type { Code } from '../findings.ts'
import type { Ask } from '../network.ts'
import { checkProduction } from './production.ts'

/** Sends a request with the operator's token. Returns `null` if there is no token, or if the service does not accept it. */
export type AskInside = (ask: Omit<Ask, 'url'> & { readonly path: string }) => ReturnType<Examination['ask']>

/** Headers that MCP clients and tracers send. The service says which arrived. */
const sent = {
  'mcp-protocol-version': '2025-11-25',
  'mcp-session-id': 'doctor',
  'mcp-method': 'doctor',
  'mcp-name': 'doctor',
  'last-event-id': 'doctor',
}

/** Asks the service about its settings and the services behind it. Returns whether it accepts the token. */
export async function checkInside(examination: Examination, inside: AskInside): Promise<boolean> {
  const { found, origin } = examination
  const answer = await inside({ path: '/admin/api/doctor', headers: sent })
  if (answer === null) return false
  const seen = jsonIn(answer)
  if (answer.status !== 200 || seen === null) {
    found('token-not-accepted', described(answer))
    return false
  }
  const now = numberIn(seen, 'now')
  if (now !== undefined) examination.functionClock = now - Date.now()
  examination.authorizationUrl = wordIn(seen, 'authorization_url')
  const further = seen.further_authorization_urls
  examination.furtherAuthorizationUrls = Array.isArray(further) ? further.filter((url) => typeof url === 'string') : []
  checkSettings(examination, objectIn(seen, 'settings'))
  const production = objectIn(seen, 'production')
  checkProduction(examination, production, version)
  examination.accountOrigin = wordIn(production, 'account_origin')
  const arrived = objectIn(seen, 'headers')
  const lost = Object.entries(sent).filter(([name, value]) => arrived[name] !== value)
  if (lost.length > 0) found('headers-stripped', lost.map(([name]) => name).join(', '))
  if (seen.provider === 'mock' && !origin.startsWith('http:')) found('provider-mock', 'the service says so')
  for (const part of rowsOf(seen.parts)) checkPart(examination, part)
  const times = rowsOf(seen.parts).map((part) => numberIn(part, 'milliseconds') ?? 0)
  examination.fact(`${times.length} services behind it answer within ${Math.max(0, ...times)} ms`)
  const dead = numberIn(seen, 'dead_messages') ?? 0
  if (dead > 0) found('crm-dead', `${dead} or more`)
  await checkStream(examination, inside)
  return true
}

function checkSettings({ found }: Examination, settings: Json): void {
  const { problems, unread, closed } = settings
  if (Array.isArray(problems) && problems.length > 0) {
    const parts = Array.isArray(closed) && closed.length > 0 ? ` (closed: ${closed.join(', ')})` : ''
    found('settings-wrong', `${problems.join('; ')}${parts}`)
  }
  if (Array.isArray(unread) && unread.length > 0) found('settings-unread', unread.join(', '))
}

/** The finding for each fault of each part. A fault that is not listed counts as `*`. */
const codes: Readonly<Record<string, Readonly<Record<string, Code>>>> = {
  provider: {
    '*': 'provider-unreachable',
    issuer_mismatch: 'provider-mismatch',
    endpoint_missing: 'provider-mismatch',
    incorrect_client_credentials: 'provider-client',
    redirect_uri_mismatch: 'provider-callback',
  },
  'provider-keys': { '*': 'provider-keys' },
  kapa: { '*': 'kapa-unreachable', refused: 'kapa-key', 'no-tool': 'kapa-tool' },
  hub: { '*': 'hub-unreachable', 'no-tool': 'hub-tool' },
  form: { '*': 'form-unreachable', redirects: 'form-redirects' },
  crm: { '*': 'crm-unreachable' },
  capture: { '*': 'capture-unreachable' },
  documents: { '*': 'documents-unreachable' },
}

function checkPart({ found }: Examination, part: Json): void {
  const fault = wordIn(part, 'fault')
  const known = codes[wordIn(part, 'part') ?? '']
  if (fault === undefined || !known) return
  const code = known[fault] ?? known['*']
  if (code) found(code, `as the service sees it: ${wordIn(part, 'detail') ?? fault}`)
}

/** Milliseconds. The service pauses 150 twice. */
const leastPause = 100

async function checkStream({ found }: Examination, inside: AskInside): Promise<void> {
  const answer = await inside({ path: '/admin/api/doctor/stream', headers: { accept: 'text/event-stream' } })
  if (answer === null || answer.status !== 200) return
  const [first = 0, last = 0] = [answer.pieces[0], answer.pieces.at(-1)]
  if (last - first >= leastPause) return
  found('stream-held-back', `three events, sent with pauses, arrived within ${Math.round(last - first)} ms`)
}

/** Proves with two requests at once that exactly one writer wins (N33). Writes only below `health/`, and removes it. */
export async function checkWriters({ found, fact }: Examination, inside: AskInside): Promise<void> {
  const part = async (body: object) => {
    const answer = await inside({
      ...{ path: '/admin/api/doctor/writers', method: 'POST', apart: true },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer !== null && answer.status !== 200) found('store-unavailable', `two writers: ${described(answer)}`)
    return answer?.status === 200 ? jsonIn(answer) : null
  }
  const begun = await part({ part: 'begin' })
  if (begun === null) return
  const { id, until, versions } = begun
  const writers = ['a', 'b'] as const
  const races = await Promise.all(writers.map((writer) => part({ part: 'race', id, until, versions, writer })))
  const ended = await part({ part: 'end', id, until })
  const [a, b] = races
  if (!a || !b || !ended) return
  fact('exactly one winner in each of 16 races')
  const wrong = ['created', 'replaced'].flatMap((kind) => wrongRounds(kind, a[kind], b[kind], ended[kind]))
  if (wrong.length > 0) found('store-not-conditional', wrong.slice(0, 3).join('; '))
  else if (a.met !== true || b.met !== true) found('store-one-writer', 'one of the two never saw the other')
}

/** Returns the rounds of one kind in which more or less than one writer won, or in which the record is not the winner's. */
function wrongRounds(kind: string, a: unknown, b: unknown, stands: unknown): readonly string[] {
  if (!Array.isArray(a) || !Array.isArray(b) || !Array.isArray(stands)) return []
  return a.flatMap((turn: unknown, round) => {
    const turns = [turn, b[round]]
    // An unclear answer proves nothing.
    if (turns.includes('unclear')) return []
    const winners = turns.filter((each) => each === 'won').length
    if (winners !== 1) return [`round ${round + 1}: ${winners} of two writers ${kind} the same record`]
    const winner = turn === 'won' ? 'a' : 'b'
    return stands[round] === winner ? [] : [`round ${round + 1}: the record that was ${kind} is not that of the winner`]
  })
}
