import { assertKey } from '../keys.ts'
import { assertVersion, type Store, StoreUnavailable, type WriteResult } from '../store.ts'
import { createHandOver } from './hand-over.ts'
import { mergedList } from './merged-list.ts'
import { collectionOf, ruleOf } from './rules.ts'

export interface MovingStoreOptions {
  readonly source: Store
  readonly target: Store
  /** How far the move is (`openMove`). Every operation waits for it. Throws `StoreUnavailable` if the move may not begin. */
  readonly opened: () => Promise<'open' | 'complete'>
}

const lost = { won: false, ambiguous: false } as const
/** How often a write is repeated that another instance was faster with. After that the answer is 503. */
const maxAttempts = 10

/**
 * The store while records move from one store to another, without a pause (N32). Instances that know only the source go on working
 * beside it, as do instances that know only the target once the copy is complete.
 *
 * A record that has moved is read and replaced at the target in one trip, as ever. The source decides about everything else: who
 * hands a record over, and who creates one.
 */
export function createMovingStore(options: MovingStoreOptions): Store {
  const both = storeOfBoth(options)
  // Once the move is complete, this instance works like those that know only the target.
  const store = async () => ((await options.opened()) === 'complete' ? options.target : both)
  return {
    get: async (...operation) => (await store()).get(...operation),
    create: async (...operation) => (await store()).create(...operation),
    replace: async (...operation) => (await store()).replace(...operation),
    put: async (...operation) => (await store()).put(...operation),
    remove: async (...operation) => (await store()).remove(...operation),
    list: async (...operation) => (await store()).list(...operation),
  }
}

function storeOfBoth({ source, target }: Pick<MovingStoreOptions, 'source' | 'target'>): Store {
  const { locate, vacancy, handOver, createAt, remove, showFinal } = createHandOver(source, target)
  const stays = (key: string) => ruleOf(key).moves === 'never'

  /** Finds a record, and hands it over if that is to happen when it is used. */
  async function reach(key: string, signal: AbortSignal) {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const place = await locate(key, signal)
      if (place.at !== 'source' || ruleOf(key).moves !== 'when-used') return place
      const version = await handOver(key, place, signal)
      if (version !== null) return { at: 'target', value: place.value, version } as const
    }
    throw tooMany()
  }

  return {
    async get(key, signal) {
      assertKey(key)
      if (stays(key)) return source.get(key, signal)
      const place = await reach(key, signal)
      return place.at === 'nowhere' ? null : { value: place.value, version: place.version }
    },

    async create(key, value, signal) {
      assertKey(key)
      if (stays(key)) return source.create(key, value, signal)
      const place = await vacancy(key, signal)
      return place ? createAt(key, value, place, signal) : lost
    },

    async replace(key, value, version, signal) {
      assertKey(key)
      assertVersion(version)
      if (stays(key)) return source.replace(key, value, version, signal)
      const done = async (write: WriteResult) => {
        if (write.won) await showFinal(key, value, signal)
        return write
      }
      const write = await target.replace(key, value, version, signal)
      if (write.won || write.ambiguous) return done(write)
      const place = await locate(key, signal)
      if (place.at !== 'source' || place.version !== version) return lost
      if (ruleOf(key).moves !== 'when-used') return source.replace(key, value, version, signal)
      // The version of a refresh token from before the move is that of the source.
      const moved = await handOver(key, place, signal)
      return moved === null ? lost : done(await target.replace(key, value, moved, signal))
    },

    async put(key, value, signal) {
      assertKey(key)
      if (stays(key)) return source.put(key, value, signal)
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const place = await reach(key, signal)
        const write =
          place.at === 'nowhere'
            ? await createAt(key, value, place, signal)
            : await (place.at === 'target' ? target : source).replace(key, value, place.version, signal)
        if (write.won) return
      }
      throw tooMany()
    },

    async remove(key, signal) {
      assertKey(key)
      return stays(key) ? source.remove(key, signal) : remove(key, signal)
    },

    async list(prefix, signal, cursor) {
      if (collectionOf(prefix) !== '' && stays(prefix)) return source.list(prefix, signal, cursor)
      return mergedList([source, target], prefix, signal, cursor)
    },
  }
}

const tooMany = () => new StoreUnavailable('a record is being written by many at once')
