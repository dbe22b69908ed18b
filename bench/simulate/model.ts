import { EventQueue } from './queue.ts'
import { exponential, type Random, skewed } from './random.ts'

/** Times are in milliseconds. */
export interface RequestKind {
  readonly name: string
  /** Of all requests. */
  readonly share: number
  readonly cpu: number
  /** Store operations that the answer waits for, one after the other. */
  readonly path: number
  /** Store operations after the answer, side by side. */
  readonly after: number
  /** A server behind the service that the answer waits for. */
  readonly upstream?: Latency | undefined
  /** CPU of the first answer of an instance, for code that is loaded then. */
  readonly cold: number
  /** The function that answers it: instances of one answer nothing else. */
  readonly function: string
}

export interface Latency {
  readonly median: number
  /** The 99th percentile. */
  readonly tail: number
}

export interface StoreModel extends Latency {
  /** The share of attempts that fail or get no answer. */
  readonly faults: number
  readonly attemptTimeout: number
}

/** Instances that answer one request at a time, started as needed and frozen between requests. */
export interface Functions {
  readonly kind: 'functions'
  readonly start: number
  readonly cpuFactor: number
  /** Milliseconds after which an idle instance is removed. */
  readonly idle: number
  /** A frozen instance has lost its connection to the store. */
  readonly thaw: number
}

/** So many processes, which answer many requests at once with one core each. */
export interface Containers {
  readonly kind: 'containers'
  readonly count: number
  readonly cpuFactor: number
}

export interface Run {
  readonly kinds: readonly RequestKind[]
  readonly platform: Functions | Containers
  readonly store: StoreModel
  readonly deadline: number
  /** Requests a second at a time. */
  readonly rate: (at: number) => number
  /** The most that `rate` returns. */
  readonly peak: number
  readonly from: number
  /** Answers to requests before this time are not counted. */
  readonly countFrom: number
  readonly until: number
  readonly random: Random
}

export interface Outcome {
  /** The times of the answers, by kind. */
  readonly times: ReadonlyMap<string, number[]>
  readonly requests: number
  readonly failed: number
  readonly cold: number
  /** The most instances that existed at once; or the containers. */
  readonly instances: number
  /** Milliseconds for which instances were busy, the work after the answer included: what a platform bills. */
  readonly busy: number
  /** Milliseconds of CPU. */
  readonly cpu: number
  readonly operations: number
  readonly retries: number
}

interface Instance {
  readonly function: string
  /** When its core is free. */
  free: number
  lastUsed: number
}

/** A request on its way: what it does next, by turns CPU and waiting. */
interface Running {
  readonly kind: RequestKind
  readonly began: number
  readonly instance: Instance
  readonly counted: boolean
  readonly cpus: number[]
  readonly waits: number[]
  failed: boolean
}

/** A frozen instance has lost its connection after so many milliseconds without a request. */
const connectionLife = 4000

/** Simulates the requests of a period, event by event. The same seed gives the same outcome. */
export function simulate(run: Run): Outcome {
  const { kinds, platform, store, random } = run
  const queue = new EventQueue<Running | 'arrival' | Instance>()
  const times = new Map<string, number[]>(kinds.map(({ name }) => [name, []]))
  const idle = new Map<string, Instance[]>()
  const containers: Instance[] =
    platform.kind === 'containers'
      ? Array.from({ length: platform.count }, () => ({ function: '', free: 0, lastUsed: 0 }))
      : []
  let turn = 0
  let alive = containers.length
  const result = { requests: 0, failed: 0, cold: 0, instances: alive, busy: 0, cpu: 0, operations: 0, retries: 0 }

  /** One store operation, with the attempts that it takes. `null`: none was answered. */
  function operation(): number | null {
    result.operations++
    let taken = 0
    for (const pause of [50, 200, null]) {
      if (random() >= store.faults) return taken + skewed(random, store.median, store.tail)
      // Half of the faults are answers, and half are silence.
      taken += random() < 0.5 ? store.median : store.attemptTimeout
      if (pause === null) return null
      result.retries++
      taken += pause
    }
    return null
  }

  function arrive(at: number): void {
    const kind = pick(kinds, random())
    const { instance, wait, cpu } = place(kind, at)
    const counted = at >= run.countFrom
    const waits: number[] = []
    let failed = false
    for (let index = 0; index < kind.path; index++) {
      const time = operation()
      if (time === null) failed = true
      waits.push(time ?? run.deadline)
    }
    if (kind.upstream) waits.push(skewed(random, kind.upstream.median, kind.upstream.tail))
    const slice = (kind.cpu * platform.cpuFactor) / (waits.length + 1)
    const cpus = [cpu + slice, ...waits.map(() => slice)]
    const running = { kind, began: at, instance, counted, cpus, waits, failed }
    if (counted) result.requests++
    queue.add(at + wait, running)
  }

  /** Finds an instance for a request. `wait`: until it can begin. `cpu`: what it has to do first. */
  function place(kind: RequestKind, at: number): { instance: Instance; wait: number; cpu: number } {
    if (platform.kind === 'containers') {
      const instance = containers[turn++ % containers.length]
      if (!instance) throw new Error('there are no containers')
      return { instance, wait: 0, cpu: 0 }
    }
    const frozen = idle.get(kind.function) ?? []
    // The one that was used last is the first to be used again; the others get older until they are removed.
    const instance = frozen.pop()
    if (instance) {
      const lost = kind.path > 0 && at - instance.lastUsed > connectionLife
      return { instance, wait: lost ? platform.thaw : 0, cpu: 0 }
    }
    if (at >= run.countFrom) result.cold++
    result.instances = Math.max(result.instances, ++alive)
    const started = { function: kind.function, free: 0, lastUsed: at }
    return { instance: started, wait: platform.start, cpu: kind.cold * platform.cpuFactor }
  }

  /** Does the next piece of a request. */
  function go(at: number, running: Running): void {
    const { instance, cpus, waits, kind, counted } = running
    const cpu = cpus.shift()
    if (cpu === undefined) {
      finish(at, running)
      return
    }
    const begun = Math.max(at, instance.free)
    instance.free = begun + cpu
    if (counted) result.cpu += cpu
    const wait = waits.shift()
    if (wait !== undefined) {
      queue.add(instance.free + wait, running)
      return
    }
    // The answer is sent.
    const answered = instance.free
    if (answered - running.began > run.deadline && !kind.upstream) running.failed = true
    if (counted) {
      if (running.failed) result.failed++
      times.get(kind.name)?.push(answered - running.began)
    }
    let after = 0
    for (let index = 0; index < kind.after; index++) after = Math.max(after, operation() ?? run.deadline)
    queue.add(answered + after, running)
  }

  /** The work after the answer has ended. */
  function finish(at: number, { instance, began, counted }: Running): void {
    if (counted) result.busy += at - began
    if (platform.kind === 'containers') return
    instance.lastUsed = at
    const frozen = idle.get(instance.function) ?? []
    frozen.push(instance)
    idle.set(instance.function, frozen)
    queue.add(at + platform.idle, instance)
  }

  /** Removes an instance that no request has used since. */
  function remove(at: number, instance: Instance): void {
    if (platform.kind !== 'functions' || at - instance.lastUsed < platform.idle) return
    const frozen = idle.get(instance.function) ?? []
    const index = frozen.indexOf(instance)
    if (index < 0) return
    frozen.splice(index, 1)
    alive--
  }

  queue.add(run.from + exponential(random, run.peak / 1000), 'arrival')
  for (let next = queue.take(); next; next = queue.take()) {
    const { at, event } = next
    if (event === 'arrival') {
      if (at > run.until) continue
      // Arrivals at the highest rate, of which so many are taken as come at this time.
      if (random() * run.peak < run.rate(at)) arrive(at)
      queue.add(at + exponential(random, run.peak / 1000), 'arrival')
    } else if ('kind' in event) go(at, event)
    else remove(at, event)
  }
  return { times, ...result }
}

function pick(kinds: readonly RequestKind[], at: number): RequestKind {
  let sum = 0
  for (const kind of kinds) {
    sum += kind.share
    if (at < sum) return kind
  }
  const last = kinds.at(-1)
  if (!last) throw new Error('there are no kinds of requests')
  return last
}
