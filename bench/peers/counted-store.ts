import { randomBytes } from 'node:crypto'
import { createMemoryStore } from '../../lib/store/memory.ts'
import type { Store } from '../../lib/store/store.ts'
import { Operations } from './operations.ts'
import type { Target } from './target.ts'

/** This project's store in memory, whose operations are counted and can be made slow. */
export function countedStore(): { readonly store: Store } & Pick<Target, 'operations' | 'records' | 'seed'> {
  const operations = new Operations()
  const names = new Set<string>()
  const memory = createMemoryStore()
  return {
    store: counted(memory, operations, names),
    operations,
    records: () => names.size,
    async seed(records) {
      const { signal } = new AbortController()
      // The signing keys are as many as they are, however many people there are.
      const examples = [...names].filter((key) => otherKey(key) !== key && !key.startsWith('signing-keys/'))
      for (let index = 0; names.size < records; index++) {
        const key = examples[index % examples.length] ?? ''
        const found = await memory.get(key, signal)
        const copy = otherKey(key)
        if (found) await memory.put(copy, found.value, signal)
        names.add(copy)
      }
    },
  }
}

function counted(store: Store, operations: Operations, names: Set<string>): Store {
  const noted = <T>(key: string, work: Promise<T>) => {
    names.add(key)
    return work
  }
  return {
    get: (key, signal) => operations.run('read', () => store.get(key, signal)),
    create: (key, ...rest) => operations.run('write', () => noted(key, store.create(key, ...rest))),
    replace: (key, ...rest) => operations.run('write', () => noted(key, store.replace(key, ...rest))),
    put: (key, ...rest) => operations.run('write', () => noted(key, store.put(key, ...rest))),
    remove: (key, signal) =>
      operations.run('delete', () => {
        names.delete(key)
        return store.remove(key, signal)
      }),
    list: (...of) => operations.run('list', () => store.list(...of)),
  }
}

/** A key of the same form, of another person or another day. */
const otherKey = (key: string) =>
  key.replace(
    /[\w-]{16,}/g,
    (part) => part.slice(0, 2) + randomBytes(part.length).toString('base64url').slice(2, part.length),
  )
