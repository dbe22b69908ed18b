import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBlobsStore } from '../../lib/store/blobs/blobs.ts'
import type { Store } from '../../lib/store/store.ts'
import { times } from '../worlds/times.ts'
import { startBlobsEmulator } from './emulator.ts'

const { signal } = new AbortController()
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobs-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Runs `use` with an emulator on the directory, in this process. */
async function withEmulator(use: (store: Store) => Promise<void>): Promise<void> {
  const emulator = await startBlobsEmulator({ directory })
  const store = createBlobsStore({ name: 'kept', client: emulator.clientOptions() })
  await use(store).finally(emulator.stop)
}

async function startChild(): Promise<{ readonly child: ChildProcess; readonly store: Store }> {
  const file = fileURLToPath(new URL('emulator-child.ts', import.meta.url))
  const child = fork(file, [JSON.stringify({ directory })], { execArgv: [] })
  const [client] = await once(child, 'message')
  return { child, store: createBlobsStore({ name: 'kept', client, attemptTimeout: 20_000, retryDelays: [] }) }
}

test('a restart finds every blob with its version, and no removed blob', async () => {
  let version = ''
  await withEmulator(async (store) => {
    await store.put('kept', { text: 'Grüße' }, signal)
    await store.put('removed', {}, signal)
    await store.remove('removed', signal)
    version = (await store.get('kept', signal))?.version ?? ''
  })
  await withEmulator(async (store) => {
    expect(await store.get('kept', signal)).toEqual({ value: { text: 'Grüße' }, version })
    expect(await store.get('removed', signal)).toBeNull()
    expect((await store.replace('kept', {}, version, signal)).won).toBe(true)
  })
})

const lives = times(2, 4)

test('SIGKILL during writes, removals and checkpoints loses no answered operation', async () => {
  const answered = new Map<string, number | null>()
  for (let life = 0; life < lives; life++) {
    const { child, store } = await startChild()
    let count = 0
    const writer = async (writer: number) => {
      for (let turn = 0; ; turn++) {
        const key = `${life}/${writer}/${turn % 20}`
        answered.delete(key) // unknown until answered
        await store.put(key, { turn }, signal)
        answered.set(key, turn)
        count += 1
        if (turn % 7 !== 0) continue
        answered.delete(key)
        await store.remove(key, signal)
        answered.set(key, null)
      }
    }
    const writers = Array.from({ length: 8 }, (_, index) => writer(index))
    const ended = Promise.allSettled(writers)
    await vi.waitFor(() => expect(count).toBeGreaterThan(600 + 50 * life), { interval: 1 })
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await Promise.all([exited, ended])

    await withEmulator(async (revived) => {
      for (const [key, turn] of answered) {
        expect((await revived.get(key, signal))?.value ?? null, key).toEqual(turn === null ? null : { turn })
      }
    })
  }
  expect(answered.size).toBeGreaterThan(125 * lives)
})

/** The bytes of all files of the database. */
const sizeOnDisk = () => readdirSync(directory).reduce((total, name) => total + statSync(join(directory, name)).size, 0)

test('the files do not grow with every change', async () => {
  const { child, store } = await startChild()
  const write = async (turns: number) => {
    for (let turn = 0; turn < turns; turn++) await store.put('one', { turn, padding: 'x'.repeat(100) }, signal)
    return sizeOnDisk()
  }
  const before = await write(200)
  expect(await write(400)).toBe(before)
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
})

test('a torn end of the log is dropped, and does not affect the next write', async () => {
  const { child, store } = await startChild()
  await store.put('whole', { kept: true }, signal)
  await store.put('torn', { kept: true }, signal)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  const log = join(directory, 'blobs.sqlite-wal')
  truncateSync(log, statSync(log).size - 10)
  await withEmulator((store) => store.put('next', { kept: true }, signal))
  await withEmulator(async (store) => {
    expect((await store.list('', signal)).keys).toEqual(['next', 'whole'])
  })
})

test('the error names a damaged file', async () => {
  writeFileSync(join(directory, 'blobs.sqlite'), 'not ours\n'.repeat(1_000))
  await expect(startBlobsEmulator({ directory })).rejects.toThrow(/blobs\.sqlite cannot be read/)
})

test('the file of an earlier version is not changed, and a warning says so', async () => {
  const journal = join(directory, 'blobs.jsonl')
  writeFileSync(journal, 'earlier\n')
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  await withEmulator((store) => store.put('new', {}, signal))
  expect(warn.mock.calls.flat()).toEqual([expect.stringContaining(`${journal} is from an earlier version`)])
  expect(readFileSync(journal, 'utf8')).toBe('earlier\n')
})
