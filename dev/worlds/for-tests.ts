import { afterAll, beforeAll } from 'vitest'

/**
 * Creates a value before the tests of a file or of a `describe`, and stops it after them. Call it where these tests are declared.
 *
 * @returns a function that returns the value while the tests run
 */
export function forTests<Value>(
  create: () => Promise<Value>,
  stop: (value: Value) => Promise<unknown> = async () => undefined,
): () => Value {
  let created: { readonly value: Value } | undefined
  beforeAll(async () => {
    created = { value: await create() }
  })
  afterAll(async () => {
    if (created) await stop(created.value)
  })
  return () => {
    if (!created) throw new Error('it exists only while the tests run')
    return created.value
  }
}
