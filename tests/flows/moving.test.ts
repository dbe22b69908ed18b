import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { copyCommand } from '../../cli/store-copy.ts'
import type { Surroundings } from '../../cli/surroundings.ts'
import { keptReleases, unpackRelease } from '../../dev/build/released.ts'
import { startHost } from '../../dev/host/start.ts'
import { freePorts } from '../../dev/start/ports.ts'
import { temporaryFolder } from '../../dev/temporary-folder.ts'
import { recordLine } from '../../dev/worlds/recording.ts'
import { times } from '../../dev/worlds/times.ts'
import { newSecret } from '../../lib/settings/secrets.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { cellOf } from '../../lib/store/moving/mark.ts'
import { openDatabase } from '../../lib/store/postgres/database.ts'
import { createPostgresStore } from '../../lib/store/postgres/postgres.ts'
import type { Store } from '../../lib/store/store.ts'
import { builtArtifact } from '../support/artifact.ts'
import { hourWithRoom } from '../support/hour.ts'
import {
  callMcp,
  obtainCode,
  obtainTokens,
  registerClient,
  type TokenAnswer,
  tokensOf,
} from '../support/oauth-client.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Two hosts that move from one store to the other, and one of the earlier deploy that knows only the source: the last release. */
let stack: Stack
let older: string
const { signal } = new AbortController()
const copyToken = newSecret()
const storeName = 'mcp-oauth-broker'
/** `.ci/run` moves more sessions, and also back. */
const [from, to] = process.env.MOVING_BACK ? ['postgres', 'blobs'] : ['blobs', 'postgres']
const sessionCount = Number(process.env.MOVING_SESSIONS ?? 4)

beforeAll(async () => {
  stack = await startStack({
    hosts: 2,
    settings: { STORE_BACKEND: to, STORE_MOVING_FROM: from, MCP_STORE_COPY_TOKEN: copyToken },
  })
  const { STORE_MOVING_FROM: _, ...environment } = stack.environment
  const port = await freePorts()
  const env = { ...environment, STORE_BACKEND: from, MCP_OAUTH_PROXY_HOSTS: `localhost:${port}` }
  // The last release knows neither PostgreSQL nor marks.
  const folder = temporaryFolder()
  const [released = ''] = await keptReleases()
  const artifact = from === 'blobs' ? await unpackRelease(released, folder.path) : builtArtifact()
  const host = await startHost({ artifact, port, env, blobs: stack.emulator.clientOptions(), onOutput: recordLine })
  older = `http://localhost:${port}`
  stopOlder = async () => {
    await host.stop()
    await folder.remove()
  }
})
let stopOlder = async () => {}
afterAll(async () => {
  await stopOlder()
  await stack?.stop()
})

/** A request to the instance of the earlier deploy. It answers for the same issuer. */
const atOlder = (path: string, form: Readonly<Record<string, string>>) =>
  fetch(older + path, { method: 'POST', body: new URLSearchParams(form) })

/** Opens one of the two stores. */
function open(which: string): Store {
  if (which === 'blobs') return createBlobsStore({ name: storeName, client: stack.emulator.clientOptions() })
  const database = openDatabase({ url: stack.environment.DATABASE_URL ?? '' })
  onTestFinished(() => database.close())
  return createPostgresStore({ site: storeName, database: () => database })
}

/** Runs `npm run store -- copy` in this process. */
async function copy(line: string, token = copyToken) {
  const texts: string[] = []
  const output = { write: (text: string | Uint8Array) => void texts.push(String(text)), isTerminal: false }
  const around: Surroundings = {
    environment: { MCP_STORE_COPY_TOKEN: token },
    ...{ out: output, notes: output, width: 120, bold: (text: string) => text, fetch },
    ...{ tokenFile: '', local: async () => null, ask: async () => null },
    wait: (milliseconds) => delay(milliseconds / 20),
  }
  const exit = await copyCommand(`--from ${from} --to ${to} --site ${stack.url} ${line}`.trim().split(' '), around)
  return { exit, text: texts.join('') }
}

/** Refreshes as a real client does: it tries again after a 503, with the token that it has. */
async function refreshed(refresh: (token: string) => Promise<TokenAnswer>, token: string): Promise<string> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const answer = await refresh(token)
    if (answer.status === 503) {
      await delay(50)
      continue
    }
    return tokensOf(answer).refreshToken
  }
  throw new Error('the service did not come back')
}

describe('STORE_MOVING_FROM: records move while the service runs [N32]', () => {
  test('many clients refresh while both stores fail and the copy is killed: no client is signed out, no code is redeemed twice', async () => {
    const client = await registerClient(stack.url)
    const sessions: string[] = []
    for (let index = 0; index < sessionCount; index++) {
      // Half of the sign-ins happen at the earlier deploy, as before the move.
      const { request, code } = await obtainCode(client)
      if (index % 2 === 1) {
        sessions.push(tokensOf(await client.redeem(request, code)).refreshToken)
        continue
      }
      const answer = await atOlder('/oauth/token', {
        grant_type: 'authorization_code',
        client_id: client.clientId,
        redirect_uri: client.redirectUri,
        code,
        code_verifier: request.codeVerifier,
      })
      const body = await answer.json()
      sessions.push(tokensOf({ status: answer.status, headers: answer.headers, body }).refreshToken)
    }
    stack.emulator.addFault({ action: 'drop', when: 'after', method: 'PUT', every: 9, count: 1 })
    stack.emulator.addFault({ action: 'status', status: 503, every: 60, count: 8 })
    let over = false
    let refreshes = 0
    const live = sessions.map(async (first) => {
      let token = first
      for (let round = 0; !over || round < 3; round++) {
        // A client that loses an answer sends the same request again, and both must get the same token.
        const both = await Promise.all([refreshed(client.refresh, token), refreshed(client.refresh, token)])
        // A grant that is refreshed again and again rests for a moment, and gives the same token again.
        const next = new Set(both.filter((one) => one !== token))
        expect(next.size).toBeLessThanOrEqual(1)
        token = [...next][0] ?? token
        refreshes += 1
        // Without a pause, the clients would have the machine, and the copy would take much longer.
        await delay(times(20, 0))
      }
      return token
    })
    const codes = Array.from({ length: 2 + sessionCount / 4 }, async () => {
      const { request, code } = await obtainCode(client)
      const answers = await Promise.all(Array.from({ length: 4 }, () => client.redeem(request, code)))
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    })
    // A slice that is cut off in the middle.
    const slice = {
      method: 'POST',
      headers: { authorization: `Bearer ${copyToken}`, 'content-type': 'application/json' },
    }
    for (const time of [30, 120, 300]) {
      await fetch(`${stack.url}/admin/store/copy`, { ...slice, body: '{"do":"run"}', signal: AbortSignal.timeout(time) }).catch(() => undefined) // biome-ignore format: one line
    }
    const copied = await copy('')
    await Promise.all(codes)
    over = true
    const tokens = await Promise.all(live)
    stack.emulator.clearFaults()
    expect(copied.text).toMatch(/Instances of the earlier deploy may run until|could not be read|still writes/)
    expect(refreshes).toBeGreaterThan(sessions.length * 2)
    for (const token of tokens) expect((await client.refresh(token)).status).toBe(200)
  }, 120_000)

  test('afterwards the target has everything, the source has marks, and verifying says so', async () => {
    const { exit, text } = await copy('--verify')
    expect(text).toMatch(/grants\s+\d+\s+\d+/)
    expect(text).not.toContain('DIFFERENT')
    expect(text).toContain('Instances of the earlier deploy may run until')
    expect(exit).toBe(0)
    const [source, target] = [open(from), open(to)]
    const { keys } = await source.list('', signal)
    const moved = keys.filter((key) => !/^(?:limits|health|moving)\//.test(key))
    expect(moved.length).toBeGreaterThan(sessionCount * 3)
    for (const key of moved) {
      expect(cellOf(await source.get(key, signal)).kind, key).toBe('mark')
      expect(cellOf(await target.get(key, signal)).kind, key).toBe('value')
    }
  })

  test('an instance of the earlier deploy answers 503 for what has moved, and goes on with what is new', async () => {
    const client = await registerClient(stack.url)
    const { refreshToken, accessToken } = await obtainTokens(client)
    const form = { grant_type: 'refresh_token', client_id: client.clientId, refresh_token: refreshToken }
    const refused = await atOlder('/oauth/token', form)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)])
    expect((await client.refresh(refreshToken)).status).toBe(200)
    expect((await callMcp(stack.mcpUrl, accessToken)).status).toBe(200)
    // A grant that was revoked after it had moved has ended there as well.
    expect((await client.revoke(refreshToken)).status).toBe(200)
    expect((await atOlder('/oauth/token', form)).status).toBe(400)
    // One that begins there moves with its first use.
    const { request, code } = await obtainCode(client)
    const made = await atOlder('/oauth/token', {
      grant_type: 'authorization_code',
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
      code,
      code_verifier: request.codeVerifier,
    })
    const { refresh_token = '' } = await made.json()
    expect((await client.refresh(refresh_token)).status).toBe(200)
    const { exit, text } = await copy('--verify')
    expect([exit, text]).toEqual([0, expect.stringContaining('Instances of the earlier deploy may run until')])
  })

  test('readiness proves both stores', async () => {
    expect((await fetch(`${stack.url}/health/ready`)).status).toBe(200)
    const proofs = stack.emulator.operations().filter(({ key }) => key.startsWith('health/'))
    expect(proofs.length).toBeGreaterThan(0)
  })

  test('MCP_STORE_COPY_TOKEN: the endpoint of the copy takes its own token only, refuses browsers, limits guesses and returns no record', async () => {
    const at = `${stack.url}/admin/store/copy`
    const ask = (headers: Record<string, string>) => fetch(at, { headers }).then(({ status }) => status)
    const bearer = { authorization: `Bearer ${copyToken}` }
    expect(await ask(bearer)).toBe(200)
    expect(await ask({})).toBe(401)
    expect(await ask({ ...bearer, origin: stack.url })).toBe(403)
    expect(await ask({ ...bearer, 'sec-fetch-site': 'same-origin' })).toBe(403)
    const admin = stack.environment.MCP_ADMIN_WRITE_TOKEN ?? ''
    expect(await ask({ authorization: `Bearer ${admin}` })).toBe(401)
    const api = await fetch(`${stack.url}/admin/api`, { headers: bearer })
    expect(api.status).toBe(401)
    const body = await (await fetch(at, { headers: bearer })).text()
    expect(body).not.toMatch(/u_[\w-]{43}|@|refresh/)
    await hourWithRoom()
    for (let guess = 0; guess < 12; guess++) await ask({ authorization: `Bearer ${newSecret()}` })
    expect(await ask({ authorization: `Bearer ${newSecret()}` })).toBe(429)
  })
})
