import * as v from 'valibot'
import type { Store, StoreValue } from '../../store/store.ts'
import { addTally, createTally, readSlice, sliceKey, type Tally, toSliceValue } from './slices.ts'
import type { Day, Slice } from './time.ts'
import { getExisting, update } from './update.ts'

/** The counts of a day until now, so that a page reads one record and not one for each ten minutes. Its slices say the same. */
export const soFarKey = (day: Day): string => `usage-so-far/${day}`

export interface SoFar {
  /** The latest slice that is counted in. Those before it are, too. */
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

/** Events after which a record gets no further slices: it would become longer than an answer of the store may be. */
const mostEvents = 20_000
const eventsIn = ({ cells }: Tally) => [...cells.values()].reduce((sum, { count }) => sum + count, 0)

/**
 * Counts slices into the record of their day.
 *
 * @param slices of the day that stand, all of them until the last, in order
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
      // One after the other, since each may be the last that fits.
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
