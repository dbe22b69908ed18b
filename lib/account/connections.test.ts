import { expect, test } from 'vitest'
import { newGrantKey, subjectOf } from '../oauth/grants/record.ts'
import { createMemoryStore } from '../store/memory.ts'
import { createConnections } from './connections.ts'

test('a person ends no grant of another person, whatever the form says [N21]', async () => {
  const [ada, eve] = ['ada', 'eve'].map((name) => subjectOf('https://login.example/', name))
  const ended: string[] = []
  const revoke = async (key: string) => void ended.push(key)
  const connections = createConnections(createMemoryStore(), { revoke }, () => 0)
  const key = newGrantKey(ada ?? '', 2_000_000_000)
  const { signal } = new AbortController()
  await expect(connections.end(eve ?? '', key, signal)).rejects.toThrow(TypeError)
  expect(ended).toEqual([])
  await connections.end(ada ?? '', key, signal)
  expect(ended).toEqual([key])
})
