import { blobs, type Contract, contracts, postgres } from './contract.ts'
import { type Beginning, beginnings, type Scenario, scenariosOf, sizeOf, whileMoving, withOlder } from './scenario.ts'

/** A part of the model, with its bounds. */
export interface Part {
  readonly name: string
  readonly scenarios: readonly Scenario[]
}

const every = Number.POSITIVE_INFINITY

function part(
  name: string,
  from: readonly Beginning[],
  contract: Contract,
  callers: number,
  faults: number,
  size = every,
): Part {
  const bound = faults === every ? 'every fault' : `at most ${faults} fault${faults === 1 ? '' : 's'}`
  return {
    name: `${name}, ${contract.name}, ${callers} callers, ${bound}`,
    scenarios: scenariosOf(callers, faults, { contracts: [contract], beginnings: from }).filter(
      (scenario) => sizeOf(scenario) <= size,
    ),
  }
}

/** The largest sum of weights of three callers. */
const sizeOfThree = 14

/** Everything that `npm run model` explores. `quick`: with fewer faults. */
export function partsOf(quick: boolean): readonly Part[] {
  return [
    ...contracts.flatMap((contract) => [
      part('this release', beginnings, contract, 2, quick ? 1 : every),
      part('this release', beginnings, contract, 3, 0, quick ? 4 : sizeOfThree),
    ]),
    // A store that misses a record once is more than the older release can bear.
    part('beside an older release', withOlder, postgres, 2, 1),
    part('while the store moves', whileMoving, blobs, 2, quick ? 0 : 1),
  ]
}
