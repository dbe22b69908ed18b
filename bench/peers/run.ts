/** The run: all peers side by side, each mode and each round in turn, so that a busy moment of the machine hits all of them. */
import { setTimeout as delay } from 'node:timers/promises'
import { median, Samples } from '../statistics.ts'
import type { Usage } from './control.ts'
import type { OperationKind } from './operations.ts'
import { type RunningPeer, startPeer } from './peer-process.ts'
import { type Peer, peers } from './peers.ts'
import type { Growth, Measurement, Results } from './results.ts'
import { observeReuse } from './reuse.ts'
import { Client, inTurns, runBatch, type Unit } from './units.ts'
import { startUpstream } from './upstream.ts'

export interface Mode {
  /** Milliseconds of each operation of the store. */
  readonly delay: number
  readonly concurrency: number
  /** People in each batch. */
  readonly size: number
}

export interface Plan {
  readonly rounds: number
  readonly modes: readonly Mode[]
  /** People in the batch with which the compiler of each peer gets warm. */
  readonly warmUp: number
  readonly growth: {
    readonly records: readonly number[]
    readonly rounds: number
    readonly size: number
    readonly warmUp: number
  }
}

/** What one unit took in one batch. */
interface Sample {
  readonly milliseconds: number
  readonly fastest: number
  readonly perSecond: number
  readonly cpu: number
  readonly operations: Usage['counts']
  readonly requests: number
  readonly bytes: number
  readonly records: number
}

type Progress = (what: string) => void

export async function measurePeers(
  plan: Plan,
  progress: Progress,
): Promise<Pick<Results, 'measurements' | 'growth' | 'reuse' | 'memory'>> {
  const upstream = await startUpstream()
  const running: RunningPeer[] = []
  try {
    const memory = new Map<Peer['id'], { afterStart: number; afterRun: number }>()
    for (const peer of peers) {
      progress(`starting ${peer.name}`)
      const started = await startPeer(peer, upstream.origin)
      running.push(started)
      const { memory: afterStart } = await started.usage()
      memory.set(peer.id, { afterStart, afterRun: afterStart })
      await warmUp(started, upstream.origin, plan.warmUp)
    }
    const batches: { readonly peer: Peer; readonly mode: Mode; readonly samples: ReadonlyMap<Unit, Sample> }[] = []
    for (let round = 0; round < plan.rounds; round++) {
      for (const mode of plan.modes) {
        for (const started of rotated(running, round)) {
          const { peer } = started
          if (mode.delay > 0 && mode.concurrency > 1 && !peer.parallelStore) continue
          progress(
            `round ${round + 1} of ${plan.rounds}, ${mode.concurrency} at a time, ${mode.delay} ms: ${peer.name}`,
          )
          batches.push({ peer, mode, samples: await measureBatch(started, upstream.origin, mode) })
        }
      }
    }
    const reuse: Results['reuse'] = []
    for (const started of running) {
      progress(`used twice: ${started.peer.name}`)
      reuse.push(await observeReuse(started, upstream.origin))
      const usage = await started.usage()
      memory.set(started.peer.id, { afterStart: memory.get(started.peer.id)?.afterStart ?? 0, afterRun: usage.memory })
    }
    for (const started of running.splice(0)) await started.stop()
    return {
      measurements: plan.modes.flatMap((mode) =>
        summarize(
          mode,
          batches.filter((batch) => batch.mode === mode),
        ),
      ),
      growth: await measureGrowth(plan.growth, upstream.origin, running, progress),
      reuse,
      memory: [...memory].map(([peer, { afterStart, afterRun }]) => ({ peer, afterStart, afterRun })),
    }
  } finally {
    for (const started of running) await started.stop()
    await upstream.stop()
  }
}

/** The same list, beginning elsewhere in each round. */
const rotated = <T>(list: readonly T[], by: number) => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
]

async function warmUp(started: RunningPeer, upstream: string, size: number): Promise<void> {
  const client = new Client(started, upstream, 10)
  try {
    await runBatch(client, started, size, async (_unit, count, work) => void (await inTurns(count, 10, work)))
  } finally {
    client.close()
  }
}

async function measureBatch(
  started: RunningPeer,
  upstream: string,
  { delay: wait, concurrency, size }: Mode,
): Promise<ReadonlyMap<Unit, Sample>> {
  const client = new Client(started, upstream, concurrency)
  const phases = new Map<Unit, { sample: Sample; walls: readonly number[]; elapsed: number }>()
  await started.setDelay(wait)
  try {
    await runBatch(client, started, size, async (unit, count, work) => {
      const before = await started.usage()
      const { requests, bytes } = client.wire
      const began = performance.now()
      const walls = await inTurns(count, concurrency, work)
      const elapsed = performance.now() - began
      const after = await whenQuiet(started, wait)
      const each = (later: number, earlier: number) => (later - earlier) / count
      const sample = {
        milliseconds: median(walls),
        fastest: Math.min(...walls),
        perSecond: (count / elapsed) * 1000,
        cpu: each(after.cpu, before.cpu),
        operations: mapCounts((kind) => each(after.counts[kind], before.counts[kind])),
        requests: each(client.wire.requests, requests),
        bytes: each(client.wire.bytes, bytes),
        records: each(after.records, before.records),
      }
      phases.set(unit, { sample, walls, elapsed })
    })
  } finally {
    await started.setDelay(0)
    client.close()
  }
  const samples = new Map([...phases].map(([unit, { sample }]) => [unit, sample]))
  const [pages, code] = [phases.get('signIn'), phases.get('code')]
  if (pages && code) {
    const sum = (of: (sample: Sample) => number) => of(pages.sample) + of(code.sample)
    const walls = pages.walls.map((wall, index) => wall + (code.walls[index] ?? Number.NaN))
    samples.set('signIn', {
      milliseconds: median(walls),
      fastest: Math.min(...walls),
      perSecond: (size / (pages.elapsed + code.elapsed)) * 1000,
      cpu: sum(({ cpu }) => cpu),
      operations: mapCounts((kind) => sum(({ operations }) => operations[kind])),
      requests: sum(({ requests }) => requests),
      bytes: sum(({ bytes }) => bytes),
      records: sum(({ records }) => records),
    })
  }
  return samples
}

/** Waits until the store has been quiet for a moment, so that work after the answer counts for the request that it belongs to. */
async function whenQuiet(started: RunningPeer, wait: number): Promise<Usage> {
  const total = ({ counts }: Usage) => Object.values(counts).reduce((sum, count) => sum + count, 0)
  for (let last = await started.usage(); ; ) {
    await delay(15 + 2 * wait)
    const now = await started.usage()
    // What this question itself costs is a fraction of a unit, and the same for all.
    if (total(now) === total(last)) return last
    last = now
  }
}

const kinds: readonly OperationKind[] = ['read', 'write', 'delete', 'list', 'transaction']
const mapCounts = (of: (kind: OperationKind) => number) => {
  const [read = 0, write = 0, removed = 0, list = 0, transaction = 0] = kinds.map(of)
  return { read, write, delete: removed, list, transaction }
}

/** The medians over all rounds, and the medians of the ratios to this project in the same round. */
function summarize(
  { delay: wait, concurrency }: Mode,
  batches: readonly { readonly peer: Peer; readonly samples: ReadonlyMap<Unit, Sample> }[],
): Measurement[] {
  const of = (id: Peer['id']) => batches.filter(({ peer }) => peer.id === id).map(({ samples }) => samples)
  const ours = of('ours')
  return peers.flatMap(({ id }) => {
    const rounds = of(id)
    return [...(rounds[0]?.keys() ?? [])].map((unit): Measurement => {
      const all = rounds.flatMap((samples) => samples.get(unit) ?? [])
      const middle = (value: (sample: Sample) => number) => median(all.map(value))
      const ratio = (value: (sample: Sample) => number) =>
        median(
          rounds.map((samples, round) => {
            const [theirs, our] = [samples.get(unit), ours[round]?.get(unit)]
            return theirs && our ? value(theirs) / value(our) : Number.NaN
          }),
        )
      return {
        peer: id,
        unit,
        delay: wait,
        concurrency,
        milliseconds: middle((sample) => sample.milliseconds),
        fastest: Math.min(...all.map((sample) => sample.fastest)),
        perSecond: middle((sample) => sample.perSecond),
        cpu: middle((sample) => sample.cpu),
        timesOurs: {
          milliseconds: ratio((sample) => sample.milliseconds),
          perSecond: ratio((sample) => sample.perSecond),
          cpu: ratio((sample) => sample.cpu),
        },
        operations: mapCounts((kind) => middle((sample) => sample.operations[kind])),
        requests: middle((sample) => sample.requests),
        bytes: middle((sample) => sample.bytes),
        records: middle((sample) => sample.records),
      }
    })
  })
}

/** The cost of each unit in stores with few and with many records. Each has a process of its own, and they take turns. */
async function measureGrowth(
  { records, rounds, size, warmUp: warmUpSize }: Plan['growth'],
  upstream: string,
  running: RunningPeer[],
  progress: Progress,
): Promise<Growth[]> {
  const growth: Growth[] = []
  for (const peer of peers) {
    progress(`growth: ${peer.name}`)
    const stores: {
      readonly started: RunningPeer
      readonly count: number
      readonly cost: Samples
      readonly wall: Samples
    }[] = []
    for (const count of records) {
      const started = await startPeer(peer, upstream)
      running.push(started)
      await warmUp(started, upstream, warmUpSize)
      await started.seed(count)
      stores.push({ started, count, cost: new Samples(), wall: new Samples() })
    }
    for (let round = 0; round < rounds; round++) {
      for (const { started, cost, wall } of rotated(stores, round)) {
        for (const [unit, sample] of await measureBatch(started, upstream, { delay: 0, concurrency: 1, size })) {
          cost.add(unit, sample.cpu)
          wall.add(unit, sample.milliseconds)
        }
      }
    }
    for (const { started, count, cost, wall } of stores) {
      for (const unit of cost.names() as Unit[]) {
        growth.push({ peer: peer.id, unit, records: count, milliseconds: wall.median(unit), cpu: cost.median(unit) })
      }
      await started.stop()
      running.splice(running.indexOf(started), 1)
    }
  }
  return growth
}
