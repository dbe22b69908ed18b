/**
 * A child process that its parent pins to one core. It measures the authorization server and the bearer verification in this
 * process, on a store in memory, beside the bare operations that they consist of.
 */
import { Hono } from 'hono/tiny'
import { generateKeyPair, importJWK, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import * as v from 'valibot'
import { createHarness, newSecrets } from '../dev/worlds/authorization-server.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { createBearerVerifier } from '../lib/resource-server/bearer.ts'
import { runRounds } from './cpu-meter.ts'
import { codeVerifier, createMint, redirectUri } from './mint.ts'

const issued = v.object({ access_token: v.string(), refresh_token: v.string() })
const jwks = v.object({ keys: v.array(v.looseObject({ kid: v.string(), alg: v.literal('RS256') })) })

await runRounds(async ({ repetitions }) => {
  const secrets = newSecrets()
  const harness = createHarness({ secrets })
  harness.clock = Date.now()
  const { issuer } = harness
  const resource = `${issuer}/mcp`
  const mint = createMint(issuer, secrets)
  const registration = await harness.fetch(paths.register, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Bench', redirect_uris: [redirectUri] }),
  })
  const { client_id: clientId } = v.parse(v.object({ client_id: v.string() }), await registration.json())

  const form = (fields: Record<string, string>): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: clientId, resource, ...fields }).toString(),
  })
  const redeeming = (code: string) =>
    form({ grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirectUri })
  const refreshing = (token: string) => form({ grant_type: 'refresh_token', refresh_token: token })
  const token = async (init: RequestInit) => v.parse(issued, await ask(init, 200))
  async function ask(init: RequestInit, status: number): Promise<unknown> {
    const response = await harness.fetch(paths.token, init)
    if (response.status !== status) throw new Error(`expected ${status}, was ${response.status}`)
    return response.json()
  }

  const canned = JSON.stringify(await ask(redeeming(mint(clientId)), 200))
  const empty = new Hono()
  empty.all(paths.token, async ({ req: { raw } }) => {
    await raw.text()
    return new Response(canned, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
  })
  /** The surroundings of every request, as in the harness. */
  const askEmpty = async (init: RequestInit) => {
    const call = { signal: AbortSignal.timeout(8000), requestId: 'request-1', waitUntil: () => undefined }
    const response = await empty.fetch(new Request(issuer + paths.token, init), call)
    return response.json()
  }

  const keys: JSONWebKeySet = v.parse(jwks, await (await harness.fetch(paths.jwks)).json())
  const verifier = createBearerVerifier({ issuer, resource, publicKeys: async () => keys, now: Date.now })
  const publicKey = await importJWK(keys.keys[0] ?? {}, 'RS256')
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 })
  const signal = new AbortController().signal
  const bearer = (access: string) => new Request(resource, { headers: { authorization: `Bearer ${access}` } })
  const verify = async (request: Request) => {
    const outcome = await verifier.verify(request, signal)
    if (outcome.kind !== 'valid') throw new Error('the token was not accepted')
  }
  const many = <T>(make: () => T) => Array.from({ length: repetitions }, make)

  return async (meter) => {
    const codes = many(() => redeeming(mint(clientId)))
    await meter('empty route', codes, askEmpty)
    const access: string[] = []
    const refresh: string[] = []
    await meter('code exchange', codes, async (init) => {
      const tokens = await token(init)
      access.push(tokens.access_token)
      refresh.push(tokens.refresh_token)
    })
    const { payload } = await jwtVerify(access[0] ?? '', publicKey)
    await meter('jose signature', codes, () =>
      new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k' }).sign(privateKey),
    )
    await meter('code replay', codes, (init) => ask(init, 400))

    const grants = await Promise.all(many(() => token(redeeming(mint(clientId)))))
    const first = grants.map((tokens) => refreshing(tokens.refresh_token))
    const second: string[] = []
    await meter('refresh', first, async (init) => second.push((await token(init)).refresh_token))
    for (const refreshToken of second) await token(refreshing(refreshToken))
    await meter('refresh replay', first, (init) => ask(init, 400))

    const requests = access.map(bearer)
    await meter('verification', requests, verify)
    await meter('bare jwtVerify', access, (jwt) =>
      jwtVerify(jwt, publicKey, { algorithms: ['RS256'], typ: 'at+jwt', issuer, audience: resource }),
    )
    await meter('verification, seen before', Array.from({ length: 20 }, () => requests).flat(), verify)
    harness.log.length = 0
    harness.signIns.length = 0
  }
})
