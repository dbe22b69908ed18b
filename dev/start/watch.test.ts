import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { watchFolders } from './watch.ts'

test('a change below a folder is reported once; changes during a report cause one more, never at the same time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watch-test-'))
  const stopping = new AbortController()
  onTestFinished(async () => {
    stopping.abort()
    await rm(folder, { recursive: true })
  })
  await mkdir(join(folder, 'deep/er'), { recursive: true })
  let calls = 0
  let running = 0
  let mostAtOnce = 0
  const change = async () => {
    await writeFile(join(folder, 'deep/er/file.ts'), `${Math.random()}`)
    await writeFile(join(folder, 'other.ts'), `${Math.random()}`)
  }
  const build = async () => {
    mostAtOnce = Math.max(mostAtOnce, ++running)
    if (++calls === 1) await change()
    // As long as a build: longer than the watcher waits after a change.
    await delay(300)
    running--
  }
  watchFolders([folder], build, stopping.signal)
  await change()
  await expect.poll(() => [calls, running]).toEqual([2, 0])
  expect(mostAtOnce).toBe(1)
})
