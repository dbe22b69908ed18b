import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createVendor, exampleResource, tokenVendors } from '../dev/issuers/vendor-tokens.ts'
import { createResourceServer } from '../lib/resource-server/kit/resource-server.ts'
import type { Figure } from './figures.ts'
import { Samples } from './statistics.ts'

const algorithms = ['RS256', 'ES256', 'EdDSA'] as const
const section = 'Resource server kit: CPU of one verification, in process'

/** Compares the resource server of the package with `jwtVerify` of jose, with the keys in memory, in turn: new tokens, and one seen before. */
export async function measureKit(plan: { readonly rounds: number; readonly repetitions: number }): Promise<Figure[]> {
  const samples = new Samples()
  for (const algorithm of algorithms) {
    const vendor = createVendor({ ...tokenVendors.broker, algorithm })
    const { issuer, metadata } = tokenVendors.broker
    const server = createResourceServer({
      resource: exampleResource,
      authorizationServers: [issuer],
      fetch: vendor.fetch,
    })
    const set: JSONWebKeySet = await (await vendor.fetch(metadata.jwks_uri)).json()
    const keys = createLocalJWKSet(set)
    const options = { algorithms: [algorithm], issuer, audience: exampleResource, typ: 'at+jwt' }
    const ours = async (token: string) => {
      const { kind } = await server.authenticate(`Bearer ${token}`)
      if (kind !== 'authenticated') throw new Error('the token was not accepted')
    }
    for (let round = 0; round <= plan.rounds; round++) {
      const tokens = Array.from({ length: plan.repetitions }, (_, index) => vendor.token({ jti: `${round}-${index}` }))
      const bare = await microseconds(tokens, (token) => jwtVerify(token, keys, options))
      const fresh = await microseconds(tokens, ours)
      const again = await microseconds(tokens, ours)
      // The first round warms up.
      if (round === 0) continue
      samples.add(algorithm, fresh / bare)
      samples.add(`${algorithm} ours`, fresh)
      samples.add(`${algorithm} bare`, bare)
      samples.add('seen before', again)
    }
  }
  const seconds = (name: string) => `${samples.median(name).toFixed(0)} µs`
  return [
    ...algorithms.map(
      (name): Figure => ({
        section,
        name: `${name}, × jose's jwtVerify`,
        value: samples.median(name),
        unit: '×',
        digits: 2,
        hold: 1.2,
        note: `${seconds(`${name} ours`)}, jwtVerify ${seconds(`${name} bare`)}`,
      }),
    ),
    { section, name: 'a token seen before', value: samples.median('seen before'), unit: 'µs', digits: 1 },
  ]
}

/** CPU of all threads for each token, one at a time. jose verifies in the thread pool, which counts too. */
async function microseconds(tokens: readonly string[], verify: (token: string) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (const token of tokens) await verify(token)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / tokens.length
}
