import { of } from './inputs.ts'
import type { Functions, RequestKind, StoreModel } from './model.ts'

export interface Demand {
  readonly people: number
  /** Tool calls a day. */
  readonly calls: number
}

/** How many requests of each kind come in a day. */
export function requestsOfDay({ people, calls }: Demand) {
  const sessions = calls / of('callsOfSession')
  return {
    calls,
    others: sessions * of('requestsOfSession'),
    refreshes: sessions * of('refreshesOfSession'),
    signIns: (people * of('clientsOfPerson')) / of('signInDays'),
  }
}

/** The kinds of requests in the shares that they have in a day. */
export function kindsOf(demand: Demand): readonly RequestKind[] {
  const { calls, others, refreshes, signIns } = requestsOfDay(demand)
  const all = calls + others + refreshes + signIns
  const mcp = { function: 'mcp', cold: of('coldCpuOfMcp') }
  const oauth = { function: 'oauth', cold: of('coldCpuOfOAuth') }
  const upstream = { median: of('upstreamMedian'), tail: of('upstreamTail') }
  return [
    { ...mcp, name: 'call of a tool', share: calls / all, cpu: of('cpuOfCall'), path: of('pathOfCall'), after: of('afterCall'), upstream }, // biome-ignore format: one line
    { ...mcp, name: 'other MCP request', share: others / all, cpu: of('cpuOfRequest'), path: 0, after: 0 },
    { ...oauth, name: 'refresh', share: refreshes / all, cpu: of('cpuOfRefresh'), path: of('pathOfRefresh'), after: 0 },
    { ...oauth, name: 'sign-in', share: signIns / all, cpu: of('cpuOfSignIn'), path: of('pathOfSignIn'), after: of('afterSignIn') }, // biome-ignore format: one line
  ]
}

/** Requests an hour as a share of a day: users of three continents, fewest at night in the Atlantic. */
export const dailyCurve: readonly number[] = Array.from({ length: 24 }, (_, hour) => {
  const wave = 1 + 0.62 * Math.cos(((hour - 15) / 24) * 2 * Math.PI)
  return wave / 24
})

/** Bursts: for five minutes of each hour, so many times as many requests, such as after a newsletter. */
export const burst = { milliseconds: 300_000, times: 3 } as const

const second = 1000
export const hour = 3600 * second

/** Requests a second at a time of the day, in milliseconds since midnight. The burst begins with the hour. */
export function rateAt(requestsADay: number, at: number): number {
  const share = dailyCurve[Math.floor(at / hour) % 24] ?? 0
  const isBurst = at % hour < burst.milliseconds
  // The requests of the hour stay the same.
  const usual = 1 / (1 + (burst.times - 1) * (burst.milliseconds / hour))
  return ((requestsADay * share) / 3600) * usual * (isBurst ? burst.times : 1)
}

export const stores = {
  blobs: (): StoreModel => ({ median: of('blobsMedian'), tail: of('blobsTail'), ...faults() }),
  postgres: (): StoreModel => ({ median: of('postgresMedian'), tail: of('postgresTail'), ...faults() }),
} as const

const faults = () => ({ faults: of('storeFaults'), attemptTimeout: of('attemptTimeout') })

export const netlifyFunctions = (): Functions => ({
  kind: 'functions',
  start: of('coldEmpty'),
  cpuFactor: of('cpuFactor'),
  idle: of('idle') * second,
  thaw: of('thaw'),
})
