import fc from 'fast-check'

/** A statement that must hold for every value of a generator. */
export interface Property {
  readonly name: string
  /** How many values one round of `npm run fuzz` tries, and `LONG=1 npm test`. `npm test` tries a third of them. */
  readonly cases: number
  check(seed: number, cases: number): Promise<Verdict>
}

export interface Verdict {
  readonly cases: number
  /** The smallest value for which it does not hold, and how to repeat that. */
  readonly failure?: string
}

/** @param holds throws when the property does not hold; it cleans up after itself, so that one value does not affect the next */
export function property<T>(options: {
  readonly name: string
  readonly cases: number
  readonly values: fc.Arbitrary<T>
  readonly holds: (value: T) => Promise<void> | void
  /** Resets what a failure may have left behind, so that the search for a smaller value starts fresh. */
  readonly afterFailure?: () => void
  /** Formats values that are hard to read. */
  readonly show?: (value: T) => string
  /** Smaller values to try, where the generator's own shrinking leaves too much. */
  readonly shorter?: (value: T) => Iterable<T>
}): Property {
  const { name, cases, values, show = fc.stringify, shorter = () => [] } = options
  async function holds(value: T): Promise<void> {
    try {
      await options.holds(value)
    } catch (error) {
      options.afterFailure?.()
      throw error
    }
  }

  const failureOf = async (value: T) => {
    try {
      await holds(value)
      return undefined
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
  }

  async function smallest(value: T): Promise<T> {
    for (const smaller of shorter(value)) if ((await failureOf(smaller)) !== undefined) return smallest(smaller)
    return value
  }

  return {
    name,
    cases,
    async check(seed, numRuns) {
      const checked = fc.asyncProperty(values, async (value) => holds(value))
      const { failed, numRuns: tried, counterexample, errorInstance } = await fc.check(checked, { seed, numRuns })
      if (!failed) return { cases: tried }
      if (counterexample === null) return { cases: tried, failure: `${name}: ${errorInstance}` }
      const value = await smallest(counterexample[0])
      const why = (await failureOf(value)) ?? `it held at the second attempt; the first failure was: ${errorInstance}`
      const failure = `${name}\nFUZZ_SEED=${seed} FUZZ_RUNS=${numRuns}\n${show(value)}\n${why}`
      return { cases: tried, failure: failure.replaceAll(/\beyJ[\w-]{16,}[\w.-]*/g, '(a token)') }
    },
  }
}
