/** `npm run simulate`: what a number of people and calls takes, on three platforms; `-- --check` compares the model with a load. */
import { styleText } from 'node:util'
import { Explained } from '../../dev/explained.ts'
import { readOptions } from '../../dev/options.ts'
import { costsOf, sumOf } from './costs.ts'
import { inputs, of } from './inputs.ts'
import { bytesOfPersonDay, measureSlice } from './records.ts'
import { percentiles, platforms, type Result, simulateDay } from './scenarios.ts'
import { burst, type Demand, kindsOf, requestsOfDay } from './workload.ts'

const usage = `npm run simulate

Simulates the busiest and the quietest hour of a day, event by event: arrivals, bursts, cold starts, frozen instances, slow and failed
store operations. Prints percentiles, and what a month takes and costs. The same seed prints the same. docs/scale.md explains it.

  --people <n>     default 1000000
  --calls <n>      tool calls a day; default 10000000
  --seed <n>       default 1
  --inputs         prints the figures that it starts from, with their sources, and nothing else
  --records        measures with the real code how large the records of usage get, and nothing else
  --check          runs a load on this machine, and compares what it measures with the model
  --seconds <n>    of each step of the check; default 20. --seconds 200 is the check of ten minutes`

const options = readOptions(usage, {
  people: { type: 'string', default: '1000000' },
  calls: { type: 'string', default: '10000000' },
  seed: { type: 'string', default: '1' },
  inputs: { type: 'boolean', default: false },
  records: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '20' },
})

/** @throws Explained */
function numberOf(name: 'people' | 'calls' | 'seed' | 'seconds'): number {
  const value = Number(options[name])
  if (!Number.isSafeInteger(value) || value < 1) throw new Explained(`--${name} needs a whole number`)
  return value
}

const round = (value: number, digits = 0) =>
  value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
const head = (text: string) => console.log(`\n${styleText('bold', text)}`)
const line = (name: string, text: string) => console.log(`  ${name.padEnd(44)}${text}`)

function printInputs(): void {
  for (const [name, { value, unit, what, source }] of Object.entries(inputs)) {
    console.log(`${name.padEnd(20)} ${`${round(value, value < 1 ? 5 : 1)} ${unit}`.padEnd(18)} ${what} (${source})`)
  }
}

function printRecords(): void {
  head('The record of ten minutes of usage')
  for (const events of [1000, 10_000, 70_000, 140_000]) {
    const { bytes, milliseconds } = measureSlice(events)
    line(`${round(events)} events`, `${round(bytes / 1e6, 2)} MB, ${round(milliseconds)} ms`)
  }
  line('a person in the record of a day', `${round(bytesOfPersonDay())} bytes`)
}

function printResult(result: Result, demand: Demand): void {
  const costs = costsOf(result, demand)
  const { peak, quiet } = result
  head(result.platform)
  for (const { name } of kindsOf(demand)) {
    const [busy, calm] = [percentiles(peak, name), percentiles(quiet, name)]
    line(
      name,
      `p50 ${round(busy.p50)}, p95 ${round(busy.p95)}, p99 ${round(busy.p99)} ms; at night p99 ${round(calm.p99)} ms`,
    )
  }
  const isContainer = result.platform === 'containers with Postgres'
  line(isContainer ? 'containers' : 'most instances at once', round(result.instances))
  if (!isContainer) {
    const share = (outcome: Result['peak']) => `${round((100 * outcome.cold) / outcome.requests, 2)} %`
    line('requests that start an instance', `${share(peak)}; at night ${share(quiet)}`)
    line('GB-hours of functions a month', round(costs.gigabyteHours))
  }
  line('requests that fail', `${peak.failed + quiet.failed} of ${round(peak.requests + quiet.requests)}`)
  line('store operations a month', `${round(costs.operations / 1e6)} million, ${round(result.most * result.operationsOfRequest)} a second at most`) // biome-ignore format: one line
  line('stored', `${round(costs.storedGigabytes, 1)} GB`)
  if (result.platform !== 'Netlify with Blobs') line('cores of the database, at most', round(costs.databaseCores, 2))
  for (const [what, dollars] of Object.entries(costs.dollars)) line(`  ${what}`, `$${round(dollars)}`)
  line('a month costs', `$${round(sumOf(costs))}`)
}

async function main(): Promise<void> {
  if (options.inputs) return printInputs()
  if (options.records) return printRecords()
  if (options.check) return (await import('./check.ts')).checkModel(numberOf('seconds'), numberOf('seed'))
  const demand = { people: numberOf('people'), calls: numberOf('calls') }
  const day = requestsOfDay(demand)
  console.log(`${round(demand.people)} people, ${round(demand.calls)} calls a day`)
  line('other MCP requests, refreshes, sign-ins a day', [day.others, day.refreshes, day.signIns].map((n) => round(n)).join(', ')) // biome-ignore format: one line
  for (const platform of platforms) {
    const result = simulateDay(platform, demand, numberOf('seed'))
    if (platform === platforms[0]) {
      line(
        'requests a second',
        `${round(result.average)} on average, ${round(result.most)} in the busiest five minutes`,
      )
      // Five minutes of the burst, and five minutes after it.
      const events =
        (result.most * 300 * (1 + 1 / burst.times) * demand.calls) /
        (day.calls + day.others + day.refreshes + day.signIns)
      line('usage events of the busiest ten minutes', `${round(events)}, ${round(events / of('listPage'))} pages of a listing`) // biome-ignore format: one line
    }
    printResult(result, demand)
  }
}

await main()
