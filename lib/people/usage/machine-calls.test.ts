import { expect, test } from 'vitest'
import { createMemoryStore } from '../../store/memory.ts'
import { readPeriodOfDay } from './day-totals.ts'
import { emptyPeriod, readPeriod, toPeriodValue } from './period.ts'
import { dayKey } from './shards.ts'
import { dayNumber } from './time.ts'

const { signal } = new AbortController()
const day = { calls: 9, failed: 0, refused: 0, cancelled: 0, people: 2, companies: 1, anonymousCalls: 3, signIns: 1 }

test('records that an earlier release composed have no calls of machines, and those of this release keep them', async () => {
  const store = createMemoryStore()
  const totals = { cells: [], people: 2, companies: 1, anonymousCalls: 3 }
  await store.put(dayKey('20261129'), totals, signal)
  await store.put(dayKey('20261130'), { ...totals, machineCalls: 4 }, signal)
  const read = async (name: string) => (await readPeriodOfDay(store, name, signal))?.days.get(dayNumber(name))
  expect([(await read('20261129'))?.machineCalls, (await read('20261130'))?.machineCalls]).toEqual([0, 4])

  const period = emptyPeriod()
  period.days.set(dayNumber('20261130'), { ...day, machineCalls: 4 })
  const stored = toPeriodValue({ through: '20261130', activePeople: 2, activeCompanies: 1, period })
  expect(readPeriod(stored)?.period.days.get(dayNumber('20261130'))).toEqual({ ...day, machineCalls: 4 })
  const [line = ''] = stored.days as string[]
  const older = { ...stored, days: [line.split(' ').slice(0, 9).join(' ')] }
  expect(readPeriod(older)?.period.days.get(dayNumber('20261130'))).toEqual({ ...day, machineCalls: 0 })
})
