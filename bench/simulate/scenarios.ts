import { quantile } from '../statistics.ts'
import { of } from './inputs.ts'
import { type Containers, type Functions, type Outcome, type StoreModel, simulate } from './model.ts'
import { createRandom } from './random.ts'
import {
  burst,
  type Demand,
  dailyCurve,
  hour,
  kindsOf,
  netlifyFunctions,
  rateAt,
  requestsOfDay,
  stores,
} from './workload.ts'

export const platforms = ['Netlify with Blobs', 'Netlify with Postgres', 'containers with Postgres'] as const
export type PlatformName = (typeof platforms)[number]

export interface Result {
  readonly platform: PlatformName
  /** The hour with the most requests, the burst included. */
  readonly peak: Outcome
  /** The hour with the fewest. */
  readonly quiet: Outcome
  /** Containers, or the most instances at once. */
  readonly instances: number
  /** Averages of a request, over both hours. */
  readonly busyOfRequest: number
  readonly operationsOfRequest: number
  /** Requests a second: the average of a day, and the most. */
  readonly average: number
  readonly most: number
}

/** Milliseconds of a simulated hour before the ones that count: the instances of the hour before are there. */
const warmUp = 700_000
const counted = 600_000

/** Simulates the busiest and the quietest hour of a day. */
export function simulateDay(platform: PlatformName, demand: Demand, seed: number): Result {
  const kinds = kindsOf(demand)
  const requests = Object.values(requestsOfDay(demand)).reduce((sum, count) => sum + count, 0)
  const busiest = dailyCurve.indexOf(Math.max(...dailyCurve))
  const quietest = dailyCurve.indexOf(Math.min(...dailyCurve))
  const most = rateAt(requests, busiest * hour)
  const store: StoreModel = platform === 'Netlify with Blobs' ? stores.blobs() : stores.postgres()
  const cpu = kinds.reduce((sum, kind) => sum + kind.share * kind.cpu, 0)
  const containers: Containers = { kind: 'containers', count: containersFor(most, cpu), cpuFactor: 1 }
  const on: Functions | Containers = platform === 'containers with Postgres' ? containers : netlifyFunctions()
  const hourOf = (of24: number) => {
    const begin = of24 * hour
    return simulate({
      kinds,
      platform: on,
      store,
      deadline: of('deadline'),
      random: createRandom(seed),
      // Before the hour, the rate is the usual one of the hour.
      rate: (at) => rateAt(requests, at < begin ? begin + burst.milliseconds : at),
      peak: rateAt(requests, begin),
      from: begin - warmUp,
      countFrom: begin,
      until: begin + counted,
    })
  }
  const [peak, quiet] = [hourOf(busiest), hourOf(quietest)]
  const answered = peak.requests + quiet.requests
  return {
    platform,
    peak,
    quiet,
    instances: Math.max(peak.instances, quiet.instances),
    busyOfRequest: (peak.busy + quiet.busy) / answered,
    operationsOfRequest: kinds.reduce((sum, kind) => sum + kind.share * (kind.path + kind.after), 0),
    average: requests / 86_400,
    most,
  }
}

/** How many containers of one core stay below the limit of their CPU; two at least, so that one may end. */
export const containersFor = (requestsASecond: number, cpuOfRequest: number): number =>
  Math.max(2, Math.ceil((requestsASecond * cpuOfRequest) / 1000 / of('containerCpu')))

/** The times of the answers of a kind, in milliseconds. */
export function percentiles({ times }: Outcome, kind: string) {
  const values = times.get(kind) ?? []
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95), p99: quantile(values, 0.99) }
}
