import assert from 'node:assert/strict'

/** Waits at most twice the time, in milliseconds, plus what a busy machine may need. */
export async function inTime<T>(what: string, milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new assert.AssertionError({ message: `${what}: not in time` })),
    2 * milliseconds + 20_000,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
