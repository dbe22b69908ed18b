// Runs the rollup once, as the scheduled function does. It dies at the operation with a given number, or at the first step that is
// not spared.
import { rollUp } from '../../lib/people/usage/roll-up.ts'
import { startOfDay } from '../../lib/people/usage/time.ts'
import type { Store } from '../../lib/store/store.ts'
import { syntheticPseudonyms, syntheticStores } from './synthetic.ts'

const { client, population, now, dieAt, spared, how, milliseconds } = JSON.parse(process.argv[2] ?? '')
const { store, events } = syntheticStores(client)
let operations = 0

/** An operation and its collection, such as `create usage-days`. */
type Step = string

const death = ['before it was sent', 'while it was on its way', 'after it had ended'][how]

/** Tells the parent where this run dies, then kills this process. */
function die(step: Step): Promise<never> {
  process.send?.({ killedAt: `${step}, ${death}` }, () => process.kill(process.pid, 'SIGKILL'))
  return new Promise(() => {})
}

async function mayDie<Result>(step: Step, run: () => Promise<Result>): Promise<Result> {
  operations += 1
  if (operations !== dieAt && (spared?.includes(step) ?? true)) return run()
  if (how === 1) void run()
  if (how === 2) await run()
  return die(step)
}

const mortal = <S extends Pick<Store, 'list'>>(of: S): S =>
  new Proxy(of, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const collection = typeof given[0] === 'string' ? given[0].split('/')[0] : 'events'
        return mayDie(`${String(name)} ${collection}`, () => member.apply(target, given))
      }
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
const { user, system } = process.cpuUsage()
process.send?.({
  ...{ ...done, operations, megabytes: peak() },
  ...{ milliseconds: performance.now() - began, cpu: (user + system) / 1000 },
})
process.disconnect()
