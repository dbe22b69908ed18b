// Records its share of the calls, tells the parent how many it has recorded and how many were lost, and ends. Several of these processes run at the same time.
import { companyOf } from '../../lib/people/company.ts'
import { createUsageRecorder } from '../../lib/people/usage/recorder.ts'
import { startOfDay } from '../../lib/people/usage/time.ts'
import { callOf, syntheticPseudonyms, syntheticStores } from './synthetic.ts'

const { client, population, recorded, share, shares } = JSON.parse(process.argv[2] ?? '')
const { store, events } = syntheticStores(client)
let [done, lost] = [0, 0]
const told = setInterval(() => process.send?.({ recorded: done }), 2_000)
const recorder = createUsageRecorder({
  events,
  pseudonyms: syntheticPseudonyms(store, startOfDay(population.first)),
  companyOf,
  log: () => {
    lost += 1
  },
  firstPause: 20,
})

let next: number = share
const atOnce = 32
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < recorded) {
      const index = next
      next += shares
      await recorder.record(callOf(index, population))
      done += 1
    }
  }),
)
clearInterval(told)
process.send?.({ recorded: done, lost })
process.disconnect()
