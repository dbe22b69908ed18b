import { strongerOf } from '../../lib/oauth/clients/authentication-strength.ts'
import type { ClientAuthenticationMethod } from '../../lib/oauth/clients/client.ts'
import { quickRotationsAfter } from '../../lib/oauth/grants/decision.ts'
import type { createGrants, Grant, GrantRefusal } from '../../lib/oauth/grants/grants.ts'
import type { createPersonEnd } from '../../lib/oauth/grants/person-end.ts'
import { beginGeneration, carriedMembersOf } from '../../lib/oauth/grants/record.ts'
import { createPrivacy } from '../../lib/people/privacy/privacy.ts'
import type { Store } from '../../lib/store/store.ts'
import { day, grantKey, now as start, sub } from './world.ts'

/** The code under judgment. A seeded fault replaces some of it. */
export interface Subject {
  readonly createGrants: typeof createGrants
  readonly createPersonEnd: typeof createPersonEnd
}

/** What a call came to. `done`: a call that gives no token has ended well. */
export type Outcome = Grant | GrantRefusal | 'done' | 'unavailable'

/** One call of a caller, as the judge sees it. */
export interface Call {
  readonly by: string
  readonly kind: 'redeem' | 'refresh' | 'revoke' | 'end person' | 'other'
  /** The code that was shown, or the token. */
  readonly code?: string
  /** An instance of an older release answers it. */
  readonly isOlder?: true
  readonly token?: Grant
  readonly method?: ClientAuthenticationMethod
  /** When the user approved, in seconds since the epoch. */
  readonly approvedAt?: number
  outcome?: Outcome
}

/** One caller: an instance of the service that answers requests of one client, or a job of the service. */
export interface Actor {
  readonly name: string
  readonly subject: Subject
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly grace: number
  readonly store: Store
  /** While the store moves: hands the grant over, as the copy does. */
  readonly carry: (signal: AbortSignal) => Promise<unknown>
  /** The token of a generation that the client held when the run began. */
  readonly token: (generation: number) => Grant
  /** One request. It begins at a moment of its own, and the deadline is its signal. */
  call(says: string, call: Call, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome>
}

export interface Program {
  readonly name: string
  /** How much there is to explore, roughly, compared to a refresh. */
  readonly weight: number
  /** More faults of the store in one run are not followed: there are too many operations. */
  readonly mostFaults?: number
  /** An instance of an older release: it knows fewer members and no fence. */
  readonly isOlder?: true
  /** While the store moves: the instance knows only the store that everything moves away from. */
  readonly knowsOnlySource?: true
  run(actor: Actor): Promise<unknown>
}

const ignore = () => {}

export const grantsOf = ({ subject, store, now, grace }: Parts) =>
  subject.createGrants({ store, now, grace, log: ignore })

const identity = { clientHash: 'client', clientName: 'Client', endsAt: start / 1000 + 180 * day }

export const privacyOf = ({ subject, store, now, grace }: Parts) => {
  const grants = grantsOf({ subject, store, now, grace })
  return createPrivacy({
    store,
    places: [],
    end: subject.createPersonEnd({ store, grants, now, fenceLifetime: 28_800 }),
    now,
    log: ignore,
  })
}

/** As `lib/oauth/token/authorization-code-grant.ts` redeems a code, with what follows the answer. */
async function redeem(actor: Actor, code: string, approvedAt = start / 1000 - 10): Promise<Outcome> {
  const grants = grantsOf(actor)
  const outcome = await actor.call(
    `redeems the code ${code}`,
    { by: actor.name, kind: 'redeem', code, approvedAt },
    (signal) => {
      const now = actor.now()
      const record = beginGeneration(
        {
          ...identity,
          generation: 0,
          createdAt: Math.floor(now / 1000),
          authenticationMethod: 'none',
          kid: `secret of ${actor.name}`,
          codeHash: `hash of ${code}`,
          attempt: 'attempt',
        },
        { now, lifetime: 30 * day, from: actor.name },
      )
      return grants.redeem(grantKey, record, signal, approvedAt)
    },
  )
  if (typeof outcome === 'object' && 'record' in outcome) {
    await actor.call('reads the fence after its answer', { by: actor.name, kind: 'other' }, async (signal) => {
      await grants.endIfFenced(grantKey, outcome, signal, approvedAt)
      return 'done'
    })
  }
  return outcome
}

type Parts = Pick<Actor, 'subject' | 'store' | 'now' | 'grace'>

/** As `lib/oauth/token/refresh-token-grant.ts` refreshes a token. `name` is the instance that does it. */
export function refreshWith(
  parts: Parts,
  name: string,
  { record, version }: Grant,
  method: ClientAuthenticationMethod,
  signal: AbortSignal,
): Promise<Grant | GrantRefusal> {
  const now = parts.now()
  const carried = carriedMembersOf(record)
  const last = { ...carried, version, rotatedAt: record.rotatedAt, receivedAt: now }
  const next = beginGeneration(
    {
      ...carried,
      ...identity,
      generation: record.generation + 1,
      createdAt: record.createdAt,
      authenticationMethod: strongerOf(record.authenticationMethod, method),
      kid: `secret of ${name}`,
      quickRotations: quickRotationsAfter(last, now),
    },
    { now, lifetime: 30 * day, from: name },
  )
  return grantsOf(parts).rotate(grantKey, next, last, signal)
}

function refresh(actor: Actor, token: Grant, method: ClientAuthenticationMethod = 'none'): Promise<Outcome> {
  const says = `refreshes with the token of generation ${token.record.generation}${method === 'none' ? '' : ', and proves its key'}`
  return actor.call(says, { by: actor.name, kind: 'refresh', token, method }, (signal) =>
    refreshWith(actor, actor.name, token, method, signal),
  )
}

export const isGrant = (outcome: Outcome): outcome is Grant => typeof outcome === 'object' && 'record' in outcome

export const redeems = (code: string): Program => ({
  name: `redeems ${code}`,
  weight: 2,
  run: (actor) => redeem(actor, code),
})

export const redeemsAndRefreshes = (code: string): Program => ({
  name: `redeems ${code} and refreshes`,
  weight: 6,
  async run(actor) {
    const outcome = await redeem(actor, code)
    if (isGrant(outcome)) await refresh(actor, outcome)
  },
})

export const refreshes = (generation: number): Program => ({
  name: `refreshes ${generation}`,
  weight: 1,
  run: (actor) => refresh(actor, actor.token(generation)),
})

export const refreshesTwice = (generation: number): Program => ({
  name: `refreshes ${generation} twice`,
  weight: 4,
  async run(actor) {
    const outcome = await refresh(actor, actor.token(generation))
    if (isGrant(outcome)) await refresh(actor, outcome)
  },
})

/** A client that begins to prove a key while another copy of it does not. */
export const refreshesStrongly = (generation: number): Program => ({
  name: `refreshes ${generation} with its key`,
  weight: 1,
  run: (actor) => refresh(actor, actor.token(generation), 'private_key_jwt'),
})

/** As `lib/oauth/token/revocation-endpoint.ts` revokes a token. */
export const revokes: Program = {
  name: 'revokes',
  weight: 1,
  run: (actor) =>
    actor.call('revokes the grant', { by: actor.name, kind: 'revoke' }, async (signal) => {
      const grants = grantsOf(actor)
      const grant = await grants.read(grantKey, signal)
      if (grant && grant.record.revokedAt === undefined) await grants.revoke(grantKey, 'client_request', signal, grant)
      return 'done'
    }),
}

/** As `lib/people/privacy/privacy.ts` ends a person, on the account page or by an admin. */
export const endsPerson: Program = {
  name: 'ends the person',
  mostFaults: 1,
  weight: 12,
  run: (actor) =>
    actor.call('ends the person', { by: actor.name, kind: 'end person' }, async (signal) => {
      await privacyOf(actor).endPerson(sub, 'person_ended', signal)
      return 'done'
    }),
}

/** As `lib/store/moving/copy.ts` hands a record over. */
export const carries: Program = {
  name: 'copies the grant',
  mostFaults: 1,
  weight: 3,
  run: (actor) =>
    actor.call('copies the grant', { by: actor.name, kind: 'other' }, async (signal) => {
      await actor.carry(signal)
      return 'done'
    }),
}

/** The same as an instance that knows only the store from which everything moves. */
export const onSource = (program: Program): Program => ({
  ...program,
  name: `${program.name} at the source only`,
  knowsOnlySource: true,
})

/** Another writer of the record, as a later release or a restored store would be: the generation stays, the version changes. */
export const reseals: Program = {
  name: 'writes the record anew',
  weight: 1,
  run: (actor) =>
    actor.call('writes the record anew', { by: actor.name, kind: 'other' }, async (signal) => {
      const held = await actor.store.get(grantKey, signal)
      if (held) await actor.store.replace(grantKey, { ...held.value, added: 'since' }, held.version, signal)
      return 'done'
    }),
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof Error && error.name === 'StoreUnavailable'
}
