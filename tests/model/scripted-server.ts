/** A stored record, as a server sees it. */
interface ServerRecord {
  readonly text: string
  readonly version: string
}

/** What became of one request. `lost`: there is no answer, and `took effect` only the server knows. */
export type Served<T> = { readonly answer: T } | { readonly lost: 'before' | 'after' | 'late' }

/**
 * A server that holds one record and does to each request what the run chooses: it answers, or gives no answer, having carried out the
 * request before, never, or later. Once, another writer writes the record just before a request.
 */
export class ScriptedServer {
  record: ServerRecord | undefined
  /** Every text that was ever stored. */
  readonly stored: string[] = []
  /** Whether a request of a write got no answer. */
  unclear = false
  readonly #choose: (of: number) => number
  #late: (() => void)[] = []
  #others = 1
  /** How many more answers may be lost. */
  #losses: number

  constructor(choose: (of: number) => number, losses: number, record?: ServerRecord) {
    this.#choose = choose
    this.#losses = losses
    this.record = record
  }

  read(): Served<ServerRecord | undefined> {
    this.#meanwhile()
    return this.#loses(2) === 0 ? { answer: this.record } : { lost: 'before' }
  }

  /** @param expected the version that the record must have; absent: there must be no record */
  write(text: string, version: string, expected: string | undefined): Served<boolean> {
    this.#meanwhile()
    const effect = () => {
      if (this.record?.version !== expected) return false
      this.record = { text, version }
      this.stored.push(text)
      return true
    }
    const lost = ([undefined, 'before', 'after', 'late'] as const)[this.#loses(4)]
    if (lost === undefined) return { answer: effect() }
    this.unclear = true
    if (lost === 'after') effect()
    if (lost === 'late') this.#late.push(effect)
    return { lost }
  }

  /** Carries out what is still under way. */
  settle(): void {
    for (const effect of this.#late) effect()
    this.#late = []
  }

  #loses(of: number): number {
    const chosen = this.#losses > 0 ? this.#choose(of) : 0
    if (chosen > 0) this.#losses -= 1
    return chosen
  }

  #meanwhile(): void {
    if (this.#late.length > 0 && this.#choose(2) === 1) this.settle()
    if (this.#others === 0 || this.#choose(2) === 0) return
    this.#others -= 1
    this.record = { text: '{"nonce":"other","value":{"by":"another"}}', version: 'other' }
  }
}

/** Runs work once for every sequence of choices. Returns how many there were. */
export async function everyChoice(work: (choose: (of: number) => number) => Promise<void>): Promise<number> {
  let choices: { chosen: number; readonly of: number }[] = []
  for (let runs = 1; ; runs++) {
    let depth = 0
    await work((of) => {
      choices[depth] ??= { chosen: 0, of }
      return choices[depth++]?.chosen ?? 0
    })
    choices = choices.slice(0, choices.findLastIndex(({ chosen, of }) => chosen + 1 < of) + 1)
    const last = choices.at(-1)
    if (!last) return runs
    last.chosen += 1
  }
}
