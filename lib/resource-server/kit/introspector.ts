import { hash } from 'node:crypto'
import { BoundedMap, fresh } from '../../base/bounded-map.ts'
import { createSingleFlight } from '../../base/single-flight.ts'
import { type Members, Refused } from '../jwt.ts'
import { type ReadingRules, readAccessToken } from './access-token.ts'
import type { VerifyToken } from './jwt-validator.ts'
import type { Fetch, IntrospectionOptions } from './options.ts'
import { requestJson } from './remote.ts'

const mostRemembered = 1_000
/** Requests to the endpoint at the same time. Tokens that are junk must not become its overload. */
const mostAtOnce = 50
/** Milliseconds during which "not active" is remembered. */
const inactiveTtl = 5_000

/**
 * Makes the function that asks the authorization server about tokens (RFC 7662). An answer is used again for `cacheTtl`, and never after the
 * token has expired. If the server does not answer, no token is accepted: the function throws what `unavailable` makes.
 */
export function createIntrospector(options: {
  readonly introspection: IntrospectionOptions
  readonly reading: ReadingRules
  readonly endpoint: () => Promise<string>
  readonly fetch: Fetch
  readonly now: () => number
  readonly unavailable: (reason: string) => Error
}): VerifyToken {
  const { introspection, reading, now } = options
  const { cacheTtl = 30_000 } = introspection
  const answers = new BoundedMap<string, { readonly claims: Members; readonly expires: number }>(mostRemembered)
  const asking = createSingleFlight<Members>()
  let running = 0

  async function ask(token: string, digest: string): Promise<Members> {
    if (running >= mostAtOnce)
      throw options.unavailable('too many requests to its introspection endpoint are under way')
    running += 1
    try {
      const began = now()
      const claims = await introspect(token, options)
      answers.set(digest, {
        claims,
        expires: began + (claims.active === true ? cacheTtl : Math.min(cacheTtl, inactiveTtl)),
      })
      return claims
    } finally {
      running -= 1
    }
  }

  return async (token) => {
    const digest = hash('sha256', token, 'base64')
    const claims = fresh(answers, digest, now())?.claims ?? (await asking.run(digest, () => ask(token, digest)))
    if (claims.active !== true) throw new Refused('not active')
    const { token_type: type } = claims
    if (type !== undefined && !(typeof type === 'string' && /^bearer$/i.test(type))) throw new Refused('token_type')
    return readAccessToken(claims, reading, now() / 1000, Math.floor((now() + cacheTtl) / 1000) + 1)
  }
}

async function introspect(
  token: string,
  { introspection, endpoint, fetch, unavailable }: Parameters<typeof createIntrospector>[0],
): Promise<Members> {
  const { clientId, clientSecret, authentication = 'client_secret_basic' } = introspection
  const isBasic = authentication === 'client_secret_basic'
  // RFC 6749 §2.3.1: both are form-encoded before they are joined.
  const pair = [clientId, clientSecret].map((text) => new URLSearchParams({ '': text }).toString().slice(1)).join(':')
  const answer = await requestJson(fetch, await endpoint(), {
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(isBasic && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
    },
    body: new URLSearchParams({
      token,
      token_type_hint: 'access_token',
      ...(!isBasic && { client_id: clientId, client_secret: clientSecret }),
    }).toString(),
  })
  if (answer.kind === 'json' && typeof answer.body.active === 'boolean') return answer.body
  const what = answer.kind === 'json' ? 'its answer has no member active' : answer.kind === 'status' ? `it answered ${answer.status}` : answer.reason // biome-ignore format: one line
  throw unavailable(`introspection: ${what}`)
}
