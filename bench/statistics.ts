/** @param fraction 0.5 is the median; of an empty list, NaN */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (sorted.length - 1) * fraction
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]) => quantile(values, 0.5)

/** By how much each value exceeds the one before it: the median of what any two say, so that one leap changes little. */
export function slope(values: readonly number[]): number {
  const slopes = values.flatMap((one, at) => values.slice(at + 1).map((other, later) => (other - one) / (later + 1)))
  return median(slopes)
}

/** Groups what was measured by name, in the order of first appearance. */
export class Samples {
  readonly #byName = new Map<string, number[]>()

  add(name: string, value: number): void {
    const values = this.#byName.get(name)
    if (values) values.push(value)
    else this.#byName.set(name, [value])
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  of(name: string): readonly number[] {
    return this.#byName.get(name) ?? []
  }

  median(name: string): number {
    return median(this.of(name))
  }
}
