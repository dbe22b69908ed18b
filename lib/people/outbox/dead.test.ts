import { expect, test } from 'vitest'
import { recorded } from '../../../dev/worlds/recording.ts'
import { createSealing } from '../../oauth/keys/sealing.ts'
import { createMemoryStore } from '../../store/memory.ts'
import { bury, listDead, sealDeadAnew } from './dead.ts'
import { type OutboxRecord, recordSchema } from './message.ts'

const { signal } = new AbortController()
const secret = (text: string) => new Uint8Array(Buffer.from(text.padEnd(40, '.')))
const sealOf = (current: string, ...previous: readonly string[]) =>
  createSealing('https://docs.example.com', {
    current: secret(current),
    previous: previous.map(secret),
    retired: [],
  }).encrypted('outbox-message', recordSchema)

test('dead messages open after the secret that sealed them is dropped, once they were sealed anew', async () => {
  const store = createMemoryStore()
  const now = () => Date.parse('2027-01-15T08:00:00Z')
  const message = (id: string): OutboxRecord => ({
    ...{ id, type: 'person.first_seen', body: '{}', at: now(), attempts: 3 },
    key: `outbox/1800000000/1800200000.${id}.-`,
  })
  const parts = { store, now, log: recorded(() => {}) }
  for (const id of ['msg_1', 'msg_2']) await bury({ ...parts, seal: sealOf('first') }, message(id), signal)
  await bury({ ...parts, seal: sealOf('second', 'first') }, message('msg_3'), signal)
  const unknown = { sealed: 'not ours' }
  await store.put('dead-webhooks/1900000000/msg_4.-', unknown, signal)
  const versions = async () =>
    Promise.all(
      (await store.list('dead-webhooks/', signal)).keys.map(async (key) => (await store.get(key, signal))?.version),
    )
  const ids = async (current: string) =>
    (await listDead({ ...parts, seal: sealOf(current) }, signal)).messages.map(({ id }) => id)
  expect(await ids('second')).toEqual(['msg_3'])
  await sealDeadAnew({ store, seal: sealOf('second', 'first') }, signal)
  expect((await ids('second')).sort()).toEqual(['msg_1', 'msg_2', 'msg_3'])
  expect((await store.get('dead-webhooks/1900000000/msg_4.-', signal))?.value).toEqual(unknown)
  const before = await versions()
  await sealDeadAnew({ store, seal: sealOf('second', 'first') }, signal)
  expect(await versions()).toEqual(before)
})
