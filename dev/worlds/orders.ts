import { vi } from 'vitest'
import type { Store } from '../../lib/store/store.ts'

/** Opens the door of a store for one process of a world. `matters` chooses the keys and prefixes whose order makes a difference. */
export interface Doors {
  (store: Store, matters: (name: string) => boolean): Store
  /** Carries out the operations that the work asks for, in the order of this run, until the work ends. */
  run(work: Promise<unknown>): Promise<void>
}

/**
 * Runs a world once for every order in which its store can carry out the operations that wait for it. Each operation takes effect
 * at one moment, as in a store that keeps its contract. Needs fake timers. Returns how many orders there were.
 *
 * @param most a world with more orders runs in so many of them, chosen evenly by a fixed seed
 */
export async function everyOrder(world: (doors: Doors) => Promise<void>, most?: number): Promise<number> {
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  let choices: { chosen: number; of: number }[] = []
  let orders = 0
  for (;;) {
    let depth = 0
    const waiting: (() => void)[] = []
    const door = <T>(operation: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => waiting.push(() => operation().then(resolve, reject)))
    const open = (store: Store, matters: (name: string) => boolean): Store => {
      const guard =
        <P extends [string, ...unknown[]], T>(operation: (...parameters: P) => Promise<T>) =>
        (...parameters: P) =>
          matters(parameters[0]) ? door(() => operation(...parameters)) : operation(...parameters)
      return {
        get: guard(store.get),
        create: guard(store.create),
        replace: guard(store.replace),
        put: guard(store.put),
        remove: guard(store.remove),
        list: guard(store.list),
      }
    }
    const run = async (work: Promise<unknown>) => {
      let ended = false
      const end = () => {
        ended = true
      }
      work.then(end, end)
      await vi.advanceTimersByTimeAsync(100)
      while (!ended) {
        choices[depth] ??= { chosen: most === undefined ? 0 : random(waiting.length), of: waiting.length }
        waiting.splice(choices[depth]?.chosen ?? 0, 1)[0]?.()
        depth += 1
        await vi.advanceTimersByTimeAsync(100)
      }
      await work
    }
    await world(Object.assign(open, { run }))
    orders += 1
    if (orders === most) return orders
    // The next order differs at the last choice that has another possibility.
    choices = most === undefined ? choices.slice(0, choices.findLastIndex(({ chosen, of }) => chosen + 1 < of) + 1) : []
    if (most !== undefined) continue
    const last = choices.at(-1)
    if (!last) return orders
    last.chosen += 1
  }
}
