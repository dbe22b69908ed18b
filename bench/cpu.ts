import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type CpuOrder, type CpuResults, cpuResults } from './cpu-order.ts'
import type { Figure } from './figures.ts'
import { median } from './statistics.ts'

/** Measures the CPU of the token endpoint and of the bearer verification in process, beside one signature. */
export async function measureCpu(order: CpuOrder): Promise<Figure[]> {
  const results = await runChild('cpu-child.ts', order)
  const { of, ratio } = reading(results)
  const section = 'CPU in process, store in memory, one core'
  const net = (name: string) => of(name).map((value, round) => value - (of('empty route')[round] ?? Number.NaN))
  const signature = of('jose signature')
  const perSignature = (name: string, hold: number, note = ''): Figure => ({
    section,
    name: `${name}, × one jose RS256 signature`,
    value: ratio(net(name), signature),
    unit: '×',
    digits: 2,
    hold,
    note: `${median(net(name)).toFixed(0)} µs, net of an empty route; signature ${median(signature).toFixed(0)} µs${note}`,
  })
  return [
    perSignature('code exchange', 1.5),
    perSignature('refresh', 1.5),
    // A refusal that signed would cost at least a raw signature, which is three quarters of one of jose.
    perSignature('code replay', 0.5, '; below 0.5 nothing was signed'),
    perSignature('refresh replay', 0.5, '; below 0.5 nothing was signed'),
    {
      section,
      name: 'token verification, × a bare jwtVerify',
      value: ratio(of('verification'), of('bare jwtVerify')),
      unit: '×',
      digits: 2,
      hold: 1.2,
      note: `${median(of('verification')).toFixed(0)} µs, bare ${median(of('bare jwtVerify')).toFixed(0)} µs`,
    },
    {
      section,
      name: 'token verification, seen before',
      value: median(of('verification, seen before')),
      unit: 'µs',
      digits: 1,
      hold: 5,
    },
  ]
}

/** Measures the CPU of one operation of this project's store and of the stock client, with the emulator in the parent. */
export async function measureBlobsCpu(order: CpuOrder): Promise<Figure[]> {
  const { of, ratio } = reading(await runChild('blobs-child.ts', order))
  const section = 'CPU of one Blobs operation, one core'
  const figure = (name: string, ours: string, stock: string, hold: number): Figure => ({
    section,
    name: `${name}, × the stock client`,
    value: ratio(of(ours), of(stock)),
    unit: '×',
    digits: 2,
    hold,
    note: `${median(of(ours)).toFixed(0)} µs, stock ${median(of(stock)).toFixed(0)} µs`,
  })
  return [figure('conditional write', 'our create', 'stock create', 0.5), figure('read', 'our get', 'stock get', 0.75)]
}

function reading(results: CpuResults) {
  const of = (name: string) => results[name] ?? []
  /** Returns the median of the ratios of all rounds. A disturbance in a round affects both values. */
  const ratio = (one: readonly number[], other: readonly number[]) =>
    median(one.map((value, round) => value / (other[round] ?? Number.NaN)))
  return { of, ratio }
}

export const canPin = spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0

async function runChild(name: string, order: CpuOrder): Promise<CpuResults> {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const child = canPin ? pinned(file) : fork(file, { execArgv: [] })
  try {
    const answer = once(child, 'message')
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended without a result`)))
    gone.catch(() => {})
    child.send(order)
    return v.parse(cpuResults, (await Promise.race([answer, gone]))[0])
  } finally {
    child.kill('SIGKILL')
  }
}

/** Starts the child on one core, as a function with 1,024 MB has it. The threads of webcrypto then cost the same as there. */
function pinned(file: string): ChildProcess {
  const core = String(availableParallelism() - 1)
  return spawn('taskset', ['-c', core, process.execPath, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
