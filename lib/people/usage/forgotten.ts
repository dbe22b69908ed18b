import type { Store } from '../../store/store.ts'
import { listAll } from './update.ts'

/** The jobs that forget people: `forget/<due>/<sub>`. */
const jobs = 'forget/'

/** Returns the people who are still being forgotten, as this server's own ids. Their events count, without their names. */
export async function peopleBeingForgotten(store: Store, signal: AbortSignal): Promise<readonly string[]> {
  const keys = await listAll(store, jobs, signal)
  return keys.flatMap((key) => key.split('/')[2] ?? [])
}
