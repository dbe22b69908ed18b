import { type Store, StoreUnavailable, type StoreValue, type WriteResult } from '../../lib/store/store.ts'
import type { Contract, Fault } from './contract.ts'
import type { Step } from './explore.ts'
import { makeIdsFor } from './ids.ts'

export interface StoredRecord {
  readonly value: StoreValue
  readonly version: string
}

/** A caller of the store, as the exploration sees it. */
export interface Caller {
  readonly name: string
  /** Everything that the caller has learned so far. It decides what the caller does next. */
  learned: string
  /** How many writes the caller has sent, which numbers their versions. */
  writes: number
  /** How many random IDs the caller has made. */
  ids: number
  /** The deadline of its request has passed. */
  overdue: boolean
}

/** An operation that waits until the exploration lets it happen. */
interface Door {
  readonly caller: Caller
  readonly steps: () => readonly Step[]
}

/** A write that was sent, and whose caller has given up. */
interface Late {
  readonly text: string
  readonly holds: () => boolean
  readonly land: () => void
}

export interface ModelStoreOptions {
  readonly contract: Contract
  /** What a script calls this store, if there are two. */
  readonly name?: string
  readonly records: Iterable<readonly [string, StoredRecord]>
  /** Keys and prefixes whose order makes a difference. Operations on others happen at once. */
  readonly matters: (name: string) => boolean
  /** Carries out each write of a record, `write`. `written` is what the record becomes. */
  readonly onWrite: (key: string, write: () => void, written: StoredRecord | undefined) => void
  /** Called when an operation of a caller happens. Returns what else the caller learns then, such as the time. */
  readonly moment: (caller: Caller, key: string) => string
}

/**
 * A store in which nothing happens by itself: each operation waits as a door, and the exploration chooses which one happens next,
 * and with which outcome. An operation takes effect at one moment. Its caller continues at once, or after reading back.
 */
export class ModelStore {
  readonly records: Map<string, StoredRecord>
  readonly #options: ModelStoreOptions
  #doors: Door[] = []
  #late: Late[] = []
  #missesLeft: number

  constructor(options: ModelStoreOptions) {
    this.#options = options
    this.records = new Map(options.records)
    this.#missesLeft = options.contract.misses
  }

  /** The steps of all operations that wait. */
  waiting(): readonly Step[] {
    return this.#doors.flatMap((door) => door.steps())
  }

  /** The steps of writes whose callers have given up: those that can land, or, at the end of a run, those that never will. */
  late(what: 'landing' | 'never'): readonly Step[] {
    const pending = what === 'never' ? this.#late : this.#late.filter(({ holds }) => holds())
    return pending.map((late) => ({
      says: () => `${late.text} ${what === 'never' ? 'never lands' : 'lands now'}`,
      fault: false,
      take: () => {
        this.#late = this.#late.filter((each) => each !== late)
        if (what === 'landing') late.land()
      },
    }))
  }

  state(): string {
    const records = [...this.records].sort(([a], [b]) => (a < b ? -1 : 1))
    return `${records.map(([key, record]) => shortest(key) + textOf(record))} ${this.#late.map(({ text }) => text).sort()} ${this.#missesLeft}`
  }

  /** Waits for one moment of the exploration. */
  wait(caller: Caller, says: string): Promise<void> {
    return new Promise((resolve) => {
      this.#open(caller, '', () => [{ says: () => says, fault: false, take: () => resolve() }])
    })
  }

  /** The store as `caller` sees it. */
  of(caller: Caller): Store {
    const { contract, matters } = this.#options
    const quiet = this.calm()
    return {
      get: (key, signal) => {
        if (!matters(key)) return quiet.get(key, signal)
        return this.#ask(caller, key, () => `reads ${short(key)}`, contract.get, {
          answer: () => this.records.get(key) ?? null,
          tells: (record) => (record ? `finds ${describe(record)}` : 'finds nothing'),
          text: (record) => (record ? textOf(record) : 'none'),
          missed: () => (this.records.has(key) ? null : undefined),
        })
      },
      create: (key, value, signal) => {
        if (!matters(key)) return quiet.create(key, value, signal)
        return this.#write(caller, `creates ${short(key)}`, key, value, undefined)
      },
      replace: (key, value, version, signal) => {
        if (!matters(key)) return quiet.replace(key, value, version, signal)
        return this.#write(caller, `replaces version ${version} of ${short(key)}`, key, value, version)
      },
      put: (key, value, signal) => {
        if (!matters(key)) return quiet.put(key, value, signal)
        const version = this.#nextVersion(caller)
        const effect = () => this.#set(key, { value: copy(value), version })
        return this.#change(caller, key, `puts ${short(key)}`, effect)
      },
      remove: (key, signal) => {
        if (!matters(key)) return quiet.remove(key, signal)
        return this.#change(caller, key, `removes ${short(key)}`, () => this.#set(key, undefined))
      },
      list: (prefix, signal) => {
        if (!matters(prefix)) return quiet.list(prefix, signal)
        return this.#ask(caller, prefix, () => `lists ${short(prefix)}`, ['down'], {
          answer: () => ({ keys: this.#keys(prefix) }),
          tells: ({ keys }) => `finds ${keys.length}`,
          text: ({ keys }) => keys.join(),
          missed: () => undefined,
        })
      },
    }
  }

  /** The store without doors and faults, for what comes after a run. */
  calm(name = 'after'): Store {
    let writes = 0
    const write = (key: string, value: StoreValue): WriteResult => {
      const version = `${name}.${++writes}`
      this.#set(key, { value: copy(value), version })
      return { won: true, version }
    }
    const lost: WriteResult = { won: false, ambiguous: false }
    return {
      get: async (key) => this.records.get(key) ?? null,
      create: async (key, value) => (this.records.has(key) ? lost : write(key, value)),
      replace: async (key, value, version) => (this.records.get(key)?.version === version ? write(key, value) : lost),
      put: async (key, value) => void write(key, value),
      remove: async (key) => this.#set(key, undefined),
      list: async (prefix) => ({ keys: this.#keys(prefix) }),
    }
  }

  #keys = (prefix: string) => [...this.records.keys()].filter((key) => key.startsWith(prefix)).sort()

  #set(key: string, after: StoredRecord | undefined): void {
    const write = () => (after ? this.records.set(key, after) : this.records.delete(key))
    this.#options.onWrite(key, write, after)
  }

  #nextVersion(caller: Caller): string {
    caller.writes += 1
    return `${caller.name}.${caller.writes}`
  }

  #open(caller: Caller, key: string, steps: () => readonly Step[]): void {
    const { name } = this.#options
    const door: Door = {
      caller,
      steps: () =>
        steps().map((step, index) => ({
          says: () => `${caller.name} ${step.says()}${name === undefined ? '' : ` (${name})`}`,
          fault: step.fault,
          take: () => {
            this.#doors = this.#doors.filter((each) => each !== door)
            caller.learned += `${shortest(key)}${index}${this.#options.moment(caller, key)}`
            makeIdsFor(caller)
            step.take()
          },
        })),
    }
    // Doors of one caller stay together, so that their order does not depend on the order of other callers.
    const last = this.#doors.findLastIndex((each) => each.caller.name <= caller.name)
    this.#doors.splice(last + 1, 0, door)
  }

  /** An operation that changes nothing. */
  #ask<T>(
    caller: Caller,
    key: string,
    what: () => string,
    faults: readonly Fault[],
    it: {
      answer: () => T
      tells: (found: T) => string
      /** Everything about what was found. */
      text: (found: T) => string
      missed: () => T | undefined
    },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#open(caller, key, () => {
        const down: Step = {
          says: () => `${what()}: no answer`,
          fault: !caller.overdue,
          take: () => reject(unavailable()),
        }
        if (caller.overdue) return [down]
        const found = it.answer()
        const take = () => {
          caller.learned += numberOf(it.text(found))
          resolve(found)
        }
        const possible: Step[] = [{ says: () => `${what()}, ${it.tells(found)}`, fault: false, take }]
        if (faults.includes('down')) possible.push(down)
        const nothing = it.missed()
        if (faults.includes('missed') && nothing !== undefined && this.#missesLeft > 0) {
          const miss = () => {
            this.#missesLeft -= 1
            resolve(nothing)
          }
          possible.push({
            says: () => `${what()}, and the store says once that there is none`,
            fault: true,
            take: miss,
          })
        }
        return possible
      })
    })
  }

  /** A conditional write. `expected` is absent for `create`. */
  #write(
    caller: Caller,
    text: string,
    key: string,
    value: StoreValue,
    expected: string | undefined,
  ): Promise<WriteResult> {
    const version = this.#nextVersion(caller)
    const written = { value: copy(value), version }
    const what = () => `${text} by ${describe(written)}`
    const holds = () => this.records.get(key)?.version === expected
    const effect = () => {
      if (holds()) this.#set(key, written)
    }
    const { conditional: faults } = this.#options.contract
    return new Promise((resolve, reject) => {
      const fail = () => reject(unavailable())
      const readBack = () => {
        this.#open(caller, key, () => {
          const failed: Step = {
            says: () => `${text}: no answer when it reads back`,
            fault: !caller.overdue,
            take: fail,
          }
          if (caller.overdue) return [failed]
          const found = this.records.get(key)
          const finds = (says: () => string, result?: WriteResult): Step => ({
            says: () => `${text}: ${says()}`,
            fault: false,
            take: () => {
              // The text of a script does not say which of the three it was.
              caller.learned += JSON.stringify(result)
              if (result) resolve(result)
              else fail()
            },
          })
          if (found?.version === version) {
            return [finds(() => 'reads back its own write', { won: true, version }), failed]
          }
          if (!found || found.version === expected) return [finds(() => 'reads back no trace of its write')]
          const of = () => `reads back the write of another, ${describe(found)}`
          return [finds(of, { won: false, ambiguous: true }), failed]
        })
      }
      this.#open(caller, key, () => {
        const possible = holds()
        const steps: Step[] = []
        const fault = (kind: Fault, says: string, take: () => void) => {
          if (faults.includes(kind)) steps.push({ says: () => `${what()}: ${says}`, fault: !caller.overdue, take })
        }
        if (!caller.overdue) {
          const result: WriteResult = possible ? { won: true, version } : { won: false, ambiguous: false }
          const says = () =>
            possible ? what() : `${text}, and is too late: there is ${describe(this.records.get(key))}`
          const take = () => {
            caller.learned += result.won
            effect()
            resolve(result)
          }
          steps.push({ says, fault: false, take })
        }
        fault('down', 'no answer, no effect', fail)
        if (possible) {
          fault('landed', 'it lands, and the answer is lost', () => {
            effect()
            fail()
          })
          fault('late', 'no answer, and it is still under way', () => {
            this.#late.push({ text: `the write of ${caller.name} (${what()})`, holds, land: effect })
            fail()
          })
        }
        if (caller.overdue) return steps
        fault('unclear-lost', 'the first attempt gets no answer and has no effect', readBack)
        if (possible) {
          fault('unclear-landed', 'the first attempt gets no answer, and lands', () => {
            effect()
            readBack()
          })
        }
        return steps
      })
    })
  }

  /** A write without a condition. */
  #change(caller: Caller, key: string, text: string, effect: () => void): Promise<void> {
    const { unconditional: faults } = this.#options.contract
    return new Promise((resolve, reject) => {
      const fail = () => reject(unavailable())
      this.#open(caller, key, () => {
        const steps: Step[] = []
        const fault = (kind: Fault, says: string, take: () => void) => {
          if (faults.includes(kind)) steps.push({ says: () => `${text}: ${says}`, fault: !caller.overdue, take })
        }
        const answered = () => {
          effect()
          resolve()
        }
        if (!caller.overdue) steps.push({ says: () => text, fault: false, take: answered })
        fault('down', 'no answer, no effect', fail)
        fault('landed', 'it lands, and the answer is lost', () => {
          effect()
          fail()
        })
        fault('late', 'no answer, and it is still under way', () => {
          this.#late.push({ text: `the write of ${caller.name} (${text})`, holds: () => true, land: effect })
          fail()
        })
        return steps
      })
    })
  }
}

/** What JSON keeps of a value whose members are no objects. The callers share it, and none of them changes it. */
function copy(value: StoreValue): StoreValue {
  const kept: { [name: string]: unknown } = {}
  for (const name in value) if (value[name] !== undefined) kept[name] = value[name]
  return Object.freeze(kept)
}

const texts = new WeakMap<StoredRecord, string>()

/** A short text that stands for everything about a record. */
function textOf(record: StoredRecord): string {
  let text = texts.get(record)
  if (text === undefined) {
    text = numberOf(`${record.version}${JSON.stringify(record.value)}`)
    texts.set(record, text)
  }
  return text
}

const numbers = new Map<string, string>()

/** A number for each different text. */
function numberOf(text: string): string {
  let number = numbers.get(text)
  if (number === undefined) {
    number = `.${numbers.size}`
    numbers.set(text, number)
  }
  return number
}

const unavailable = () => new StoreUnavailable('the model says so')

const shortest = (key: string) =>
  key === '' ? '-' : key.startsWith('ended/') ? 'f' : key.startsWith('grants/') ? 'g' : key

function short(name: string): string {
  if (name.startsWith('grants/')) return name.split('/').length > 3 ? 'the grant' : 'the grants of the person'
  return name.startsWith('ended/') ? 'the fence' : name
}

/** A record in a few words. */
function describe(record: StoredRecord | undefined): string {
  if (!record) return 'nothing'
  const { value, version } = record
  if (value.handedOver !== undefined) return `a mark that it has moved, version ${version}`
  if (typeof value.generation !== 'number') return `version ${version}`
  const ended = value.revokedAt === undefined ? '' : `, ended (${String(value.revokedReason)})`
  return `generation ${value.generation}${ended}, version ${version}`
}
