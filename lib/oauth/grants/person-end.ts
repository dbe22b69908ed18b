import { defined } from '../../base/defined.ts'
import type { Store } from '../../store/store.ts'
import { endGrantsOf } from './end-person.ts'
import { type Fence, liftForgetting, readFence, removeFence, writeFence } from './fence.ts'
import type { Grants } from './grants.ts'

export interface PersonEndOptions {
  readonly store: Store
  readonly grants: Pick<Grants, 'read' | 'revoke'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Seconds after which a fence ends nothing any more: the longest life of an access token or of a browser session. */
  readonly fenceLifetime: number
}

/** Makes what `lib/people/privacy/privacy.ts` needs to end a person: the fence and the grants. */
export function createPersonEnd({ store, grants, now, fenceLifetime }: PersonEndOptions) {
  return {
    fenceLifetime,
    writeFence: (sub: string, fence: Fence, signal: AbortSignal) => writeFence(store, sub, fence, signal),
    fenceAt: async (sub: string, signal: AbortSignal) => (await readFence(store, sub, signal))?.at ?? null,
    liftForgetting: (sub: string, at: number, signal: AbortSignal) => liftForgetting(store, sub, at, signal),
    removeFence: (sub: string, at: number, signal: AbortSignal) => removeFence(store, sub, at, signal),
    endGrants: (sub: string, reason: string, signal: AbortSignal, madeUntil?: number) =>
      endGrantsOf({ store, grants, now: now(), ...defined({ madeUntil }) }, sub, reason, signal),
  }
}
