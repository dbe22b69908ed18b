import { expect, test } from 'vitest'
import { createMemoryStore } from '../../store/memory.ts'
import { createVersionRecorder, versionsOf } from './client-versions.ts'
import { clientNameKey } from './names.ts'
import { createPseudonymSource } from './pseudonyms.ts'
import { startOfDay } from './time.ts'

const { signal } = new AbortController()
const sealer = { kid: 'one', seal: ({ key }: { key: string }) => key, open: (key: string) => ({ key }) }

test('the record of a client has the versions that were seen last, and what else it has stays', async () => {
  const store = createMemoryStore()
  let now = startOfDay('20261101')
  const pseudonyms = createPseudonymSource({ store, issuerHash: 'issuer', sealer, now: () => now })
  const note = createVersionRecorder({ store, pseudonyms, now: () => now })
  const client = { hash: 'h', name: 'Claude' }
  const key = clientNameKey((await pseudonyms.load(signal)).client(client))
  // A client that never signed in has no record, and gets none.
  await note(client, '1.0.0', signal)
  expect(await store.get(key, signal)).toBeNull()

  await store.create(key, { name: 'Claude', more: 1 }, signal)
  for (const [index, version] of ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.10.0', '1.9.0', '1.1.0'].entries()) {
    now = startOfDay('20261101') + Math.floor(index / 2) * 86_400_000
    await note(client, version, signal)
  }
  const stored = await store.get(key, signal)
  expect(stored?.value).toMatchObject({ name: 'Claude', more: 1 })
  expect(versionsOf(stored?.value.versions)).toEqual(['1.1.0', '1.10.0', '1.9.0', '1.3.0', '1.2.0'])
  await note(client, '1.1.0', signal)
  expect((await store.get(key, signal))?.version).toBe(stored?.version)
})

test.each([undefined, 'x', [1], { 'a@b.example': '20261101', '1.0': 7, '2.0': '20261101' }])(
  'a record that something else wrote shows no text of its own: %s',
  (value) => {
    expect(versionsOf(value).filter((version) => version !== '2.0')).toEqual([])
  },
)
