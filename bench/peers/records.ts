import { randomBytes } from 'node:crypto'
import type { OperationKind, Operations } from './operations.ts'

/**
 * Names of records and their text in this process, for the peers that have an interface for such a store. A list takes no longer
 * when other folders have more records, as in a database with an index.
 */
export class Records {
  readonly #texts = new Map<string, string>()
  readonly #folders = new Map<string, Set<string>>()
  readonly #operations: Operations

  constructor(operations: Operations) {
    this.#operations = operations
  }

  get size(): number {
    return this.#texts.size
  }

  get(name: string): Promise<string | undefined> {
    return this.#operations.run('read', () => this.#texts.get(name))
  }

  set(name: string, text: string): Promise<void> {
    return this.#operations.run('write', () => this.#set(name, text))
  }

  /** Replaces the text of a record by what `change` makes of it. */
  change(name: string, change: (text: string) => string): Promise<void> {
    return this.#operations.run('write', () => {
      const text = this.#texts.get(name)
      if (text !== undefined) this.#texts.set(name, change(text))
    })
  }

  delete(name: string): Promise<void> {
    return this.#operations.run('delete', () => this.#delete(name))
  }

  /** @param folder a name up to its last colon, without that */
  list(folder: string): Promise<string[]> {
    return this.#operations.run('list', () => [...(this.#folders.get(folder) ?? [])])
  }

  /** Does several changes as one operation, as a database does with one statement. */
  together(kind: OperationKind, work: (own: { delete(name: string): void }) => void): Promise<void> {
    return this.#operations.run(kind, () => work({ delete: (name) => this.#delete(name) }))
  }

  /** Copies what is there under other names, until there are so many records. */
  seed(records: number): void {
    const examples = [...this.#texts]
    for (let index = 0; this.#texts.size < records; index++) {
      const [name, text] = examples[index % examples.length] ?? ['', '']
      this.#set(otherName(name), text)
    }
  }

  #set(name: string, text: string): void {
    this.#texts.set(name, text)
    const folder = folderOf(name)
    const names = this.#folders.get(folder)
    if (names) names.add(name)
    else this.#folders.set(folder, new Set([name]))
  }

  #delete(name: string): void {
    this.#texts.delete(name)
    const folder = folderOf(name)
    const names = this.#folders.get(folder)
    if (names?.delete(name) && names.size === 0) this.#folders.delete(folder)
  }
}

const folderOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf(':')))

/** Returns a name of the same form: its first part, which says the kind, and others in the place of all parts after that. */
export const otherName = (name: string, separator = ':') =>
  name
    .split(separator)
    .map((part, index) =>
      index === 0
        ? part
        : randomBytes(Math.ceil(part.length / 2))
            .toString('hex')
            .slice(0, part.length),
    )
    .join(separator)
