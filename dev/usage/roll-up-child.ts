// One run of the rollup, as the scheduled function makes it. Told to die at an operation, it is gone in the middle of it.
import { setTimeout as delay } from 'node:timers/promises'
import { rollUp } from '../../lib/people/usage/roll-up.ts'
import { startOfDay } from '../../lib/people/usage/time.ts'
import type { Store } from '../../lib/store/store.ts'
import { syntheticPseudonyms, syntheticStores } from './synthetic.ts'

const { client, population, now, dieAt, milliseconds } = JSON.parse(process.argv[2] ?? '')
const { store, events } = syntheticStores(client)
let operations = 0

/** Counts an operation. The one that was named is sent, and the process dies before or after it takes effect. */
async function counted<Result>(run: () => Promise<Result>): Promise<Result> {
  operations += 1
  if (operations !== dieAt) return run()
  void run()
  await delay(operations % 5)
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => {})
}

const mortal = <S extends Pick<Store, 'list'>>(of: S): S =>
  new Proxy(of, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (...given: unknown[]) => counted(() => member.apply(target, given)) : member
    },
  })

const began = performance.now()
const peak = () => Math.round(process.resourceUsage().maxRSS / 1024)
const done = await rollUp(
  {
    store: mortal(store),
    events: { of: (day) => mortal(events.of(day)) },
    pseudonyms: syntheticPseudonyms(store, startOfDay(population.first)),
    beingForgotten: async () => [],
    nameOf: async () => ({}),
    retention: { peopleDays: 400, days: 400 },
    now: () => now,
    log: () => {},
  },
  AbortSignal.timeout(milliseconds),
)
process.send?.({ ...done, operations, milliseconds: performance.now() - began, megabytes: peak() })
process.disconnect()
