import { blobs } from './contract.ts'
import { type Judged, judge } from './model.ts'
import { scenariosOf, smallestFirst } from './scenario.ts'
import type { SeededFault } from './seeded-faults.ts'
import { withFault } from './with-fault.ts'

/** Two callers, and one fault of the store at most. */
const searched = smallestFirst([0, 1].flatMap((faults) => scenariosOf(2, faults, { contracts: [blobs] })))

/** Looks for a run in which a seeded fault breaks an invariant. */
export function find(fault: SeededFault): Promise<Judged> {
  return withFault(fault, (code) => judge(searched, code))
}
