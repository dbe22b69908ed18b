import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { times } from '../worlds/times.ts'
import { type BlobsEmulator, startBlobsEmulator } from './emulator.ts'

const rounds = times(40, 200)
const processes = 4
const racersEach = 13
let emulator: BlobsEmulator
let children: ChildProcess[] = []

beforeAll(async () => {
  emulator = await startBlobsEmulator()
  const file = fileURLToPath(new URL('race-child.ts', import.meta.url))
  const options = JSON.stringify({ client: emulator.clientOptions(), racers: racersEach })
  children = Array.from({ length: processes }, () => fork(file, [options], { execArgv: [] }))
  await Promise.all(children.map((child) => once(child, 'message')))
})
afterAll(async () => {
  await Promise.all(
    children.map(async (child) => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    }),
  )
  await emulator.stop()
})

async function winners(key: string, version: string | null): Promise<string[]> {
  const told = await Promise.all(
    children.map(async (child): Promise<string[]> => {
      const answered = once(child, 'message')
      child.send({ key, version })
      return (await answered)[0]
    }),
  )
  return told.flat()
}

const callers = `${processes * racersEach} callers in ${processes} processes`

test(`create: of ${callers} exactly one wins, in each of ${rounds} rounds`, async () => {
  for (let round = 0; round < rounds; round++) {
    const versions = await winners(`create/${round}`, null)
    expect(versions).toHaveLength(1)
    expect(emulator.inspect('race', `create/${round}`)?.etag).toBe(`"${versions[0]}"`)
  }
})

test(`replace: of ${callers} exactly one wins, in each of ${rounds} rounds`, async () => {
  let [version = ''] = await winners('replace', null)
  for (let round = 0; round < rounds; round++) {
    const versions = await winners('replace', version)
    expect(versions).toHaveLength(1)
    version = versions[0] ?? ''
    expect(emulator.inspect('race', 'replace')?.etag).toBe(`"${version}"`)
  }
})
