import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { type OAuthClient, obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { watchLog } from './drill.ts'

/**
 * A host stands still, with requests in its hands: the machine is out of memory, is moved, or a container is paused. Clients give up
 * waiting and repeat their refresh, which another host answers.
 *
 * Alerts: RefreshTokensReused.
 */

/** Seconds. The window of grace in this drill. The usual one is 60. */
const grace = 3

let stack: Stack
let client: OAuthClient

beforeAll(async () => {
  stack = await startStack({ hosts: 2, settings: { MCP_OAUTH_REFRESH_GRACE: String(grace) } })
  client = await registerClient(stack.url)
})
afterAll(() => stack?.stop())

const hostAt = (index: number) => {
  const host = stack.hosts()[index]
  if (!host) throw new Error(`there is no host ${index}`)
  return host
}

/** Refreshes at one host. The client gets an answer, or gives up. */
function refreshAt(index: number, refreshToken: string) {
  const headers = { host: new URL(stack.url).host, 'content-type': 'application/x-www-form-urlencoded' }
  const form = { grant_type: 'refresh_token', client_id: client.clientId, refresh_token: refreshToken }
  const { port } = hostAt(index)
  const sent = request({ host: '127.0.0.1', port, path: '/oauth/token', method: 'POST', headers, agent: false })
  const answered = new Promise<string>((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', async (answer) => {
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk)
      const { refresh_token, error } = v.parse(tokenBody, JSON.parse(Buffer.concat(chunks).toString()))
      keepSecret(refresh_token)
      resolve(refresh_token ?? `${error}`)
    })
  })
  sent.end(new URLSearchParams(form).toString())
  return { answered, giveUp: () => sent.destroy() }
}

const tokenBody = v.object({ refresh_token: v.optional(v.string()), error: v.optional(v.string()) })

/** Lets a host stand still while `work` runs. */
async function whileStanding(index: number, work: () => Promise<void>): Promise<void> {
  const { pid } = hostAt(index)
  process.kill(pid, 'SIGSTOP')
  try {
    await work()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

/** Refreshes at the other host, and again when the window of the first refresh is over. @returns the latest token */
async function goOnElsewhere(refreshToken: string): Promise<string> {
  const next = await refreshAt(1, refreshToken).answered
  await delay(1000 * grace + 1_500)
  return refreshAt(1, next).answered
}

/** Waits until a host has done what it had in its hands. */
async function catchesUp(index: number): Promise<void> {
  expect(await refreshAt(index, 'none').answered).toBe('invalid_grant')
  await delay(500)
}

describe('a host stands still for longer than the window of grace', () => {
  test('a refresh that its client has given up takes no effect when the host goes on: the user stays signed in', async () => {
    const log = watchLog(stack.logs)
    const { refreshToken } = await obtainTokens(client)
    let latest = ''
    await whileStanding(0, async () => {
      const { answered, giveUp } = refreshAt(0, refreshToken)
      await delay(500)
      giveUp()
      await expect(answered).rejects.toThrow()
      latest = await goOnElsewhere(refreshToken)
    })
    await catchesUp(0)
    tokensOf(await client.refresh(latest))
    expect(log.of('refresh_reused')).toEqual([])
  })

  test('a refresh whose write was under way: the repetition gets the same tokens, and the user stays signed in', async () => {
    const log = watchLog(stack.logs)
    const { refreshToken } = await obtainTokens(client)
    // The write takes effect, and the host stops before it has the answer.
    stack.emulator.addFault({ action: 'hang', when: 'after', method: 'PUT', key: '^grants/', count: 1 })
    const first = refreshAt(0, refreshToken)
    await expect.poll(() => stack.emulator.faultsStruck()).toBeGreaterThan(0)
    let latest = ''
    await whileStanding(0, async () => {
      first.giveUp()
      await first.answered.catch(() => {})
      latest = await goOnElsewhere(refreshToken)
    })
    stack.emulator.clearFaults()
    await catchesUp(0)
    tokensOf(await client.refresh(latest))
    expect(log.of('refresh_reused')).toEqual([])
  })
})
