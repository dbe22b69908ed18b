import * as v from 'valibot'
import { createHarness, newSecrets } from '../dev/worlds/authorization-server.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { signByLoad, signInThreadPool, signOnMainThread } from '../lib/oauth/keys/compact.ts'
import type { Figure } from './figures.ts'
import { codeVerifier, createMint, redirectUri } from './mint.ts'
import { Samples } from './statistics.ts'

const issued = v.object({ refresh_token: v.string() })

const ways = [
  { name: 'as the server chooses', chooseSigning: signByLoad },
  { name: 'on the main thread', chooseSigning: () => signOnMainThread },
  { name: 'in the thread pool', chooseSigning: () => signInThreadPool },
] as const

/** Compares the ways of signing: refreshes per second in this process, on a store in memory, one and fifty at a time. */
export async function measureSigning(plan: {
  readonly rounds: number
  readonly repetitions: number
}): Promise<Figure[]> {
  const samples = new Samples()
  const servers = await Promise.all(ways.map(async (way) => ({ ...way, refresh: await createRefresh(way) })))
  for (let round = 0; round <= plan.rounds; round++) {
    for (const { name, refresh } of servers) {
      for (const concurrency of [1, 50]) {
        const perSecond = await rateOf(refresh, concurrency, plan.repetitions)
        // The first round warms up.
        if (round > 0) samples.add(labelOf(name, concurrency), perSecond)
      }
    }
  }
  return [1, 50].flatMap((concurrency) =>
    ways.map(
      ({ name }): Figure => ({
        section: 'Refreshes per second in process, by where they are signed',
        name: labelOf(name, concurrency),
        value: samples.median(labelOf(name, concurrency)),
        unit: '/s',
      }),
    ),
  )
}

const labelOf = (name: string, concurrency: number) => `${name}, ${concurrency} at a time`

/** Makes a client's refresh: each call uses the token of the call before. */
async function createRefresh({ chooseSigning }: (typeof ways)[number]) {
  const secrets = newSecrets()
  const server = createHarness({ secrets, chooseSigning })
  const { issuer } = server
  server.clock = Date.now()
  const post = async (path: string, body: string, type: string) => {
    const response = await server.fetch(path, { method: 'POST', headers: { 'content-type': type }, body })
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    return response.json()
  }
  const metadata = { client_name: 'Bench', redirect_uris: [redirectUri] }
  const registration = await post(paths.register, JSON.stringify(metadata), 'application/json')
  const { client_id: clientId } = v.parse(v.object({ client_id: v.string() }), registration)
  const mint = createMint(issuer, secrets)
  const token = async (fields: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: clientId, resource: `${issuer}/mcp`, ...fields }).toString()
    return v.parse(issued, await post(paths.token, body, 'application/x-www-form-urlencoded')).refresh_token
  }
  /** A session of its own for each of those that run at once. */
  return async () => {
    // The codes of the mint are of now, and the clock is ahead.
    server.clock = Date.now()
    const code = { grant_type: 'authorization_code', code: mint(clientId), code_verifier: codeVerifier }
    let refreshToken = await token({ ...code, redirect_uri: redirectUri })
    return async () => {
      // A grant that is refreshed without a pause rests for two seconds.
      server.clock += 3000
      refreshToken = await token({ grant_type: 'refresh_token', refresh_token: refreshToken })
    }
  }
}

type Refresh = Awaited<ReturnType<typeof createRefresh>>

/** Refreshes per second, with `concurrency` sessions at once and about `total` refreshes together. */
async function rateOf(createSession: Refresh, concurrency: number, total: number): Promise<number> {
  const sessions = await Promise.all(Array.from({ length: concurrency }, createSession))
  const each = Math.ceil(total / concurrency)
  const began = performance.now()
  await Promise.all(
    sessions.map(async (refresh) => {
      for (let count = 0; count < each; count++) await refresh()
    }),
  )
  return (each * concurrency * 1000) / (performance.now() - began)
}
