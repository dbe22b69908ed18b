import { type Store, StoreUnavailable } from '../store.ts'

/** The target has records from another time, so nothing can move there. */
export class TargetNotEmpty extends StoreUnavailable {}

/** The names of the two stores, as `STORE_BACKEND` and `STORE_MOVING_FROM` have them. */
export interface Move {
  readonly from: string
  readonly to: string
}

/**
 * How far a move is. `open`: instances use both stores. `complete`: the target has everything. `over`: a later move in the other
 * direction has begun.
 */
export type MoveState = 'open' | 'complete' | 'over'

/** The key of the record about a move, which is at its target: `state`, `openedAt` and `completeAt`, in milliseconds. */
export const moveKey = (from: string): string => `moving/${from}`

/** Reads the record about a move. `null`: there is none. */
export async function readMove(target: Store, from: string, signal: AbortSignal) {
  const stored = await target.get(moveKey(from), signal)
  if (stored === null) return null
  const { state, openedAt, completeAt } = stored.value
  return {
    state: state === 'complete' || state === 'over' ? state : ('open' as MoveState),
    openedAt: typeof openedAt === 'number' ? openedAt : 0,
    completeAt: typeof completeAt === 'number' ? completeAt : undefined,
    version: stored.version,
  }
}

/**
 * Opens a move, or finds it open. What the target has from another time would count as the newer record, so a move begins only at
 * an empty target, or if it turns around a move that is not complete.
 *
 * @param now milliseconds since the epoch
 * @throws TargetNotEmpty if the move may not begin; StoreUnavailable
 */
export async function openMove(
  { from, to, source, target }: Move & { readonly source: Store; readonly target: Store },
  now: number,
  signal: AbortSignal,
): Promise<'open' | 'complete'> {
  const known = await readMove(target, from, signal)
  if (known && known.state !== 'over') return known.state
  const opposite = await readMove(source, to, signal)
  if (opposite?.state !== 'open' && !(await isEmpty(target, signal))) {
    throw new TargetNotEmpty(`the store ${to} is not empty, so nothing can move there from ${from}`)
  }
  const value = { state: 'open', openedAt: now }
  if (known) await target.replace(moveKey(from), value, known.version, signal)
  else await target.create(moveKey(from), value, signal)
  if (opposite && opposite.state !== 'over') {
    await source.replace(moveKey(to), { state: 'over', openedAt: opposite.openedAt }, opposite.version, signal)
  }
  return 'open'
}

/**
 * Guards the target of a move against an operator who removes `STORE_MOVING_FROM` too early: while the move is not complete, a grant
 * that the target does not have is not absent but unavailable, so no user is signed out.
 */
export function guardedTarget<Target extends Store>(target: Target, from: string): Target {
  return {
    ...target,
    async get(key, signal) {
      const found = await target.get(key, signal)
      if (found === null && key.startsWith('grants/') && (await readMove(target, from, signal))?.state === 'open')
        throw new StoreUnavailable(`the move from ${from} is not complete: set STORE_MOVING_FROM again`)
      return found
    },
  }
}

/** Writes that a move is complete, unless it is no longer open. */
export async function completeMove(target: Store, from: string, now: number, signal: AbortSignal): Promise<void> {
  const move = await readMove(target, from, signal)
  if (move?.state !== 'open') return
  const value = { state: 'complete', openedAt: move.openedAt, completeAt: now }
  await target.replace(moveKey(from), value, move.version, signal)
}

/** Whether a store has no record, except for proofs of readiness and for records about moves. */
async function isEmpty(store: Store, signal: AbortSignal): Promise<boolean> {
  const { keys } = await store.list('', signal)
  return keys.every((key) => key.startsWith('health/') || key.startsWith('moving/'))
}
