import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { obtainTokens, registerClient, tokensOf } from '../support/oauth-client.ts'
import { startStack } from '../support/stack.ts'
import { becomes, expectComeBack, readAtEveryHost, storeUnavailable, watchLog } from './drill.ts'

/**
 * The disk under the state folder of the local start is full. Only root can make such a disk, so that others skip this drill.
 *
 * Alerts: NotReady.
 */

const folder = mkdtempSync(join(tmpdir(), 'mcp-oauth-broker-full-'))
const isMounted = mounted()
afterAll(() => {
  if (isMounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
})

function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Writes zeros into a file until the disk is full. */
function fill(path: string): void {
  expect(() => {
    for (let size = 1024 * 1024; ; ) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
  }).toThrow('ENOSPC')
  expect(() => {
    for (;;) writeFileSync(path, Buffer.alloc(512), { flag: 'a' })
  }).toThrow('ENOSPC')
}

test.skipIf(!isMounted)(
  'reading goes on, writing is told to come back, and nothing that was answered is lost',
  async () => {
    const filler = join(folder, 'filler')
    const first = await startStack({ directory: folder })
    const log = watchLog(first.logs)
    let refreshToken: string
    let client: Awaited<ReturnType<typeof registerClient>>
    try {
      client = await registerClient(first.url)
      const tokens = await obtainTokens(client)
      fill(filler)
      expect(await readAtEveryHost(first, tokens.accessToken)).toEqual([200])
      // SQLite may have room left in its files for a record or two.
      let latest = tokens.refreshToken
      let refreshed = await client.refresh(latest)
      for (let round = 0; refreshed.status === 200 && round < 200; round++) {
        latest = tokensOf(refreshed).refreshToken
        refreshed = await client.refresh(latest)
      }
      expectComeBack(refreshed)
      await log.has('request_failed', { error: storeUnavailable })
      await becomes(first, 'store_unavailable')

      rmSync(filler)
      refreshToken = tokensOf(await client.refresh(latest)).refreshToken
      await becomes(first, 'ready')
    } finally {
      await first.stop()
    }

    const second = await startStack({ directory: folder, port: first.port })
    try {
      const { accessToken } = tokensOf(await client.refresh(refreshToken))
      expect(await readAtEveryHost(second, accessToken)).toEqual([200])
    } finally {
      await second.stop()
    }
  },
)
