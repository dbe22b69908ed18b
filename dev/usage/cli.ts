/** `npm run test:usage` counts a million synthetic calls while the store fails and runs are killed, and checks that each call is counted once. */
import { Explained } from '../explained.ts'
import { readOptions } from '../options.ts'
import { measureExactness } from './exactness.ts'

const usage = `npm run test:usage

Four processes record a million calls by 100,000 people in a store that fails now and then. Runs of the rollup count them, and the
test kills a run at every step. Then it checks that every call is counted once. This takes some minutes.

  --calls <number>      how many calls; default 1000000
  --recorded <number>   how many of them the processes record, each with its own request; the test puts the others into the
                        store directly, which is faster; default all
  --seconds <number>    how long a run of the rollup may take; default 30, as on Netlify. A busy machine may need more`

const options = readOptions(usage, {
  calls: { type: 'string', default: '1000000' },
  recorded: { type: 'string' },
  seconds: { type: 'string', default: '30' },
})
const calls = wholeNumber('calls', options.calls)
const recorded = options.recorded === undefined ? calls : wholeNumber('recorded', options.recorded)

/** @throws Explained */
function wholeNumber(name: string, given: string): number {
  const number = Number(given)
  if (!Number.isInteger(number) || number < 0) throw new Explained(`--${name} takes a whole number`)
  return number
}

const began = performance.now()
const result = await measureExactness({
  population: { calls, people: Math.ceil(calls / 10), companies: Math.ceil(calls / 100), first: '20261001', days: 2 },
  recorded: Math.min(recorded, calls),
  writers: 4,
  kills: 20,
  faults: true,
  share: 1000 * wholeNumber('seconds', options.seconds),
  progress: (what) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${what}`),
})
const { runs, kills, ...figures } = result
console.log(
  JSON.stringify(
    {
      ...figures,
      runs: runs.length,
      unfinished: runs.filter(({ finished }) => !finished).length,
      killed: kills.length,
    },
    null,
    2,
  ),
)
const { counted, lost, wrongPeople, left } = result
const exact =
  Object.values(counted).every((number) => number === calls - lost) && lost === 0 && wrongPeople === 0 && left === 0
console.log(exact ? `All ${calls} calls are counted once.` : 'The numbers are wrong.')
if (!exact) process.exitCode = 1
