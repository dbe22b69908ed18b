import type { Store } from '../../lib/store/store.ts'

/**
 * Takes the turn of a scheduled function for one minute. Of all containers that ask, one gets it: the one whose
 * conditional write wins. A container that dies during its turn costs that turn, and the next one makes up for it.
 *
 * The functions do no harm when they run twice. A container that cannot tell whether it has won therefore runs.
 *
 * @throws StoreUnavailable
 */
export async function takeTurn(store: Store, name: string, minute: Date, signal: AbortSignal): Promise<boolean> {
  const key = `schedule/${name}`
  const at = Math.floor(minute.getTime() / 60_000) * 60
  const last = await store.get(key, signal)
  if (last && typeof last.value.at === 'number' && last.value.at >= at) return false
  const result = last
    ? await store.replace(key, { ...last.value, at }, last.version, signal)
    : await store.create(key, { at }, signal)
  return result.won || result.ambiguous
}
