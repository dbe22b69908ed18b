import { describe, expect, test } from 'vitest'
import type { PersonRow } from '../../people/reports/reports.ts'
import { type ExportParts, exportAnswer } from './export-answer.ts'

const person = { sub: 'u_1', email: 'ada@docs.example' } as PersonRow

async function* nothing() {}

/** Posts the form of the page of exports where there are so many people, spread evenly. */
async function post(people: number, fields: Readonly<Record<string, string>>) {
  const audited: string[] = []
  const asked: unknown[] = []
  const parts = {
    origin: 'https://docs.example',
    reports: () => ({
      countPeople: async () => Array.from({ length: 64 }, () => people / 64),
      async *exportPeople(_signal: AbortSignal, part: unknown) {
        asked.push(part)
        yield person
      },
      exportUsage(_range: unknown, _signal: AbortSignal, part: unknown) {
        asked.push(part)
        return nothing()
      },
      exportCompanies: nothing,
    }),
    actions: {
      recordExport: async (_actor: string, what: string, detail: string) => void audited.push(`${what}: ${detail}`),
    },
    auditEntries: async () => ({ entries: [] }),
    now: Date.now,
  } as unknown as ExportParts
  const visit = {
    session: { sub: 'admin' },
    form: new Map(Object.entries({ format: 'csv', days: '30', ...fields })),
    request: new Request('https://docs.example/admin/exports'),
    signal: new AbortController().signal,
  } as unknown as Parameters<typeof exportAnswer>[0]
  const answer = await exportAnswer(visit, parts)
  return { answer, audited, asked, file: answer.headers.get('content-disposition')?.match(/"(.*)"/)?.[1] }
}

describe('an export of people', () => {
  test('that fits is one file', async () => {
    const { file, audited, asked, answer } = await post(8_000, { what: 'people' })
    expect([file, audited, asked]).toEqual(['people.csv', ['people: csv, 30 days'], [undefined]])
    expect(await answer.text()).toContain('ada@docs.example')
  })

  test('that would not end in time leads to its parts, and reads and records nothing', async () => {
    const { answer, audited, asked } = await post(8_064, { what: 'people' })
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      'https://docs.example/admin/exports/parts?what=people&format=csv&days=30',
    ])
    expect([audited, asked]).toEqual([[], []])
  })

  test('a part is a file of its own, and the audit log names it', async () => {
    const { file, audited, asked } = await post(100_032, { what: 'people', part: '03-of-16' })
    expect([file, audited, asked]).toEqual([
      'people-part-03-of-16.csv',
      ['people: csv, 30 days, part 3 of 16'],
      [{ index: 2, of: 16 }],
    ])
  })
})

test('an export of usage by many people has 16 parts', async () => {
  expect((await post(50_000, { what: 'usage' })).file).toBe('usage-30-days.csv')
  expect((await post(50_048, { what: 'usage' })).answer.status).toBe(303)
  const { file, asked } = await post(50_048, { what: 'usage', part: '16-of-16' })
  expect([file, asked]).toEqual(['usage-30-days-part-16-of-16.csv', [15]])
})

test.each([
  { what: 'everything' },
  { what: 'people', part: '1' },
  { what: 'people', part: '17-of-16' },
  { what: 'usage', part: '01-of-64' },
  { what: 'audit', part: '01-of-16' },
])('there is no export %j', async (fields) => {
  await expect(post(1, fields)).rejects.toThrow('there is no such export')
})
