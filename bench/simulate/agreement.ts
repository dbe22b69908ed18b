import { quantile } from '../statistics.ts'

/** The times of answers by kind of request, in milliseconds, and the share of one core that the host used. */
export interface Times {
  readonly times: ReadonlyMap<string, readonly number[]>
  readonly busy: number
  readonly failed: number
}

/**
 * How far what was measured may be from what the model foretold: so many milliseconds, or this share of the foretold time if that is
 * more. The slowest answers also wait for garbage collections and for the machine, of which the model knows nothing.
 */
export const tolerances = [
  { fraction: 0.5, milliseconds: 6, share: 0.2 },
  { fraction: 0.95, milliseconds: 25, share: 0.25 },
  { fraction: 0.99, milliseconds: 45, share: 0.3 },
] as const
/** Share of a core. */
const busyTolerance = 0.12

/** Says in words where the measurement and the model do not agree. A wrong cost of a request shows at 70 % of a core at the latest. */
export function disagreements(kinds: readonly string[], measured: Times, foretold: Times): readonly string[] {
  const found: string[] = []
  if (Math.abs(measured.busy - foretold.busy) > busyTolerance)
    found.push(`the CPU of the host: ${percent(measured.busy)}, foretold ${percent(foretold.busy)}`)
  if (measured.failed > 0) found.push(`${measured.failed} requests failed`)
  for (const kind of kinds) {
    for (const { fraction, milliseconds, share } of tolerances) {
      const [seen = Number.NaN, said = Number.NaN] = [measured, foretold].map(({ times }) =>
        quantile(times.get(kind) ?? [], fraction),
      )
      if (Math.abs(seen - said) <= Math.max(milliseconds, share * said)) continue
      found.push(`${kind}, p${fraction * 100}: ${seen.toFixed(0)} ms, foretold ${said.toFixed(0)} ms`)
    }
  }
  return found
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
