import { expect, test } from 'vitest'
import { createMemoryStore } from './memory.ts'
import { proofs } from './readiness.ts'
import type { Store } from './store.ts'
import { createTwoWriters, isProof, rounds } from './two-writers.ts'

const { signal } = new AbortController()
const now = () => Date.UTC(2026, 10, 30)

/** Two writers, each on its own view of the store. */
async function race(one: Store, other = one) {
  const proof = await createTwoWriters(one, now).begin(signal)
  const [a, b] = await Promise.all([
    createTwoWriters(one, now).race(proof, 'a', signal),
    createTwoWriters(other, now).race(proof, 'b', signal),
  ])
  return { proof, a, b, outcome: await createTwoWriters(one, now).end(proof, signal) }
}

test('of two writers at the same moment, exactly one wins each round, and nothing stays [N33 O-03]', async () => {
  const store = createMemoryStore()
  const written = new Set<string>()
  const watched: Store = {
    ...store,
    create: (key, ...rest) => {
      written.add(key)
      return store.create(key, ...rest)
    },
  }
  const { a, b, outcome } = await race(watched)
  expect([a.met, b.met]).toEqual([true, true])
  for (const kind of ['created', 'replaced'] as const) {
    for (let round = 0; round < rounds; round++) {
      expect([a[kind][round], b[kind][round]].toSorted()).toEqual(['lost', 'won'])
      expect(outcome[kind][round]).toBe(a[kind][round] === 'won' ? 'a' : 'b')
    }
  }
  expect([...written].filter((key) => !key.startsWith(`${proofs}/`))).toEqual([])
  expect((await store.list('', signal)).keys).toEqual([])
})

test('instances that see different stores both win, and do not meet', async () => {
  const [one, other] = [createMemoryStore(), createMemoryStore()]
  const { a, b } = await race(one, other)
  expect([a.met, b.met]).toEqual([false, false])
  expect([a.created.every((turn) => turn === 'won'), b.created.every((turn) => turn === 'won')]).toEqual([true, true])
})

test('a caller can name no record but that of a proof that is under way [N33]', () => {
  const id = crypto.randomUUID()
  const until = now() / 1000 + 60
  expect(isProof({ id, until }, now())).toBe(true)
  for (const other of [`${id}/..`, '../grants/x', '', id.toUpperCase(), `${id}x`]) {
    expect(isProof({ id: other, until }, now()), other).toBe(false)
  }
  for (const time of [until + 600, 0, Number.NaN, Number.POSITIVE_INFINITY, until + 0.5]) {
    expect(isProof({ id, until: time }, now()), String(time)).toBe(false)
  }
})
