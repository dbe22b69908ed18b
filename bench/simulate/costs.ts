import { of } from './inputs.ts'
import type { Result } from './scenarios.ts'
import { type Demand, requestsOfDay } from './workload.ts'

const days = 30
const monthHours = 730
const GB = 1e9

/** GB that the store holds once the longest times of keeping are over, usage of today included. */
export function storedGigabytes(demand: Demand): number {
  const { calls, signIns } = requestsOfDay(demand)
  const { people } = demand
  // A person has one sitting a day, at most.
  const active = Math.min(people, calls / of('callsOfSession'))
  const bytes =
    people * (of('bytesOfUser') + of('clientsOfPerson') * of('bytesOfGrant')) +
    signIns * (30 * of('bytesOfTrace') + 400 * of('bytesOfAudit')) +
    1.2 * calls * of('bytesOfEvent') +
    90 * active * of('bytesOfPersonDay')
  return bytes / GB
}

export interface Costs {
  /** GB-hours of functions in a month; 0 for containers. */
  readonly gigabyteHours: number
  readonly operations: number
  readonly storedGigabytes: number
  /** Cores of the database that statements of the busiest minutes take. */
  readonly databaseCores: number
  /** What a month costs, in dollars, by what. */
  readonly dollars: Readonly<Record<string, number>>
}

/** What a month of 30 days takes. */
export function costsOf(result: Result, demand: Demand): Costs {
  const requests = Object.values(requestsOfDay(demand)).reduce((sum, count) => sum + count, 0) * days
  const operations = requests * result.operationsOfRequest
  const sent = (requestsOfDay(demand).calls * days * of('bytesOfAnswer') * 1000) / GB
  const stored = storedGigabytes(demand)
  const databaseCores = (result.most * result.operationsOfRequest) / of('statementsOfCore')
  const common = { operations, storedGigabytes: stored, databaseCores }
  if (result.platform === 'containers with Postgres') {
    const containers = result.instances * monthHours * (of('coreHour') + of('memoryHour'))
    const dollars = {
      containers,
      'load balancer': of('balancerMonth'),
      'PostgreSQL with a standby': monthHours * of('databaseHour') + stored * of('databaseStorage'),
      traffic: sent * of('trafficPrice'),
    }
    return { ...common, gigabyteHours: 0, dollars }
  }
  const gigabyteHours = (requests * result.busyOfRequest) / 3.6e6
  const credits = {
    functions: gigabyteHours * of('computeCredits'),
    'web requests': (requests / 10_000) * of('requestCredits'),
    traffic: sent * of('bandwidthCredits'),
  }
  const total = Object.values(credits).reduce((sum, value) => sum + value, 0)
  const inPlan = Math.min(1, of('proCredits') / total)
  const priced = Object.entries(credits).map(
    ([what, count]) => [what, count * (1 - inPlan) * of('creditPrice')] as const,
  )
  const database =
    result.platform === 'Netlify with Postgres'
      ? {
          'Neon Scale':
            monthHours * Math.max(of('smallestDatabase'), 2 * databaseCores) * of('neonHour') +
            stored * of('neonStorage'),
        }
      : {}
  return {
    ...common,
    gigabyteHours,
    dollars: { 'Netlify Pro': of('proPrice'), ...Object.fromEntries(priced), ...database },
  }
}

export const sumOf = ({ dollars }: Costs): number => Object.values(dollars).reduce((sum, value) => sum + value, 0)
