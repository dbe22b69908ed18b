// One of several processes that race for the same keys. Told a key and how to write it, it lets `racers` callers write
// at once and tells which of them won. Ends with its parent.
import { openStore } from './place.ts'

const { url, racers, idleTimeout = 30_000 } = JSON.parse(process.argv[2] ?? '')
const store = openStore(url, { site: 'race', idleTimeout })
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
