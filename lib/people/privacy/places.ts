import type { Store } from '../../store/store.ts'
import type { Place } from './place.ts'

/** What the places need. Whoever adds a place adds what it needs here; `lib/service/privacy.ts` hands it in. */
export interface PlaceParts {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Lists every place that holds something about a person. A part of the service that stores something about people adds its place
 * here, and its keys to docs/storage.md. Forgetting walks the list from its beginning to its end.
 */
export function places(_parts: PlaceParts): readonly Place[] {
  return []
}
