import * as v from 'valibot'
import type { Settings } from '../dev/start/local-env.ts'
import { createDriver, type Target } from './driver.ts'
import type { Figure } from './figures.ts'
import { signIn } from './people.ts'
import { ask, revisions } from './question.ts'
import { slope } from './statistics.ts'

/** So many batches of so many questions, after so many batches that warm up. */
export interface Batches {
  readonly warmUp: number
  readonly batches: number
  readonly questions: number
}

/** Milliseconds. */
const answerTime = 10_000
const atOnce = 10
const people = 10
/** KB that may seem to be left of 1,000 questions: compiled code comes and goes. A token of each would be ten times it. */
const holdLeft = 100

/** Bytes, after a collection. `live`: the JavaScript heap, and the buffers that it holds. */
interface Memory {
  readonly resident: number
  readonly live: number
}

/** Makes a function host tell what is in its memory. */
export interface MemoryWatch {
  /** What the host has to be started with. */
  readonly environment: Settings
  readonly onOutput: (line: string) => void
  /** @throws Error if the host does not answer */
  read(pid: number): Promise<Memory>
}

const usage = v.object({ rss: v.number(), heapUsed: v.number(), external: v.number() })

export function watchMemory(): MemoryWatch {
  let tell: (memory: Memory) => void = () => {}
  return {
    environment: { NODE_OPTIONS: `--expose-gc --import=${new URL('memory-probe.ts', import.meta.url).href}` },
    onOutput(line) {
      if (!line.startsWith('{"rss":')) return
      const { rss, heapUsed, external } = v.parse(usage, JSON.parse(line))
      tell({ resident: rss, live: heapUsed + external })
    },
    read(pid) {
      const { promise, resolve, reject } = Promise.withResolvers<Memory>()
      tell = resolve
      const silence = setTimeout(() => reject(new Error('the host does not tell its memory')), answerTime)
      process.kill(pid, 'SIGUSR2')
      return promise.finally(() => clearTimeout(silence))
    },
  }
}

/** Memory of a host that answers questions, both revisions in turn: at first, then, and whether it grows with them. */
export async function measureMcpMemory(
  { host, service }: { readonly host: Target; readonly service: Target },
  watch: MemoryWatch,
  { warmUp, batches, questions }: Batches,
): Promise<Figure[]> {
  // Elsewhere: on the platform, too, no instance serves both functions.
  const next = await signIn(service, people)
  const driver = createDriver(host, atOnce)
  const askMany = async (count: number) => {
    let asked = 0
    const worker = async () => {
      for (let turn = asked++; turn < count; turn = asked++) await ask(driver, next(), revisions[turn % 2 ? 1 : 0])
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return watch.read(host.pid)
  }
  try {
    const loaded = await askMany(revisions.length)
    const series: Memory[] = []
    for (let batch = 0; batch < warmUp + batches; batch++) series.push(await askMany(questions))
    return figuresOf(loaded, series.slice(warmUp - 1), { warmUp, batches, questions })
  } finally {
    driver.close()
  }
}

function figuresOf(loaded: Memory, series: readonly Memory[], { warmUp, batches, questions }: Batches): Figure[] {
  const section = 'Memory of a host that answers questions, after a collection'
  const megabytes = (bytes = Number.NaN) => bytes / 1024 ** 2
  const kilobytesPerThousand = (kind: keyof Memory) =>
    ((slope(series.map((memory) => memory[kind])) / questions) * 1000) / 1024
  const resident = (asked: number, memory?: Memory): Figure => ({
    section,
    name: `resident, after ${asked.toLocaleString('en')} questions`,
    value: megabytes(memory?.resident),
    unit: 'MB',
    note: `live ${megabytes(memory?.live).toFixed(1)} MB`,
  })
  return [
    resident(revisions.length, loaded),
    resident(warmUp * questions, series[0]),
    resident((warmUp + batches) * questions, series.at(-1)),
    { section, name: 'resident, for each 1,000 more', value: kilobytesPerThousand('resident'), unit: 'KB' },
    { section, name: 'live, for each 1,000 more', value: kilobytesPerThousand('live'), unit: 'KB', hold: holdLeft },
  ]
}
