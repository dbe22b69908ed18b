import type { Store } from '../../lib/store/store.ts'

/**
 * Takes part in a race as a process of `startRacers`: when told a key and how to write it, lets `racers` callers write at once, and
 * tells which of them won. Ends with its parent.
 */
export function answerRaces(store: Store, racers: number): void {
  const { signal } = new AbortController()
  process.on('message', async ({ key, version }: { key: string; version: string | null }) => {
    const results = await Promise.all(
      Array.from({ length: racers }, (_, racer) => {
        const value = { process: process.pid, racer }
        return version === null ? store.create(key, value, signal) : store.replace(key, value, version, signal)
      }),
    )
    process.send?.(results.filter((result) => result.won).map((result) => result.version))
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}
