import { readOptions } from '../../dev/options.ts'
import { type Judged, judge, tell } from './model.ts'
import { type Part, partsOf } from './parts.ts'
import { smallestFirst } from './scenario.ts'
import { find } from './seeded.ts'
import { seededFaults } from './seeded-faults.ts'

const usage = `npm run model

Explores every order and every outcome of the store for two concurrent callers of lib/oauth/grants, and for three within
bounds, and judges each. Then it looks for each fault of tests/model/seeded-faults.ts. docs/model.md says what that proves.

  --quick        at most one fault of the store, and fewer scenarios of three callers
  --seeded text  only the seeded faults with this text, each with its whole script`

const { quick = false, seeded } = readOptions(usage, { quick: { type: 'boolean' }, seeded: { type: 'string' } })

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`
const count = (number: number | bigint) => number.toLocaleString('en-US')

let failed = false

async function explored({ name, scenarios }: Part): Promise<void> {
  const began = performance.now()
  let done = 0
  let states = 0
  let shown = began
  const judged = await judge(smallestFirst(scenarios), undefined, (_, more) => {
    done += 1
    states += more
    if (performance.now() - shown < 5_000) return
    shown = performance.now()
    console.error(`  ${name}: ${done} of ${scenarios.length} scenarios, ${count(states)} states, ${seconds(began)}`)
  })
  console.log(`${name}: ${figures(judged)}, ${seconds(began)}`)
  if (!judged.violation) return
  failed = true
  console.log(tell(judged.violation))
}

const figures = ({ scenarios, states, steps, schedules }: Judged) =>
  `${count(scenarios)} scenarios, ${count(states)} states, ${count(steps)} steps, ${count(schedules)} schedules`

if (seeded === undefined) for (const part of partsOf(quick)) await explored(part)

for (const fault of seededFaults.filter(({ what }) => what.includes(seeded ?? ''))) {
  const began = performance.now()
  const { violation, states } = await find(fault)
  console.log(`\n${fault.what}: ${violation ? 'found' : 'NOT FOUND'} after ${count(states)} states, ${seconds(began)}`)
  if (violation) console.log(tell(violation))
  else failed = true
}
if (failed) process.exitCode = 1
