import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PostgresServer } from '../../dev/postgres/server.ts'
import { type OpenStore, openStore, startServer } from './place.ts'

const rounds = 200
const processes = 4
const racersEach = 13
const { signal } = new AbortController()
let server: PostgresServer
let store: OpenStore
let children: ChildProcess[] = []

beforeAll(async () => {
  server = await startServer()
  store = openStore(server.url(), { site: 'race' })
  const file = fileURLToPath(new URL('race-child.ts', import.meta.url))
  const options = JSON.stringify({ url: server.url(), racers: racersEach })
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
  store?.close()
  await server?.stop()
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

test(`create: of ${callers} exactly one wins, in each of ${rounds} rounds [F-000-44 F-002-14]`, async () => {
  for (let round = 0; round < rounds; round++) {
    const versions = await winners(`create/${round}`, null)
    expect(versions).toHaveLength(1)
    expect((await store.get(`create/${round}`, signal))?.version).toBe(versions[0])
  }
})

test(`replace: of ${callers} exactly one wins, in each of ${rounds} rounds [F-000-44 F-002-14]`, async () => {
  let [version = ''] = await winners('replace', null)
  for (let round = 0; round < rounds; round++) {
    const versions = await winners('replace', version)
    expect(versions).toHaveLength(1)
    version = versions[0] ?? ''
    expect((await store.get('replace', signal))?.version).toBe(version)
  }
})
