import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FaultInput } from '../../dev/blobs/faults.ts'
import { assignAll } from '../../dev/stand-in.ts'
import { callMcp, type OAuthClient, obtainTokens, registerClient, type TokenAnswer } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { becomes, watchLog } from './drill.ts'

/**
 * Load at this machine's limit while the store, the provider and Kapa fail, and hosts crash. `npm run drills -- --load 600` runs it
 * for ten minutes.
 *
 * Alerts: RequestsFail, StoreFails.
 */

const seconds = Number(process.env.DRILL_LOAD_SECONDS ?? 20)
/** As many requests as keep the machine busy. */
const atOnce = 24

let stack: Stack
let client: OAuthClient
let watchedLog: ReturnType<typeof watchLog>

beforeAll(async () => {
  stack = await startStack({ hosts: 2, keepAlive: true, settings: { MCP_USER_LIMIT: '0' } })
  watchedLog = watchLog(stack.logs)
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

/** A user with a client. `refreshToken` is the last one that the client received. */
interface Session {
  refreshToken: string
  accessToken: string
}

/** What was given out, over all sessions. */
const given = {
  refreshTokens: new Map<string, Session>(),
  accessTokens: new Set<string>(),
  refreshes: 0,
  calls: 0,
  signIns: 0,
  comeBack: 0,
  broken: 0,
  tooLate: 0,
}

/** Notes an answer with tokens. A refresh token may come twice to one session, after a lost answer, and never to two. */
function note(session: Session, { access_token = '', refresh_token = '' }: TokenAnswer['body']): void {
  const { jti = '' } = decodeJwt(access_token)
  expect(given.accessTokens.has(jti), 'an access token was given out twice').toBe(false)
  given.accessTokens.add(jti)
  expect(given.refreshTokens.get(refresh_token) ?? session, 'a refresh token went to two sessions').toBe(session)
  given.refreshTokens.set(refresh_token, session)
  Object.assign(session, { refreshToken: refresh_token, accessToken: access_token })
}

/** Repeats a request until its answer is neither 503 nor lost with a host, as clients do. */
async function persistently<T extends { readonly status: number }>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await request().catch(() => undefined)
    if (answer && answer.status !== 503) return answer
    if (answer) given.comeBack += 1
    else given.broken += 1
    await delay(20 + Math.random() * 80)
  }
}

/** Seconds. The default of `MCP_OAUTH_REFRESH_GRACE`. */
const grace = 60

/**
 * Refreshes. Resolves to `false` if the user has to sign in again because the client came too late: the store carried out a refresh,
 * the answer was lost, and every repetition failed until the window of grace was over. The service cannot do better. Throws if a
 * repetition within the window is refused.
 */
async function refresh(session: Session): Promise<boolean> {
  const began = performance.now()
  const answer = await persistently(() => client.refresh(session.refreshToken))
  if (answer.status === 200) {
    note(session, answer.body)
    given.refreshes += 1
    return true
  }
  const seconds = Math.round((performance.now() - began) / 1000)
  const grant = String(decodeJwt(session.accessToken).grant).split('/').at(-1)?.slice(0, 8)
  const ofGrant = watchedLog.of('refresh_reused').filter((line) => line.grant === grant)
  // More than one line: the store failed when the grant was to be ended.
  const isLate = ofGrant.every((line) => Number(line.seconds) >= grace && line.current === Number(line.generation) + 1)
  if (answer.body.error !== 'invalid_grant' || seconds < grace || ofGrant.length === 0 || !isLate) {
    const said = ['refresh_reused', 'code_reused', 'grant_revoked', 'request_refused'].flatMap(watchedLog.of)
    const lines = said.map((line) => JSON.stringify(line)).join('\n')
    throw new Error(`a user was logged out by ${answer.body.error}, ${seconds} s after the first attempt:\n${lines}`)
  }
  given.tooLate += 1
  return false
}

async function call(session: Session): Promise<void> {
  const answer = await persistently(() => callMcp(stack.mcpUrl, session.accessToken))
  expect(answer.status, 'a good access token was refused').toBe(200)
  await answer.text().catch(() => '')
  given.calls += 1
}

/** Signs a user in. A sign-in that a fault has broken is begun again, as a user would. */
async function signIn(): Promise<Session> {
  for (;;) {
    const tokens = await obtainTokens(client).catch(() => undefined)
    if (tokens === undefined) {
      await delay(100)
      continue
    }
    const session: Session = { ...tokens }
    note(session, { access_token: tokens.accessToken, refresh_token: tokens.refreshToken })
    given.signIns += 1
    return session
  }
}

/** Faults by number of requests, so that a slow machine has as many of them as a fast one. */
const storm: readonly FaultInput[] = [
  { action: 'status', status: 503, count: 1, every: 41 },
  { action: 'status', status: 500, when: 'after', method: 'PUT', count: 1, every: 53 },
  { action: 'drop', count: 1, every: 67 },
  { action: 'drop', when: 'after', method: 'PUT', key: '^grants/', count: 1, every: 29 },
  { action: 'status', status: 200, method: 'PUT', count: 1, every: 97 },
  { action: 'status', status: 503, count: 12, every: 701 },
  { action: 'hang', count: 1, every: 997 },
]

/** Megabytes of a host that are in memory now. 0: it has just ended, or this is no Linux. */
function memoryOf(pid: number): number {
  const path = `/proc/${pid}/status`
  const [, kilobytes = '0'] = existsSync(path) ? (/^VmRSS:\s+(\d+)/m.exec(readFileSync(path, 'utf8')) ?? []) : []
  return Number(kilobytes) / 1024
}

test(`${seconds} seconds of load with faults: no user who comes in time is logged out, no token is given out twice, memory stays bounded, and all recovers by itself`, {
  timeout: (seconds + 240) * 1000,
}, async () => {
  const sessions = await Promise.all(Array.from({ length: atOnce }, signIn))
  for (const fault of storm) stack.emulator.addFault(fault)
  const end = performance.now() + seconds * 1000
  const goesOn = () => performance.now() < end
  const megabytes: number[] = []
  let crashes = 0

  async function use(index: number): Promise<void> {
    for (let round = 0; goesOn(); round++) {
      const session = sessions[index] ?? (await signIn())
      if (await refresh(session)) await call(session)
      else sessions[index] = await signIn()
      if (round % 10 === 9) await refresh(await signIn())
    }
  }
  async function disturb(): Promise<void> {
    for (let round = 0; goesOn(); round++) {
      await delay(Math.min(4_000, (seconds * 1000) / 6))
      if (!goesOn()) return
      assignAll(stack.provider.faults, round % 3 === 0 ? { token: { kind: 'drop', times: 2 } } : {})
      stack.kapa.faults.call = { kind: 'close', times: 2 }
      const host = stack.hosts()[round % 2]
      if (!host) continue
      megabytes.push(memoryOf(host.pid))
      // Each host lives for some rounds, so that its memory can be seen.
      if (round % 3 === 1) {
        crashes += 1
        await host.kill()
      }
    }
  }
  await Promise.all([...sessions.map((_, index) => use(index)), disturb()])

  stack.emulator.clearFaults()
  assignAll(stack.provider.faults, {})
  stack.kapa.reset()
  await becomes(stack, 'ready')
  for (const session of sessions) if (await refresh(session)) await call(session)
  const { refreshTokens, accessTokens, ...counts } = given
  const figures = { ...counts, accessTokens: accessTokens.size, refreshTokens: refreshTokens.size, crashes }
  console.log(
    `${JSON.stringify(figures)}, faults ${stack.emulator.faultsStruck()}, at most ${Math.round(Math.max(...megabytes))} MB`,
  )
  expect(stack.emulator.faultsStruck()).toBeGreaterThan(10)
  expect(crashes).toBeGreaterThan(0)
  expect(Math.max(...megabytes)).toBeLessThan(400)
  expect(watchedLog.of('failed')).toEqual([])
  expect(new Set(watchedLog.of('refresh_reused').map(({ grant }) => grant)).size).toBe(given.tooLate)
})
