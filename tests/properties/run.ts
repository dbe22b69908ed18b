import { randomInt } from 'node:crypto'
import { Explained } from '../../dev/explained.ts'
import { readOptions } from '../../dev/options.ts'
import { properties } from './all.ts'
import { stopHostileServer } from './fetch-untrusted.ts'
import { stopHostileUpstream } from './mcp/upstream-answers.ts'
import { stop } from './mcp-endpoint.ts'
import type { Property } from './property.ts'
import { stopProvider } from './upstream/place.ts'

const usage = `npm run fuzz

Checks all properties of tests/properties/ with new values, again and again, and stops at the first failure. It then
prints the settings that repeat the failure.

  FUZZ_SECONDS=600   runs for this many seconds, instead of 60
  FUZZ_SEED=1        repeats the values of this seed
  FUZZ_RUNS=1000     checks each property once, with this many values and without a time limit
  FUZZ_ONLY=text     checks only properties with this text in their names`

readOptions(usage, {})
const { FUZZ_SECONDS = '60', FUZZ_SEED, FUZZ_RUNS, FUZZ_ONLY = '' } = process.env
for (const [name, value] of Object.entries({ FUZZ_SECONDS, FUZZ_SEED, FUZZ_RUNS })) {
  if (value !== undefined && !/^\d{1,10}$/.test(value)) throw new Explained(`${name} must be a whole number.`)
}
const seed = FUZZ_SEED === undefined ? randomInt(2 ** 31) : Number(FUZZ_SEED)
const chosen = properties.filter(({ name }) => name.includes(FUZZ_ONLY))
if (chosen.length === 0) throw new Explained('FUZZ_ONLY names no property: none has this text in its name.')
const tried = new Map<Property, number>(chosen.map((property) => [property, 0]))

/** The reason of a rejected promise that no code awaits, which is a failure too. */
let astray: unknown
process.on('unhandledRejection', (reason) => {
  astray ??= reason ?? 'no reason'
})

/** Checks a property once. Returns its failure, if any. */
async function once(property: Property, roundSeed: number, cases: number): Promise<string | undefined> {
  const { cases: more, failure } = await property.check(roundSeed, cases)
  tried.set(property, (tried.get(property) ?? 0) + more)
  if (failure !== undefined) return failure
  return astray === undefined
    ? undefined
    : `${property.name}\nFUZZ_SEED=${roundSeed} FUZZ_RUNS=${cases}\nan unhandled rejection: ${astray}`
}

async function allRounds(): Promise<string | undefined> {
  const end = Date.now() + Number(FUZZ_SECONDS) * 1000
  for (let round = 0; round === 0 || (FUZZ_RUNS === undefined && Date.now() < end); round++) {
    for (const property of chosen) {
      const failure = await once(property, seed + round, Number(FUZZ_RUNS ?? property.cases))
      if (failure !== undefined) return failure
    }
  }
  return undefined
}

console.log(`FUZZ_SEED=${seed}`)
const failure = await allRounds()
for (const [{ name }, cases] of tried) console.log(`${String(cases).padStart(9)}  ${name}`)
await Promise.all([stop(), stopHostileServer(), stopHostileUpstream(), stopProvider()])
if (failure !== undefined) {
  console.error(`\n${failure}`)
  process.exitCode = 1
}
