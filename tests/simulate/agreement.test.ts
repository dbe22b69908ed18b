import { describe, expect, test } from 'vitest'
import { disagreements, type Times } from '../../bench/simulate/agreement.ts'
import { type RequestKind, simulate } from '../../bench/simulate/model.ts'
import { createRandom } from '../../bench/simulate/random.ts'

const store = { median: 20, tail: 20, faults: 0, attemptTimeout: 2000 }
const name = 'refresh'
const milliseconds = 400_000

/** A load of 70 % of a core, where a request takes so many milliseconds of CPU. */
function load(cpu: number, seed: number): Times {
  const kind: RequestKind = { name, share: 1, cpu, path: 1, after: 0, cold: 0, function: '' }
  const found = simulate({
    kinds: [kind],
    platform: { kind: 'containers', count: 1, cpuFactor: 1 },
    store,
    deadline: 8000,
    rate: () => 70,
    peak: 70,
    from: 0,
    countFrom: milliseconds / 10,
    until: milliseconds,
    random: createRandom(seed),
  })
  return { times: found.times, busy: found.cpu / (milliseconds * 0.9), failed: found.failed }
}

describe('a measured load and what the model foretold', () => {
  test('agree if only chance is between them', () => {
    expect(disagreements([name], load(10, 1), load(10, 2))).toEqual([])
  })

  test.each([
    ['dearer by a quarter', 12.5],
    ['cheaper by a quarter', 7.5],
  ])('do not agree if a request is %s than the model takes it to be', (_what, cpu) => {
    expect(disagreements([name], load(cpu, 1), load(10, 2))).toContainEqual(
      expect.stringContaining('the CPU of the host'),
    )
    expect(disagreements([name], load(cpu, 1), load(10, 2))).toContainEqual(expect.stringContaining('p95'))
  })

  test('do not agree if requests failed, or if no request of a kind was answered', () => {
    const foretold = load(10, 1)
    expect(disagreements([name], { ...foretold, failed: 1 }, foretold)).toEqual(['1 requests failed'])
    expect(disagreements(['sign-in'], foretold, foretold)).toHaveLength(3)
  })
})
