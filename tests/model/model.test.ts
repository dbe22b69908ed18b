import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repository } from '../../dev/repository.ts'
import { blobs, postgres } from './contract.ts'
import { judge, tell } from './model.ts'
import { beginnings, scenariosOf, sizeOf } from './scenario.ts'
import { find } from './seeded.ts'
import { seededFaults } from './seeded-faults.ts'

/** A part of `npm run model` that takes a few seconds. */

const beginning = (text: string) => beginnings.filter(({ name }) => name.includes(text))

test.each([
  { what: 'a code is redeemed', from: beginning('not redeemed'), contract: blobs, size: 4 },
  { what: 'a token is refreshed, replayed or revoked', from: beginning('an hour ago'), contract: blobs, size: 2 },
  { what: 'a token is refreshed again in its window', from: beginning('ten seconds ago'), contract: postgres, size: 2 },
])(
  '$what by two callers, with one fault of the store ($contract.name): every order ends well [N34 T-14 T-21]',
  async ({ from, contract, size }) => {
    const scenarios = scenariosOf(2, 1, { contracts: [contract], beginnings: from })
    const judged = await judge(scenarios.filter((each) => each.grace > 0 && sizeOf(each) <= size))
    expect(judged.violation && tell(judged.violation)).toBeUndefined()
    // Fewer would mean that something no longer waits for the store.
    expect(judged.states).toBeGreaterThan(1_000)
    expect(judged.schedules).toBeGreaterThan(BigInt(judged.states))
  },
)

test('a person is ended while a code is redeemed: no token outlives it, whichever request comes first [N34]', async () => {
  const ending = scenariosOf(2, 0, { contracts: [blobs] }).filter(
    ({ name }) => name.includes('not redeemed') && name.includes('A redeems C, B ends the person'),
  )
  const judged = await judge(ending)
  expect(judged.violation && tell(judged.violation)).toBeUndefined()
  expect(judged.scenarios).toBe(2)
})

test('every seeded fault is a change of one place in the code of today', () => {
  const places = seededFaults.map(({ what, file, from }) => {
    const source = readFileSync(join(repository, 'lib/oauth/grants', file), 'utf8')
    return [what, source.split(from).length - 1]
  })
  expect(places).toEqual(seededFaults.map(({ what }) => [what, 1]))
})

describe('a seeded fault is found and told as a script', () => {
  const soon = [
    'a tombstone that lost its write is not written again',
    'a refresh that lost takes the version that it reads, whatever the record says',
    'a grant that has ended is rotated if its generation is the current one',
    'the window has no end',
  ]
  test.each(seededFaults.filter(({ what }) => soon.includes(what)))('$what', async (fault) => {
    const { violation } = await find(fault)
    expect(violation?.script.length).toBeGreaterThan(1)
    expect(violation?.script.length).toBeLessThan(12)
    expect(violation && tell(violation)).toMatch(/\n1\. [AB] .*\n→ ./s)
  })
})
