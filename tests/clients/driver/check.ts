/** An answer that the client would not accept. */
export class NotAsExpected extends Error {}

/** The reason why a client has no such step. */
export class NotApplicable extends Error {}

export function check(condition: boolean, complaint: string): asserts condition {
  if (!condition) throw new NotAsExpected(complaint)
}

/** @throws NotAsExpected unless both strings are identical */
export function checkSame(what: string, actual: string | null | undefined, expected: string): void {
  check(actual === expected, `${what} is ${actual ?? 'missing'}, not ${expected}`)
}
