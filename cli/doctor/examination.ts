import { isObject, parseJson } from '../../lib/base/json.ts'
import type { Json } from '../api.ts'
import { clean } from '../text.ts'
import type { Code, Finding } from './findings.ts'
import { type Answer, type Ask, type Network, NoAnswer } from './network.ts'

/** The user agent of this check. The service does not count its requests as those of a user (N33). */
export const userAgent = 'mcp-doctor/1 (mcp-oauth-broker)'

/** Milliseconds. */
export interface Patience {
  /** An answer that takes longer is a warning. */
  readonly slow: number
  /** Clients give up after this time. */
  readonly tooSlow: number
}

export const usualPatience: Patience = { slow: 3_000, tooSlow: 10_000 }

/** The documents that clients read. */
export interface Documents {
  readonly resource: Json | null
  readonly server: Json | null
}

/** What the checks of one run share. */
export interface Examination {
  /** Scheme, host and port as a browser writes them. */
  readonly origin: string
  /** The address that users type. */
  readonly mcpUrl: string
  readonly network: Network
  readonly findings: readonly Finding[]
  /** Adds a finding. If there is one of this kind already, adds what was seen to it. */
  found(code: Code, saw: string, clients?: readonly string[]): void
  /** Adds a fact for a report without findings. Each group of checks shows its last fact. */
  fact(text: string): void
  /** The facts so far. */
  readonly facts: readonly string[]
  /** Sends a request of this check. Returns `null`, and adds a finding, if there is no answer. */
  ask(ask: Ask): Promise<Answer | null>
  /** Sends a GET. Each address is requested only once. */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer | null>
  /** Every answer, in order. */
  readonly answers: readonly Answer[]
  /** What the checks before have read. */
  documents: Documents
  /** The client_id of a registration of this check. */
  clientId: string | undefined
  /** The URL of a sign-in at the OpenID Provider. */
  authorizationUrl: string | undefined
  /** The same, for each provider of `MCP_PROVIDERS`. */
  furtherAuthorizationUrls: readonly string[]
  /** Where the service says that its account pages are. */
  accountOrigin: string | undefined
  /** The clock of the provider minus that of this machine, in milliseconds. */
  providerClock: number | undefined
  /** The clock of the function minus that of this machine, in milliseconds. */
  functionClock: number | undefined
}

/** How many observations of one kind a report shows at most. */
const mostSights = 4

export function createExamination(origin: string, network: Network): Examination {
  const findings: { code: Code; saw: string; clients?: readonly string[]; sights: number }[] = []
  const answers: Answer[] = []
  const facts: string[] = []
  const once = new Map<string, Promise<Answer | null>>()

  function found(code: Code, saw: string, clients?: readonly string[]): void {
    const words = clean(saw)
    const known = findings.find((finding) => finding.code === code)
    if (!known) return void findings.push({ code, saw: words, ...(clients && { clients }), sights: 1 })
    if (clients && known.clients) known.clients = [...new Set([...known.clients, ...clients])]
    if (known.saw.includes(words)) return
    known.sights += 1
    if (known.sights <= mostSights) known.saw += `; ${words}`
    if (known.sights === mostSights + 1) known.saw += '; and more'
  }

  async function ask(request: Ask): Promise<Answer | null> {
    try {
      const answer = await network.send({ ...request, headers: { 'user-agent': userAgent, ...request.headers } })
      answers.push(answer)
      return answer
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      found('no-answer', error.message)
      return null
    }
  }

  return {
    origin,
    mcpUrl: `${origin}/mcp`,
    network,
    findings,
    found,
    fact: (text) => void facts.push(clean(text)),
    facts,
    ask,
    get(url, headers = {}) {
      const key = `${url} ${JSON.stringify(headers)}`
      const answer = once.get(key) ?? ask({ url, headers })
      once.set(key, answer)
      return answer
    },
    answers,
    documents: { resource: null, server: null },
    clientId: undefined,
    authorizationUrl: undefined,
    furtherAuthorizationUrls: [],
    accountOrigin: undefined,
    providerClock: undefined,
    functionClock: undefined,
  }
}

/** Returns the JSON object in an answer, or `null` if there is none. */
export function jsonIn(answer: Answer): Json | null {
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(answer.headers.get('content-type') ?? '')) return null
  const value = parseJson(answer.text)
  return isObject(value) ? value : null
}

/** Describes an answer for a report: status, and content type where it is not JSON. */
export function described({ request, status, headers }: Answer): string {
  const type = (headers.get('content-type') ?? 'no content type').split(';')[0]
  return `${request} is answered ${status}${/json/.test(type ?? '') ? '' : ` with ${type}`}`
}

export const isRedirect = ({ status, headers }: Answer) => status >= 300 && status < 400 && headers.has('location')

/** Returns the parameters of a Bearer challenge; `null` if there is none. */
export function challengeIn({ headers }: Pick<Answer, 'headers'>): ReadonlyMap<string, string> | null {
  const header = headers.get('www-authenticate') ?? ''
  if (!/^Bearer\b/i.test(header)) return null
  return new Map([...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))
}
