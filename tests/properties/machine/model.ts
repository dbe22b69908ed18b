import assert from 'node:assert/strict'
import * as v from 'valibot'
import { GrantRecord } from '../../../lib/oauth/grants/record.ts'
import type { RefreshToken } from '../../../lib/oauth/token/refresh-token.ts'
import type { Answer } from '../invariants.ts'
import { jsonOf } from '../invariants.ts'
import type { StoreClient } from './faulty-store.ts'
import { readable } from './thief.ts'
import { header, type Instance, lifetimes, payload, type World } from './world.ts'

/** The model of a grant, from its code on: what may happen to it, and what must never change. */
export interface GrantModel {
  /** The grant's key in the store, read from the sealed code. */
  readonly key: string
  readonly code: { readonly value: string; readonly expiresAt: number; readonly verifier: string }
  readonly client: ClientModel
  readonly redirectUri: string
  readonly scope: string
  readonly sub: string
  readonly endsAt: number
  /** The record in the store at the last look; `null` before the code is redeemed. */
  held: Held | null
  /** The refresh token of each generation that was issued. */
  readonly refreshTokens: Map<number, string>
  /** All access tokens that were issued, the oldest first. */
  readonly accessTokens: string[]
  /** Generations whose refresh token must not change when it is issued again, until the store moves. */
  readonly settled: Set<number>
  /** The times, in milliseconds, of the valid requests for each generation. */
  readonly asked: Map<number, Set<number>>
  redeemed: number
  /** The hash of the id of the code that created the grant. */
  madeBy: string | undefined
  /** Whether the grant must end. The tombstone may not be written yet. */
  doomed: boolean
}

export interface ClientModel {
  readonly id: string
  readonly redirectUri: string
  readonly refreshes: boolean
  /** Whether the user must confirm, because the operator does not trust the host of the redirect URI. */
  readonly confirms: boolean
}

export interface Held {
  readonly record: GrantRecord
  readonly version: string
}

/** A request that concerns a grant, and its outcome. */
export interface Event {
  readonly kind: 'redeem' | 'refresh' | 'revoke'
  readonly grant: GrantModel
  /** The generation of the presented refresh token. */
  readonly generation: number
  /** The hash of the id of the presented code. */
  readonly codeHash: string | undefined
  /** The error of a request that is invalid by itself. The answer must name it, and nothing may change. */
  readonly expectedError: string | undefined
  /** A revocation of an ended token. It is answered 200, and changes nothing. */
  readonly idle: boolean
  readonly scope: string
  readonly at: Instance | undefined
  readonly client: StoreClient
  readonly answer: Answer
}

export async function look(grant: GrantModel, world: World): Promise<Held | null> {
  const stored = await world.truth.get(grant.key, new AbortController().signal)
  return stored && { record: v.parse(GrantRecord, stored.value), version: stored.version }
}

const isOver = (held: Held | null) => held?.record.revokedAt !== undefined

/**
 * Throws `AssertionError` unless the answers, and the change of the grant, are allowed. `events`: the requests that were
 * sent concurrently; `landing`: a late write took effect.
 */
export async function judge(grant: GrantModel, events: readonly Event[], world: World, landing = false): Promise<void> {
  const before = grant.held
  const after = await look(grant, world)
  const now = world.now()
  for (const event of events) judgeAnswer(event, before, after, now, world)
  const fair = events.filter(({ expectedError, idle }) => expectedError === undefined && !idle)
  const cause = fair.some((event) => mayEnd(event, fair, before, after, now))
  grant.doomed ||= cause
  if (before?.version !== after?.version) {
    assert(fair.length > 0 || landing, 'changed without a valid request')
    assert(after, 'the grant has disappeared')
    judgeChange(grant, before, after)
    if (before === null) grant.madeBy = after.record.codeHash
    assert.equal(after.record.codeHash, grant.madeBy, 'another code created the grant')
    assert(before === null || !isOver(before), 'a tombstone was overwritten')
    if (isOver(after)) assert(cause || (landing && grant.doomed), 'a grant ended without a reason')
  }
  grant.held = after
}

function judgeChange(grant: GrantModel, before: Held | null, { record }: Held): void {
  const first = before === null ? 0 : before.record.generation + 1
  assert(record.generation >= first - 1, 'the generation went back')
  for (let generation = first; generation <= record.generation; generation++) {
    assert(grant.asked.has(generation), `no client asked for generation ${generation}`)
  }
  const { rotatedAtMilliseconds = 0 } = record
  assert(
    grant.asked.get(record.generation)?.has(rotatedAtMilliseconds),
    'the generation began at a time without a request for it',
  )
  assert.equal(record.rotatedAt, Math.floor(rotatedAtMilliseconds / 1000))
  assert.equal(record.endsAt, grant.endsAt)
  assert.equal(record.expiresAt, Math.min(record.rotatedAt + lifetimes.refreshToken, record.endsAt))
  if (before) assert.equal(record.createdAt, before.record.createdAt)
  if (before) assert.equal(record.clientHash, before.record.clientHash)
}

/** Whether a request may have ended the grant: a second use of the code, an old refresh token, or a revocation. */
function mayEnd(event: Event, fair: readonly Event[], before: Held | null, after: Held | null, now: number): boolean {
  if (event.kind === 'revoke') return true
  // If an earlier attempt of this request may have taken effect, its failure proves no second use.
  if (event.answer.status === 200 || event.client.unclear || !after) return false
  if (event.kind === 'redeem') {
    const same = fair.filter(({ codeHash }) => codeHash === event.codeHash)
    return after.record.codeHash === event.codeHash && (before !== null || same.length > 1)
  }
  const next = event.generation + 1
  return next < after.record.generation || (next === after.record.generation && !isInWindow(after, now))
}

const isInWindow = (held: Held | null, now: number) =>
  now - (held?.record.rotatedAtMilliseconds ?? 0) <= lifetimes.grace * 1000

function judgeAnswer(event: Event, before: Held | null, after: Held | null, now: number, world: World): void {
  const { answer, client, expectedError, idle, grant, kind, at } = event
  const what = `${kind}${kind === 'refresh' ? ` of generation ${event.generation}` : ''}: ${answer.status} ${answer.text}`
  // Without the store there are no signing keys, so that the server cannot tell which grant an access token is for.
  const unread = kind === 'revoke' && client.disturbed && answer.status === 503
  if (unread && (idle || expectedError !== undefined)) return
  if (expectedError !== undefined) {
    assert.equal(jsonOf(answer.text).error, expectedError, what)
    assert.equal(answer.status, expectedError === 'invalid_client' ? 401 : 400, what)
    return
  }
  switch (answer.status) {
    case 200:
      if (kind === 'revoke') {
        assert(idle || !before || isOver(after), `the grant is still active: ${what}`)
        break
      }
      assert(!isOver(before), `tokens of a grant that has ended: ${what}`)
      if (kind === 'redeem') {
        grant.redeemed += 1
        assert(before === null && grant.redeemed === 1, `a code redeemed twice: ${what}`)
      } else {
        const next = event.generation + 1
        const generation = before?.record.generation ?? 0
        const repeats = next === generation && isInWindow(before, now)
        assert(next > generation || repeats, `an old generation is accepted: ${what}`)
      }
      judgeTokens(event, after, now, world)
      break
    case 400:
      assert.equal(jsonOf(answer.text).error, 'invalid_grant', what)
      assert(kind !== 'revoke', what)
      assert(
        isOver(after) || (kind === 'redeem' && after?.record.codeHash !== event.codeHash),
        `refused although the grant is active: ${what}`,
      )
      break
    default: {
      assert.equal(answer.status, 503, what)
      // This instance does not have the key that seals the new refresh token.
      const unknownKey = kind === 'refresh' && after !== null && at?.has(after.record.kid) === false
      assert(client.disturbed || unknownKey, `503 although the store did not fail: ${what}`)
    }
  }
}

function judgeTokens(
  { answer, grant, generation, scope }: Event,
  after: Held | null,
  milliseconds: number,
  world: World,
): void {
  const now = Math.floor(milliseconds / 1000)
  const body = jsonOf(answer.text)
  const resource = `${world.issuer}/mcp`
  const access = payload(String(body.access_token))
  world.signedWith.add(String(header(String(body.access_token)).kid))
  const { sub, client_id, grant: key, aud, iss, iat, exp } = access
  const [clientId, expires] = [grant.client.id, Math.min(now + 3600, grant.endsAt)]
  assert.deepEqual(
    { sub, client_id, key, aud, iss, iat, exp, scope: access.scope, said: body.scope, left: body.expires_in },
    {
      sub: grant.sub,
      client_id: clientId,
      key: grant.key,
      aud: resource,
      iss: world.issuer,
      iat: now,
      exp: expires,
      scope,
      said: scope,
      left: expires - now,
    },
  )
  assert.equal('refresh_token' in body, grant.client.refreshes)
  if (!grant.client.refreshes) return

  const refreshToken = String(body.refresh_token)
  // Only the name of the key is readable in it.
  assert.deepEqual(readable(refreshToken), [
    { alg: 'dir', enc: 'A256GCM', typ: 'refresh-token', kid: header(refreshToken).kid },
  ])
  const said = world.inside(refreshToken)
  // A client that refreshes without a pause keeps the third token for two seconds.
  const rests = said.generation === generation && generation >= 0
  const next = rests ? generation : generation + 1
  if (rests) assert(mayRest(said, milliseconds), 'the refresh token must rotate')
  const { email } = said.person
  remember(grant, next, refreshToken)
  assert.equal(refreshToken, grant.refreshTokens.get(next), `two tokens of generation ${next}`)
  assert.deepEqual(
    { n: said.generation, g: said.grant, scope: said.scope, resource: said.resource, end: said.endsAt, email },
    { n: next, g: grant.key, scope: grant.scope, resource, end: grant.endsAt, email: `${grant.sub}@example.com` },
  )
  const { rotatedAtMilliseconds = 0 } = said.carried ?? {}
  assert(grant.asked.get(next)?.has(rotatedAtMilliseconds), 'the token has a time without a request')
  if (after?.record.generation === next && !isOver(after)) assert.equal(said.version, after.version)
}

const mayRest = ({ carried: { quickRotations = 0, rotatedAtMilliseconds = 0 } = {} }: RefreshToken, now: number) =>
  quickRotations >= 3 && now - rotatedAtMilliseconds < 2000

export function remember({ settled, refreshTokens }: GrantModel, generation: number, refreshToken: string): void {
  if (settled.has(generation)) return
  settled.add(generation)
  refreshTokens.set(generation, refreshToken)
}
