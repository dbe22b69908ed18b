import { expect, test } from 'vitest'
import { machineRows } from './machine-rows.ts'

const counts = (calls: number) => ({ calls, failed: 0, refused: 0, cancelled: 0 })

test('a machine that the settings have no more stays with its calls, and a client of the same name adds none to it', async () => {
  const clients = [
    { client: { id: '1', name: 'old-check', machine: true as const }, ...counts(5), signIns: 0 },
    { client: { id: '2', name: 'docs-ci', machine: true as const }, ...counts(9), signIns: 0 },
    { client: { id: '3', name: 'nightly' }, ...counts(7), signIns: 1 },
  ]
  const entries = ['docs-ci', 'nightly'].map((name) => ({ kind: 'machine' as const, name }))
  const rows = await machineRows(
    { clients: async () => clients },
    { list: async () => entries },
    { days: 7 },
    new AbortController().signal,
  )
  expect(rows.map(({ name, calls, configured }) => [name, calls, configured])).toEqual([
    ['docs-ci', 9, true],
    ['old-check', 5, false],
    ['nightly', 0, true],
  ])
})
