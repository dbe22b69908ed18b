import * as v from 'valibot'
import type { Log } from '../../lib/base/log.ts'
import type { Grant, GrantRefusal } from '../../lib/oauth/grants/grants.ts'
import type { GrantRecord } from '../../lib/oauth/grants/record.ts'
import type { Store } from '../../lib/store/store.ts'
import type { Actor, Program } from './callers.ts'
import older from './older-grants.json' with { type: 'json' }
import { day, grantKey, now as start } from './world.ts'

/**
 * Instances of an older release beside those of today. `older-grants.json` is `lib/oauth/grants/grants.ts` of commit 7965128
 * (2026-11-21), bundled with esbuild. It drops the members of a record that it does not know, has no codes with an ID, and no fence.
 */

/** What is called of that release. */
interface OlderGrants {
  redeem(key: string, record: GrantRecord, signal: AbortSignal): Promise<Grant | GrantRefusal>
  rotate(key: string, next: GrantRecord, version: string, signal: AbortSignal): Promise<Grant | GrantRefusal>
  read(key: string, signal: AbortSignal): Promise<Grant | null>
  revoke(key: string, reason: string, signal: AbortSignal, known?: Grant): Promise<void>
}
type OlderOptions = { store: Store; now: () => number; grace: number; log: Log }

const bundle: unknown = await import(`data:text/javascript;base64,${Buffer.from(older.source).toString('base64')}`)
const { createGrants } = v.parse(
  v.object({ createGrants: v.custom<(options: OlderOptions) => OlderGrants>((value) => typeof value === 'function') }),
  bundle,
)

const ignore = () => {}
const grantsOf = ({ store, now, grace }: Actor) => createGrants({ store, now, grace, log: ignore })

/** A record as that release makes it. */
function recordOf(actor: Actor, generation: number, createdAt: number): GrantRecord {
  const rotatedAt = Math.floor(actor.now() / 1000)
  return {
    generation,
    createdAt,
    rotatedAt,
    expiresAt: rotatedAt + 30 * day,
    endsAt: start / 1000 + 180 * day,
    clientHash: 'client',
    clientName: 'Client',
    authenticationMethod: 'none',
    kid: `secret of ${actor.name}`,
  }
}

export const olderRedeems = (code: string): Program => ({
  name: `redeems ${code} on an older release`,
  weight: 1,
  isOlder: true,
  run: (actor) =>
    actor.call(`redeems the code ${code}`, { by: actor.name, kind: 'redeem', code, isOlder: true }, (signal) =>
      grantsOf(actor).redeem(grantKey, recordOf(actor, 0, Math.floor(actor.now() / 1000)), signal),
    ),
})

export const olderRefreshes = (generation: number): Program => ({
  name: `refreshes ${generation} on an older release`,
  weight: 1,
  isOlder: true,
  run: (actor) => {
    const token = actor.token(generation)
    const call = { by: actor.name, kind: 'refresh', token, isOlder: true } as const
    return actor.call(`refreshes with the token of generation ${generation}`, call, (signal) => {
      const next = recordOf(actor, generation + 1, token.record.createdAt)
      return grantsOf(actor).rotate(grantKey, next, token.version, signal)
    })
  },
})

export const olderRevokes: Program = {
  name: 'revokes on an older release',
  weight: 1,
  isOlder: true,
  run: (actor) =>
    actor.call('revokes the grant', { by: actor.name, kind: 'revoke', isOlder: true }, async (signal) => {
      await grantsOf(actor).revoke(grantKey, 'client_request', signal)
      return 'done'
    }),
}
