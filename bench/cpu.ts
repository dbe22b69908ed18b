import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { type CpuOrder, type CpuResults, cpuResults } from './cpu-order.ts'
import type { Figure } from './figures.ts'
import { median } from './statistics.ts'

/** CPU of the token endpoint and of the bearer verification, in process, next to the signature that is in them. */
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
    // A refusal that signed would cost at least what a raw signature does, three quarters of jose's.
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

/** CPU of one operation through our store and through the stock client, against the emulator in the parent. */
export async function measureBlobsCpu(order: CpuOrder): Promise<Figure[]> {
  const { of, ratio } = reading(await runChild('blobs-child.ts', order))
  const section = 'CPU of one Blobs operation, one core'
  const figure = (name: string, ours: string, stock: string): Figure => ({
    section,
    name: `${name}, × the stock client`,
    value: ratio(of(ours), of(stock)),
    unit: '×',
    digits: 2,
    hold: 0.5,
    note: `${median(of(ours)).toFixed(0)} µs, stock ${median(of(stock)).toFixed(0)} µs`,
  })
  return [figure('conditional write', 'our create', 'stock create'), figure('read', 'our get', 'stock get')]
}

function reading(results: CpuResults) {
  const of = (name: string) => results[name] ?? []
  /** The median of each round's own ratio: what disturbs a round disturbs both. */
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

/** On one core, like a function with 1,024 MB: threads of webcrypto then cost what they cost there. */
function pinned(file: string): ChildProcess {
  const core = String(availableParallelism() - 1)
  return spawn('taskset', ['-c', core, process.execPath, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
