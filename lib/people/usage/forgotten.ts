import type { Store } from '../../store/store.ts'
import { listAll } from './update.ts'

/** The jobs that forget people: `forget/<due>/<sub>`. */
const jobs = 'forget/'

/** The people whose forgetting is not done, as our own ids. Their numbers count, and their names do not stay. */
export async function peopleBeingForgotten(store: Store, signal: AbortSignal): Promise<readonly string[]> {
  const keys = await listAll(store, jobs, signal)
  return keys.flatMap((key) => key.split('/')[2] ?? [])
}
