import { linesOf } from './checklist.ts'
import { checkAddress, type Reach } from './checks/address.ts'
import { checkChallenge } from './checks/challenge.ts'
import { checkDiscovery } from './checks/discovery.ts'
import { checkHeaders } from './checks/headers.ts'
import { type AskInside, checkInside, checkWriters } from './checks/inside.ts'
import { checkOwnHost } from './checks/production.ts'
import { checkProvider } from './checks/provider.ts'
import { checkRefusals } from './checks/refusals.ts'
import { checkRegistration } from './checks/registration.ts'
import { checkService } from './checks/service.ts'
import { checkSignIn, type SignInSurroundings } from './checks/sign-in.ts'
import { checkTime } from './checks/time.ts'
import { type Journey, walkAll } from './checks/walk.ts'
import { checkWebPages } from './checks/web.ts'
import { createExamination, type Patience, usualPatience } from './examination.ts'
import { type Finding, kindOf } from './findings.ts'
import { createNetwork } from './network.ts'

/** The most requests of a whole run, the sign-in included. A run without faults sends about seventy. */
export const mostRequests = 100
/** Milliseconds for one request. Clients do not wait longer. */
const timeout = 15_000

export interface ExamineOptions extends Reach {
  /** The operator's token, for this origin. */
  readonly token: string | undefined
  /** Absent: no sign-in. */
  readonly signIn?: SignInSurroundings | undefined
  readonly patience?: Patience | undefined
  /** Called before each group of checks. */
  readonly onProgress?: ((title: string, sent: number) => void) | undefined
}

/** A group of checks that ran. */
export interface Group {
  readonly title: string
  readonly findings: readonly Finding[]
  /** A fact for a report without findings. */
  readonly fact?: string
  /** Why it did not run. */
  readonly skipped?: string
}

/** Why a group did not run after a finding that ends the check. */
export const unreached = 'see above'

export interface Report {
  readonly origin: string
  readonly mcpUrl: string
  readonly groups: readonly Group[]
  readonly journeys: readonly Journey[]
  readonly findings: readonly Finding[]
  /** How it stands with each line of the production checklist. */
  readonly lines: ReturnType<typeof linesOf>
  /** How many requests were sent. */
  readonly requests: number
  readonly milliseconds: number
}

/** Checks a deployment from outside. Changes nothing there, and sends at most `mostRequests` requests. */
export async function examine(origin: string, options: ExamineOptions): Promise<Report> {
  const { token, signIn, onProgress, patience = usualPatience, connect, ca } = options
  const began = performance.now()
  const network = createNetwork({ most: mostRequests, timeout, ...(connect && { connect }), ...(ca && { ca }) })
  const examination = createExamination(origin, network)
  const groups: Group[] = []
  let journeys: readonly Journey[] = []
  let goesOn = true
  /** Whether the service takes the operator's token. */
  let accepted = false

  /** Runs a group, unless one before it has ended the check. Returns what it returns; `undefined` if it did not run. */
  async function group<T>(title: string, run: () => T | Promise<T>, skipped?: string): Promise<T | undefined> {
    if (!goesOn || skipped !== undefined) {
      groups.push({ title, findings: [], skipped: goesOn ? (skipped ?? '') : unreached })
      return undefined
    }
    onProgress?.(title, network.sent)
    const before = examination.findings.map(({ code }) => code)
    const known = examination.facts.length
    const result = await run()
    const findings = examination.findings.filter(({ code }) => !before.includes(code))
    const fact = examination.facts.slice(known).at(-1)
    groups.push({ title, findings, ...(fact !== undefined && { fact }) })
    return result
  }

  /** Sends the operator's token to this origin, over a connection that is trusted, and nowhere else (N30). */
  const inside: AskInside | undefined =
    token === undefined
      ? undefined
      : async ({ path, headers, ...ask }) =>
          network.trusted
            ? examination.ask({ ...ask, url: origin + path, headers: { ...headers, authorization: `Bearer ${token}` } })
            : null

  try {
    goesOn = (await group('Address and TLS', () => checkAddress(examination, options))) === true
    goesOn = (await group('Health', () => checkService(examination))) === true
    await group('Discovery', () => checkDiscovery(examination))
    await group('Challenge of /mcp', () => checkChallenge(examination))
    await group('Clients in a browser', () => checkWebPages(examination))
    await group('Registration', () => checkRegistration(examination))
    await group('Refusals', () => checkRefusals(examination))
    const none = inside === undefined ? 'it needs the operator’s token' : undefined
    accepted =
      (await group('Seen from inside', () => (inside ? checkInside(examination, inside) : false), none)) === true
    const refused = accepted ? undefined : 'the token is not accepted'
    await group('Two writers', () => (inside ? checkWriters(examination, inside) : undefined), none ?? refused)
    await group('Host of its own', () => checkOwnHost(examination, examination.accountOrigin))
    await group('OpenID Provider', () => checkProvider(examination))
    await group('The way of each client', async () => {
      journeys = await walkAll(examination)
      reportStops(examination, journeys)
    })
    await group('Headers and caches', () => checkHeaders(examination))
    const noSignIn = signIn === undefined ? 'add --sign-in' : undefined
    await group('A real sign-in', () => (signIn ? checkSignIn(examination, signIn) : undefined), noSignIn)
    await group('Times and clocks', () => checkTime(examination, patience))
    if (goesOn && none !== undefined) examination.found('no-token', 'there is no token for this address')
  } finally {
    network.close()
  }
  const milliseconds = performance.now() - began
  const { mcpUrl, findings } = examination
  const lines = linesOf(findings, {
    outside: goesOn,
    token: goesOn && accepted,
    'sign-in': goesOn && signIn !== undefined,
  })
  return { origin, mcpUrl, groups, journeys, findings, lines, requests: network.sent, milliseconds }
}

/**
 * Reports a client that cannot connect although no other check has found anything, so that the report does not call the
 * deployment sound.
 */
function reportStops(examination: ReturnType<typeof createExamination>, journeys: readonly Journey[]): void {
  if (examination.findings.some(({ code }) => kindOf(code).severity === 'error')) return
  const closed = examination.findings.some(({ code }) => code === 'registration-closed')
  for (const { client, stops } of journeys) {
    if (stops === undefined || (closed && kindOf('registration-closed').clients?.includes(client))) continue
    examination.found('client-stops', `${client}: ${stops}`, [client])
  }
}
