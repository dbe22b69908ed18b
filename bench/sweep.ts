import type { World } from '../dev/start/world.ts'
import { createBlobsStore } from '../lib/store/blobs/blobs.ts'
import { createDriver, expectStatus, targetOf } from './driver.ts'
import type { Figure } from './figures.ts'

const expired = 10
const atOnce = 32

/**
 * Store operations of one run of the `maintenance` function that removes 10 expired grants, among more and more that
 * live. The emulator is emptied: this comes last.
 */
export async function measureSweep(world: World, livingCounts: readonly number[]): Promise<Figure[]> {
  const { emulator } = world
  const driver = createDriver(targetOf(world), 1)
  const store = createBlobsStore({ name: 'mcp-oauth-broker', client: emulator.clientOptions() })
  const month = (offset: number) => {
    const date = new Date()
    const at = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1))
    return `grants/${at.toISOString().slice(0, 7).replace('-', '')}`
  }
  const fill = async (prefix: string, count: number) => {
    for (let from = 0; from < count; from += atOnce) {
      const keys = Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => `${prefix}/u_x/${from + index}`)
      await Promise.all(keys.map((key) => store.create(key, { generation: 0 }, AbortSignal.timeout(10_000))))
    }
  }
  const runs: { readonly living: number; readonly operations: number; readonly milliseconds: number }[] = []
  try {
    for (const living of livingCounts) {
      emulator.reset()
      await fill(month(-1), expired)
      await fill(month(6), living)
      const before = emulator.operations().at(-1)?.sequence ?? 0
      const began = performance.now()
      const answer = expectStatus(await driver.send('POST', '/.netlify/functions/maintenance'), 200)
      const milliseconds = performance.now() - began
      if (!answer.text.includes(`"removed":${expired}`)) throw new Error(`the sweep answered ${answer.text}`)
      runs.push({ living, operations: emulator.operations(before).length, milliseconds })
    }
  } finally {
    driver.close()
  }
  const section = `Sweep of ${expired} expired grants: store operations`
  const [fewest] = runs
  return [
    ...runs.map(({ living, operations, milliseconds }) => ({
      section,
      name: `among ${living.toLocaleString('en')} that live`,
      value: operations,
      unit: '',
      note: `${milliseconds.toFixed(0)} ms`,
    })),
    {
      section,
      name: 'more, because of those that live',
      value: (runs.at(-1)?.operations ?? Number.NaN) - (fewest?.operations ?? Number.NaN),
      unit: '',
      hold: 0,
    },
  ]
}
