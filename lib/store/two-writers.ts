import { setTimeout as delay } from 'node:timers/promises'
import { proofs } from './readiness.ts'
import type { Store, WriteResult } from './store.ts'

/** How a conditional write ended for one writer. `unclear`: the store did not say who was first. */
export type Turn = 'won' | 'lost' | 'unclear'

/** The records of one proof. Its writers may be different instances, which share nothing but the store. */
export interface Proof {
  /** A random UUID. */
  readonly id: string
  /** Seconds since the epoch after which the sweep removes what an interrupted proof has left behind. */
  readonly until: number
}

/** One of the two writers, who write the same keys at the same time. */
export type Writer = 'a' | 'b'
export const writers = ['a', 'b'] as const satisfies readonly Writer[]

/** What one writer saw. */
export interface Race {
  /** Whether the other writer was there. If not, the two were not writing at the same time, or see different stores. */
  readonly met: boolean
  /** One turn for each round. */
  readonly created: readonly Turn[]
  readonly replaced: readonly Turn[]
}

/** Who wrote the record that stands, for each round. `null`: there is no record, or another writer's. */
export interface Outcome {
  readonly created: readonly (Writer | null)[]
  readonly replaced: readonly (Writer | null)[]
}

/** How often each writer creates and replaces. Each round is two writes for each writer. */
export const rounds = 8
/** Seconds that the records of a proof may stay. */
const kept = 60
/** How often a writer looks for the other, and the milliseconds between. About two seconds, with a store that answers fast. */
const looks = 100
const pause = 20

export type TwoWriters = ReturnType<typeof createTwoWriters>

/**
 * Proves that of two writers who write one key at the same moment, exactly one wins. A single caller cannot prove it: a store that
 * answers each instance from a copy of its own looks right to each of them. Every record is below `health/`. Throws
 * `StoreUnavailable`.
 *
 * @param now milliseconds since the epoch
 */
export function createTwoWriters(store: Store, now: () => number) {
  return {
    /** Makes the records that the writers will replace. Returns their versions: both writers replace the same one. */
    async begin(signal: AbortSignal): Promise<Proof & { readonly versions: readonly string[] }> {
      const proof = { id: crypto.randomUUID(), until: Math.floor(now() / 1000) + kept }
      const made = await eachRound((round) => store.create(keysOf(proof, round).replaced, { by: null }, signal))
      return { ...proof, versions: made.map((result) => (result.won ? result.version : 'lost')) }
    },

    /** Waits for the other writer, then creates and replaces in every round. */
    async race(
      proof: Proof & { readonly versions: readonly string[] },
      by: Writer,
      signal: AbortSignal,
    ): Promise<Race> {
      const met = await meet(proof, by, signal)
      const turns: { created: Turn; replaced: Turn }[] = []
      for (const [round, version] of proof.versions.entries()) {
        const { created, replaced } = keysOf(proof, round)
        turns.push({
          created: turnOf(await store.create(created, { by }, signal)),
          replaced: turnOf(await store.replace(replaced, { by }, version, signal)),
        })
      }
      return { met, created: turns.map((turn) => turn.created), replaced: turns.map((turn) => turn.replaced) }
    },

    /** Says which writer's records stand, and removes everything. */
    async end(proof: Proof, signal: AbortSignal): Promise<Outcome> {
      const writerOf = async (key: string) => {
        const by = (await store.get(key, signal))?.value.by
        return writers.find((writer) => writer === by) ?? null
      }
      const [created, replaced] = await Promise.all([
        eachRound((round) => writerOf(keysOf(proof, round).created)),
        eachRound((round) => writerOf(keysOf(proof, round).replaced)),
      ])
      const keys = Array.from({ length: rounds }, (_, round) => Object.values(keysOf(proof, round))).flat()
      await Promise.all([...keys, ...writers.map((writer) => hereKey(proof, writer))].map((key) => store.remove(key, signal))) // biome-ignore format: one line
      return { created, replaced }
    },
  }

  /** Tells the other writer that this one is there. Returns whether the other one is, too. */
  async function meet(proof: Proof, by: Writer, signal: AbortSignal): Promise<boolean> {
    await store.create(hereKey(proof, by), { by }, signal)
    const other = hereKey(proof, by === 'a' ? 'b' : 'a')
    for (let look = 0; look < looks; look++) {
      if ((await store.get(other, signal)) !== null) return true
      await delay(pause, undefined, { signal })
    }
    return false
  }
}

const prefixOf = ({ id, until }: Proof) => `${proofs}/${until}/${id}`
const hereKey = (proof: Proof, writer: Writer) => `${prefixOf(proof)}.here.${writer}`
const keysOf = (proof: Proof, round: number) => ({
  created: `${prefixOf(proof)}.${round}.created`,
  replaced: `${prefixOf(proof)}.${round}.replaced`,
})

const turnOf = (result: WriteResult): Turn => (result.won ? 'won' : result.ambiguous ? 'unclear' : 'lost')

const eachRound = <T>(work: (round: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: rounds }, (_, round) => work(round)))

/** Whether these name records of a proof that may be under way: a caller can name no other record, and none that stays. */
export function isProof({ id, until }: Proof, now: number): boolean {
  const left = until - now / 1000
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) && Number.isInteger(until) && left > -kept && left < 2 * kept // biome-ignore format: one line
}
