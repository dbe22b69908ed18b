import * as v from 'valibot'
import type { Store, StoreValue } from '../../store/store.ts'
import { addTally, createTally, readSlice, sliceKey, type Tally, toSliceValue } from './slices.ts'
import type { Day, Slice } from './time.ts'
import { getExisting, update } from './update.ts'

/**
 * Names the record with the counts of a day until now. A page reads this one record instead of one record for each ten minutes.
 * The records of the slices hold the same counts.
 */
export const soFarKey = (day: Day): string => `usage-so-far/${day}`

export interface SoFar {
  /** The latest slice that the record includes. It also includes every earlier slice of the day. */
  readonly through: Slice
  readonly tally: Tally
}

/** Reads a record. `null`: there is none, or it is damaged. */
export function readSoFar(value: StoreValue | undefined): SoFar | null {
  if (!v.is(v.object({ through: v.string() }), value)) return null
  try {
    return { through: value.through, tally: readSlice(value) }
  } catch {
    return null
  }
}

/**
 * A record that counts more events than this gets no further slices. It would become longer than the longest answer that the
 * store may give.
 */
const mostEvents = 20_000
const eventsIn = ({ cells }: Tally) => [...cells.values()].reduce((sum, { count }) => sum + count, 0)

/**
 * Adds slices to the record of their day.
 *
 * @param slices all slices of the day that have a record, in order
 * @param isForgotten whether a person is being forgotten
 */
export async function updateSoFar(
  store: Store,
  {
    day,
    slices,
    isForgotten,
  }: {
    readonly day: Day
    readonly slices: readonly Slice[]
    readonly isForgotten: (person: string) => boolean
  },
  signal: AbortSignal,
): Promise<void> {
  if (slices.length === 0) return
  await update(
    store,
    soFarKey(day),
    async (value) => {
      const before = readSoFar(value ?? undefined)
      const known = before && slices.includes(before.through) ? before : { through: '', tally: createTally() }
      let { through } = known
      // Reads one slice at a time, since each may be the last that fits.
      for (const slice of slices.filter((one) => one > known.through)) {
        if (eventsIn(known.tally) > mostEvents) break
        addTally(known.tally, readSlice(await getExisting(store, sliceKey(slice), signal)), isForgotten)
        through = slice
      }
      return through === known.through ? null : { through, ...toSliceValue(known.tally) }
    },
    signal,
  )
}
