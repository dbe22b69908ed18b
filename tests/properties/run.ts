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

Goes through all properties of tests/properties/, again and again with new values, and stops at the first that fails: it
prints what makes the same values again.

  FUZZ_SECONDS=600   for so long, instead of 60 seconds
  FUZZ_SEED=1        the same values again
  FUZZ_RUNS=1000     each property once, with so many values, as a failure says; without a limit of time
  FUZZ_ONLY=text     only properties with this in their names`

readOptions(usage, {})
const { FUZZ_SECONDS = '60', FUZZ_SEED, FUZZ_RUNS, FUZZ_ONLY = '' } = process.env
for (const [name, value] of Object.entries({ FUZZ_SECONDS, FUZZ_SEED, FUZZ_RUNS })) {
  if (value !== undefined && !/^\d{1,10}$/.test(value)) throw new Explained(`${name} has to be a whole number.`)
}
const seed = FUZZ_SEED === undefined ? randomInt(2 ** 31) : Number(FUZZ_SEED)
const chosen = properties.filter(({ name }) => name.includes(FUZZ_ONLY))
if (chosen.length === 0) throw new Explained('FUZZ_ONLY names no property.')
const tried = new Map<Property, number>(chosen.map((property) => [property, 0]))

/** A bug may appear far from the code that waits for it. */
let astray: unknown
process.on('unhandledRejection', (reason) => {
  astray ??= reason ?? 'no reason'
})

/** @returns how it failed */
async function once(property: Property, roundSeed: number, cases: number): Promise<string | undefined> {
  const { cases: more, failure } = await property.check(roundSeed, cases)
  tried.set(property, (tried.get(property) ?? 0) + more)
  if (failure !== undefined) return failure
  return astray === undefined
    ? undefined
    : `${property.name}\nFUZZ_SEED=${roundSeed} FUZZ_RUNS=${cases}\nnobody waited for: ${astray}`
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
