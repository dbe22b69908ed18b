import { hash } from 'node:crypto'

/** One thing that can happen next. */
export interface Step {
  /** The sentence that a script says about it. */
  readonly says: () => string
  /** Whether the store does not simply answer. A bound counts these. */
  readonly fault: boolean
  take(): void
}

/** One run of a scenario, from its beginning to the point where nothing can happen any more. */
export interface Run {
  /** What can happen next, in an order that depends only on what happened before. */
  steps(): readonly Step[]
  /** Everything that decides what can still happen and how it is judged. Two runs with the same text continue alike. */
  state(): string
  /** What has gone wrong so far. */
  broken(): string | undefined
  /** Judges the end of a run, when nothing can happen any more. */
  end(): Promise<string | undefined>
}

export interface Explored {
  readonly states: number
  readonly steps: number
  /** How many different orders and outcomes there are, from the beginning to an end. */
  readonly schedules: bigint
  /** The first run that breaks an invariant, if there is one. */
  readonly violation?: Violation
}

export interface Violation {
  readonly script: readonly string[]
  readonly broken: string
}

/** One point of the path that is being followed. */
interface Point {
  readonly key: string
  readonly of: number
  chosen: number
  schedules: bigint
}

/**
 * Follows every run of a scenario. Code that waits for promises cannot be copied, so each branch is run again from the beginning.
 * States that are equal are followed once: how two runs reached the same state makes no difference for what comes.
 *
 * Stops at the first violation.
 *
 * @param faults at most so many steps of a run are faults
 * @param length longer runs are not followed
 */
export async function explore(
  begin: () => Run,
  faults: number,
  length: number = Number.POSITIVE_INFINITY,
): Promise<Explored> {
  /** Schedules from each state to the ends. With a limited length, also how many steps were left when it was followed. */
  const known = new Map<string, { readonly schedules: bigint; readonly left: number }>()
  const path: Point[] = []
  let steps = 0

  /** Takes the steps of `path` again, in a run of its own. `said` takes what each of them says. */
  async function again(said?: string[]): Promise<{ run: Run; used: number }> {
    const run = begin()
    await settled()
    let used = 0
    for (const { chosen } of path) {
      const step = possible(run, faults - used)[chosen]
      if (!step) throw new Error('a run was not repeatable: it depends on something that the model does not control')
      if (step.fault) used += 1
      said?.push(step.says())
      step.take()
      await settled()
    }
    return { run, used }
  }

  /** A violation at the end of `path`. */
  async function violated(broken: string): Promise<Explored> {
    const script: string[] = []
    await again(script)
    return { states: known.size, steps, schedules: 0n, violation: { script, broken } }
  }

  const leave = (schedules: bigint) => {
    const parent = path.at(-1)
    if (parent) parent.schedules += schedules
  }

  let total = 0n
  for (;;) {
    let { run, used } = await again()
    // Follows new states as far as they go.
    for (;;) {
      const broken = run.broken()
      if (broken) return violated(broken)
      const key = hash('md5', `${used}|${run.state()}`, 'base64')
      const before = known.get(key)
      const left = length - path.length
      if (before && before.left >= left) {
        leave(before.schedules)
        break
      }
      const next = possible(run, faults - used)
      if (next.length === 0) {
        known.set(key, { schedules: 1n, left: Number.POSITIVE_INFINITY })
        const wrong = await run.end()
        if (wrong) return violated(wrong)
        leave(1n)
        break
      }
      if (left <= 0) break
      path.push({ key, of: next.length, chosen: 0, schedules: 0n })
      const [first] = next
      if (first?.fault) used += 1
      first?.take()
      steps += 1
      await settled()
    }
    for (;;) {
      const last = path.at(-1)
      if (!last) return { states: known.size, steps, schedules: total }
      if (last.chosen + 1 < last.of) {
        last.chosen += 1
        steps += 1
        break
      }
      path.pop()
      known.set(last.key, { schedules: last.schedules, left: length - path.length })
      if (path.length === 0) total = last.schedules
      leave(last.schedules)
    }
  }
}

/** Looks for the shortest run that breaks an invariant, given that `longest` steps are enough. */
export async function shortest(begin: () => Run, faults: number, longest: number): Promise<Violation | undefined> {
  for (let length = 1; length <= longest; length++) {
    const { violation } = await explore(begin, faults, length)
    if (violation) return violation
  }
  return undefined
}

const possible = (run: Run, faults: number) => run.steps().filter(({ fault }) => !fault || faults > 0)

/** Resolves when every caller waits for the store or has ended: no promise is left to continue. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
