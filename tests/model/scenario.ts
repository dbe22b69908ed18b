import { fenceKey } from '../../lib/oauth/grants/fence.ts'
import type { Grant } from '../../lib/oauth/grants/grants.ts'
import {
  carries,
  endsPerson,
  onSource,
  type Program,
  redeems,
  redeemsAndRefreshes,
  refreshes,
  refreshesStrongly,
  refreshesTwice,
  reseals,
  revokes,
} from './callers.ts'
import { type Contract, contracts } from './contract.ts'
import { olderRedeems, olderRefreshes, olderRevokes } from './older.ts'
import type { StoredRecord } from './store.ts'
import { callerNames, grantKey, now, recordOf, sub } from './world.ts'

/** What the store holds when a run begins, and which tokens the client has. */
export interface Beginning {
  readonly name: string
  readonly records: readonly (readonly [string, StoredRecord])[]
  /** The tokens that were issued so far, by generation. */
  readonly tokens: readonly Grant[]
  /** The records are at the source, and everything moves to another store. */
  readonly isMoving?: true
  /** What makes sense at this beginning. */
  readonly programs: readonly Program[]
}

export interface Scenario {
  readonly name: string
  readonly beginning: Beginning
  readonly programs: readonly Program[]
  readonly contract: Contract
  /** Seconds. */
  readonly grace: number
  /** Whether the window may pass at any moment, and with it the deadline of every request that is under way. */
  readonly windowPasses: boolean
  /** At most so many faults in a run. */
  readonly faults: number
}

/** A token of each generation until the current one, whose generation began `ago` milliseconds before now. */
function generations(current: number, ago: number, more: Parameters<typeof recordOf>[2] = {}): readonly Grant[] {
  return Array.from({ length: current + 1 }, (_, generation) => {
    const record = recordOf(generation, ago + (current - generation) * 600_000, generation === current ? more : {})
    return { record, version: `g${generation}` }
  })
}

function standing(tokens: readonly Grant[], more: object = {}, version?: string): Beginning['records'] {
  const last = tokens.at(-1)
  return last ? [[grantKey, { value: { ...last.record, ...more }, version: version ?? last.version }]] : []
}

const codes = [redeems('C'), redeems('D'), redeemsAndRefreshes('C')]
const ends = [revokes, endsPerson]

const young = generations(2, 10_000)
const old = generations(2, 3_600_000)
const restless = generations(4, 100, { quickRotations: 3 })
const ofToken = (current: number) => [
  refreshes(current),
  refreshesTwice(current),
  refreshes(current - 1),
  refreshes(current - 2),
  refreshesStrongly(current),
]

export const beginnings: readonly Beginning[] = [
  { name: 'a code that was not redeemed', records: [], tokens: [], programs: [...codes, endsPerson, reseals] },
  {
    name: 'a code of a person who was ended an hour ago',
    records: [
      [fenceKey(sub), { value: { at: now - 3_600_000, reason: 'person_ended', forgetting: false }, version: 'f' }],
    ],
    tokens: [],
    programs: [redeems('C'), redeemsAndRefreshes('C'), endsPerson],
  },
  {
    name: 'a grant that was refreshed an hour ago',
    records: standing(old),
    tokens: old,
    programs: [...ofToken(2), ...ends, reseals, redeems('C'), redeems('D')],
  },
  {
    name: 'a grant that was refreshed ten seconds ago',
    records: standing(young),
    tokens: young,
    programs: [...ofToken(2), ...ends, reseals],
  },
  {
    name: 'a grant that rests',
    records: standing(restless),
    tokens: restless,
    programs: [refreshes(4), refreshes(3), refreshesStrongly(4), ...ends, reseals],
  },
  {
    name: 'a grant whose record was written anew',
    records: standing(old, { added: 'before' }, 'anew'),
    tokens: old,
    programs: [...ofToken(2), ...ends],
  },
  {
    name: 'a grant that has ended',
    records: standing(old, { revokedAt: now / 1000 - 60, revokedReason: 'before' }, 'ended'),
    tokens: old,
    programs: [refreshes(2), refreshes(1), ...ends, redeems('C'), redeems('D'), reseals],
  },
]

const atSource = [refreshes(2), refreshes(1), revokes].map(onSource)

/** Instances of an older release beside those of today. */
export const withOlder: readonly Beginning[] = [
  {
    name: 'a code, while a deploy is under way',
    records: [],
    tokens: [],
    programs: [olderRedeems('C'), redeems('C'), redeems('D'), redeemsAndRefreshes('C'), endsPerson],
  },
  {
    name: 'a grant, while a deploy is under way',
    records: standing(old),
    tokens: old,
    programs: [olderRefreshes(2), olderRefreshes(1), olderRevokes, ...ofToken(2), revokes, endsPerson],
  },
]

/** The store moves, and one instance knows only the source. */
export const whileMoving: readonly Beginning[] = [
  {
    name: 'a code, while the store moves',
    records: [],
    tokens: [],
    isMoving: true,
    programs: [redeems('C'), redeems('D'), onSource(redeems('C')), carries],
  },
  {
    name: 'a grant, while the store moves',
    records: standing(old),
    tokens: old,
    isMoving: true,
    programs: [refreshes(2), refreshes(1), revokes, redeems('C'), carries, ...atSource],
  },
]

/** Every selection of `count` programs, in which one may appear more than once. */
function selections<T>(from: readonly T[], count: number): readonly (readonly T[])[] {
  if (count === 0) return [[]]
  return from.flatMap((first, index) => selections(from.slice(index), count - 1).map((rest) => [first, ...rest]))
}

const windows = [
  { grace: 60, windowPasses: true },
  { grace: 0, windowPasses: false },
]

export function scenariosOf(
  count: number,
  faults: number,
  among: { readonly contracts?: readonly Contract[]; readonly beginnings?: readonly Beginning[] } = {},
): readonly Scenario[] {
  return (among.contracts ?? contracts).flatMap((contract) =>
    (among.beginnings ?? beginnings).flatMap((beginning) =>
      windows.flatMap((window) =>
        selections(beginning.programs, count).map((programs) => ({
          name: `${beginning.name}; ${programs.map(({ name }, index) => `${callerNames[index]} ${name}`).join(', ')}; ${contract.name}, grace ${window.grace} s${window.windowPasses ? ', which may pass' : ''}`,
          beginning,
          programs,
          contract,
          ...window,
          faults: Math.min(faults, ...programs.map(({ mostFaults = faults }) => mostFaults)),
        })),
      ),
    ),
  )
}

/** The sum of what the programs weigh. */
export const sizeOf = ({ programs }: Pick<Scenario, 'programs'>): number =>
  programs.reduce((sum, { weight }) => sum + weight, 0)

/** How much there is to explore, roughly. */
const weightOf = ({ programs, faults }: Scenario): number =>
  programs.reduce((product, { weight }) => product * weight, faults === 0 ? 1 : 20)

/** The scenarios with the smallest first, so that a violation is found soon. */
export const smallestFirst = (scenarios: readonly Scenario[]): readonly Scenario[] =>
  scenarios.toSorted((a, b) => weightOf(a) - weightOf(b))
