import { once } from 'node:events'
import * as v from 'valibot'
import { type CpuOrder, cpuOrder } from './cpu-order.ts'
import { Samples } from './statistics.ts'

/** Measures the CPU time of `work` on all threads, for each item. The items are made beforehand. */
export type Meter = <T>(name: string, items: readonly T[], work: (item: T) => Promise<unknown>) => Promise<void>

/** Rounds before the first measurement, in which the compiler does its work. */
const warmUpRounds = 3

/** Runs in a child process: receives the order, warms up, runs the rounds and sends the results to the parent. */
export async function runRounds(prepare: (order: CpuOrder) => Promise<(meter: Meter) => Promise<void>>): Promise<void> {
  const [message] = await once(process, 'message')
  const order = v.parse(cpuOrder, message)
  const samples = new Samples()
  const meter: Meter = async (name, items, work) => {
    const before = process.cpuUsage()
    for (const item of items) await work(item)
    const { user, system } = process.cpuUsage(before)
    samples.add(name, (user + system) / items.length)
  }
  const round = await prepare(order)
  for (let count = 0; count < warmUpRounds; count++) {
    await round(async (_name, items, work) => {
      for (const item of items) await work(item)
    })
  }
  for (let count = 0; count < order.rounds; count++) await round(meter)
  const results = Object.fromEntries(samples.names().map((name) => [name, samples.of(name)]))
  process.send?.(results, () => process.exit(0))
}
