import { expect, test, vi } from 'vitest'
import { dayOf } from '../../lib/base/days.ts'
import { sha256 } from '../../lib/base/sha256.ts'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import { obtainTokens, registerClient } from '../support/oauth-client.ts'
import { startStack } from '../support/stack.ts'

const signal = AbortSignal.timeout(120_000)
const day = (ago: number) => dayOf(Date.now() - ago * 86_400_000)

test('MCP_KEEP_PEOPLE_USAGE_DAYS and MCP_KEEP_USAGE_DAYS: counts by person, and all counts of a day, are kept so long', async () => {
  const stack = await startStack({ settings: { MCP_KEEP_PEOPLE_USAGE_DAYS: '7', MCP_KEEP_USAGE_DAYS: '90' } })
  try {
    const store = createBlobsStore({ name: 'mcp-oauth-broker', client: stack.emulator.clientOptions() })
    await obtainTokens(await registerClient(stack.url))
    await vi.waitFor(async () => {
      const stored = await store.get(`usage-keys/${sha256(stack.url)}`, signal)
      expect(stored).not.toBeNull()
    }, 10_000)
    // As if usage had been counted until three days ago: the next run counts the day before yesterday.
    const gone = [`usage-day-people/${day(20)}/00`, `usage-day-companies/${day(200)}/0`, `usage-days/${day(200)}`]
    const kept = [`usage-day-people/${day(3)}/00`, `usage-day-companies/${day(20)}/0`, `usage-days/${day(3)}`]
    for (const key of [...gone, ...kept]) await store.put(key, {}, signal)
    await vi.waitFor(async () => {
      await fetch(`${stack.url}/.netlify/functions/usage`, { method: 'POST' })
      const { keys } = await store.list('usage-day', signal)
      expect(keys).toEqual(expect.arrayContaining([...kept, `usage-days/${day(2)}`]))
      for (const key of gone) expect(keys).not.toContain(key)
    }, 60_000)
  } finally {
    await stack.stop()
  }
})
