import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSite, day, hour, instance, resetWorld, world } from '../../../dev/worlds/signing-keys.ts'
import { times } from '../../../dev/worlds/times.ts'
import { type Store, StoreUnavailable } from '../../store/store.ts'

/** The steps of a run, in any order, at any of four instances. An instance may keep old copies and lose the store for a while. */
const which = fc.nat(3)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 7200 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), seconds: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('maintain'), at: which }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('sign'), at: which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('verify'), at: which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('verify elsewhere'), at: which, from: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('store'), at: which, down: fc.boolean() }) },
)

test('no token is refused at any time of a rotation, by any instance or by a client that keeps the JWKS for 5 minutes [O-09]', async () => {
  let [runs, verified, kids, unavailable] = [0, 0, 0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 200 }), async (steps) => {
      resetWorld()
      const { store } = await createSite()
      world.clock += 90 * day - 2 * hour
      const instances = [-30_000, 0, 0, 30_000].map((skew) => {
        const link = { down: false }
        const get: Store['get'] = async (...parameters) => {
          if (link.down) throw new StoreUnavailable('down')
          return store.get(...parameters)
        }
        return { link, ...instance({ ...store, get }, { skew }) }
      })
      const elsewhere = instances.map(() => ({ readAt: Number.NEGATIVE_INFINITY, kids: [] as (string | undefined)[] }))
      const tokens: { kid: string; issuedAt: number }[] = []
      const outstanding = () => tokens.filter(({ issuedAt }) => issuedAt + 86_400 > world.clock / 1000)
      const at = (index = 0) => instances[index] ?? expect.fail()

      const act = async (chosen: (typeof steps)[number]): Promise<void> => {
        if ('seconds' in chosen) world.clock += chosen.seconds * 1000
        else if ('down' in chosen) at(chosen.at).link.down = chosen.down
        else if ('from' in chosen) {
          const verifier = elsewhere[chosen.at] ?? expect.fail()
          if (world.clock - verifier.readAt >= 300_000) {
            verifier.kids = await at(chosen.from).published()
            verifier.readAt = world.clock
          }
          for (const { kid } of outstanding()) expect(verifier.kids).toContain(kid)
        } else if (chosen.kind === 'maintain') await at(chosen.at).maintain()
        else if (chosen.kind === 'sign') {
          const { kidThatSigns, now } = at(chosen.at)
          tokens.push({ kid: await kidThatSigns(), issuedAt: Math.floor(now() / 1000) })
        } else {
          for (const { kid, issuedAt } of outstanding()) {
            expect(await at(chosen.at).verifies(kid, issuedAt)).toBe(true)
            verified += 1
          }
        }
      }

      const wasDown = new Set<number>()
      for (const chosen of steps) {
        if ('down' in chosen && chosen.down) wasDown.add(chosen.at)
        const asked = 'from' in chosen ? chosen.from : 'at' in chosen ? chosen.at : undefined
        try {
          await act(chosen)
        } catch (error) {
          // A 503 does not refuse the token, and comes only from an instance that has lost the store.
          if (!(error instanceof StoreUnavailable) || asked === undefined || !wasDown.has(asked)) throw error
          unavailable += 1
        }
      }
      runs += 1
      kids += new Set(tokens.map(({ kid }) => kid)).size
    }),
    { numRuns: times(60, 200), seed: 20261121, interruptAfterTimeLimit: 20_000 },
  )
  // Most of the runs rotated, and most requests were answered. A busy machine completes fewer runs.
  expect(runs).toBeGreaterThan(10)
  expect(kids).toBeGreaterThan(1.5 * runs)
  expect(verified).toBeGreaterThan(10 * unavailable)
})
