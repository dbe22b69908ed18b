import { isFenced, readFence } from '../../lib/oauth/grants/fence.ts'
import { type Actor, type Call, endsPerson, isUnavailable, type Outcome, type Subject } from './callers.ts'
import type { Run, Step } from './explore.ts'
import { judgeCall, judgeEnd, judgeWrite } from './judge.ts'
import type { Scenario } from './scenario.ts'
import type { Caller } from './store.ts'
import { ModelStores } from './stores.ts'
import { callerNames, grantKey, matters, now as start, sub } from './world.ts'

/** Milliseconds by which the window passes. */
const longerThanTheWindow = 61_000

interface Worker extends Caller {
  busy: boolean
  ended: boolean
  abort: () => void
  endedThen: boolean
  fencedBefore: boolean
  /** The generations that this caller has written in its current call. */
  wrote: readonly unknown[]
}

/** What the judge sees of a run. */
export interface Evidence {
  readonly scenario: Scenario
  readonly subject: Subject
  readonly calls: readonly Call[]
  readonly stores: ModelStores
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Whether every operation was simply carried out and answered. */
  readonly undisturbed: boolean
  /** An instance of an older release took part. */
  readonly hasOlder: boolean
}

/** One run of a scenario. */
export class ScenarioRun implements Run {
  readonly #scenario: Scenario
  readonly #subject: Subject
  readonly #stores: ModelStores
  readonly #workers: readonly Worker[]
  readonly #calls: Call[] = []
  readonly #hasOlder: boolean
  #clock = start
  #faults = 0
  #broken: string | undefined

  constructor(scenario: Scenario, subject: Subject) {
    this.#scenario = scenario
    this.#subject = subject
    this.#hasOlder = scenario.programs.some(({ isOlder }) => isOlder)
    const { contract, beginning, programs, grace } = scenario
    const fenceMatters = programs.includes(endsPerson)
    this.#stores = new ModelStores(
      {
        contract,
        records: beginning.records,
        isMoving: beginning.isMoving ?? false,
        matters: (name) => matters(name) && (fenceMatters || !name.startsWith('ended/')),
        moment: (caller, key) => {
          const worker = this.#workers.find((each) => each === caller)
          if (worker && key === grantKey) worker.endedThen = this.#hasEnded()
          return String(this.#clock - start)
        },
      },
      (before, after, written) => {
        this.#broken ??= judgeWrite(before, after, this.#hasOlder)
        const writer = this.#workers.find(({ name }) => written?.version.startsWith(name))
        // A hand-over writes a generation that another caller has made.
        if (!writer?.busy || written === undefined || beginning.isMoving) return
        const { generation, revokedAt } = written.value
        if (revokedAt === undefined) writer.wrote = [...writer.wrote, generation]
      },
    )
    this.#workers = programs.map((_, index) => ({
      name: callerNames[index] ?? '',
      learned: '',
      writes: 0,
      ids: 0,
      overdue: false,
      busy: false,
      ended: false,
      abort: () => {},
      endedThen: false,
      fencedBefore: false,
      wrote: [],
    }))
    for (const [index, program] of programs.entries()) {
      const worker = this.#workers[index]
      if (!worker) continue
      const actor: Actor = {
        name: worker.name,
        subject,
        now: () => this.#clock,
        grace,
        store: this.#stores.of(worker, program.knowsOnlySource === true),
        carry: (signal) => this.#stores.carry(worker, signal),
        token: (generation) => {
          const token = beginning.tokens[generation]
          if (!token) throw new Error('the scenario has no such token')
          return token
        },
        call: (says, call, work) => this.#call(worker, says, call, work),
      }
      program.run(actor).then(
        () => {
          worker.ended = true
          // What it learned on the way decides nothing any more.
          const mine = this.#calls.filter(({ by }) => by === worker.name)
          worker.learned = JSON.stringify(mine.map(({ outcome }) => outcome))
          worker.endedThen = false
          worker.fencedBefore = false
          worker.wrote = []
          worker.overdue = false
        },
        (error: unknown) => {
          this.#broken ??= `${worker.name} fails with ${error}`
        },
      )
    }
  }

  async #call(
    worker: Worker,
    says: string,
    call: Call,
    work: (signal: AbortSignal) => Promise<Outcome>,
  ): Promise<Outcome> {
    // Without a clock that moves, it makes no difference when a request begins: its first operation waits.
    if (this.#scenario.windowPasses) await this.#stores.wait(worker, says)
    const deadline = new AbortController()
    worker.abort = () => deadline.abort()
    worker.busy = true
    worker.overdue = false
    worker.wrote = []
    worker.fencedBefore = call.kind === 'redeem' && (await this.#isFenced(call.approvedAt))
    this.#calls.push(call)
    const outcome = await work(deadline.signal).catch((error: unknown): Outcome => {
      if (isUnavailable(error)) return 'unavailable'
      throw error
    })
    worker.busy = false
    call.outcome = outcome
    this.#broken ??= judgeCall(call, outcome, this.#stores.grant(), {
      endedThen: worker.endedThen,
      fencedBefore: worker.fencedBefore && this.#faults === 0,
      hasOlder: this.#hasOlder,
      ownWrite: worker.wrote.includes(call.token ? call.token.record.generation + 1 : 0),
    })
    return outcome
  }

  steps(): readonly Step[] {
    const steps = this.#stores.steps().map((step): Step => {
      if (!step.fault) return step
      return {
        ...step,
        take: () => {
          this.#faults += 1
          step.take()
        },
      }
    })
    const passes: Step = {
      says: () => 'a minute passes, and the requests that are under way run out of time',
      fault: false,
      take: () => {
        this.#clock += longerThanTheWindow
        for (const worker of this.#workers.filter(({ busy }) => busy)) {
          worker.overdue = true
          worker.abort()
        }
      },
    }
    const mayPass = this.#scenario.windowPasses && this.#clock === start && !this.#workers.every(({ ended }) => ended)
    return mayPass ? [...steps, passes] : steps
  }

  state(): string {
    const workers = this.#workers.map(({ learned, overdue, ended, endedThen, fencedBefore }) => [
      learned,
      overdue,
      ended,
      endedThen,
      fencedBefore,
    ])
    return `${this.#stores.state()} ${this.#clock - start} ${this.#faults > 0} ${workers.join()}`
  }

  broken(): string | undefined {
    return this.#broken
  }

  end(): Promise<string | undefined> {
    return judgeEnd({
      scenario: this.#scenario,
      subject: this.#subject,
      calls: this.#calls,
      stores: this.#stores,
      now: this.#clock,
      hasOlder: this.#hasOlder,
      undisturbed: this.#faults === 0 && this.#clock === start,
    })
  }

  async #isFenced(approvedAt = 0): Promise<boolean> {
    const [store] = this.#stores.calm()
    const fence = store ? await readFence(store, sub, new AbortController().signal) : null
    return isFenced(fence, approvedAt * 1000)
  }

  #hasEnded(): boolean {
    return this.#stores.grant()?.value.revokedAt !== undefined
  }
}
