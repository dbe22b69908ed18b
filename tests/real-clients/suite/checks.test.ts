import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readChecks, stale, unexpected } from './checks.ts'
import { notApplicable, nothingChecked } from './not-applicable.ts'

const check = (scenario: string, id: string, status = 'FAILURE') => ({ scenario, id, status, message: '' })
const list = [
  { scenarios: ['prompts-list'], reason: 'r' },
  { scenarios: ['caching'], checks: ['of-prompts'], reason: 'r' },
]

test.each(['FAILURE', 'WARNING', 'SKIPPED'])('%s is unexpected, unless it is listed', (status) => {
  const checks = [
    check('ping', 'a', status),
    check('prompts-list', 'b', status),
    check('caching', 'of-prompts', status),
    check('caching', 'of-tools', status),
    check('ping', 'c', 'SUCCESS'),
  ]
  expect(unexpected(checks, list)).toEqual([`ping: a ${status}`, `caching: of-tools ${status}`])
})

test('the check of the form of messages is never excused', () => {
  expect(unexpected([check('prompts-list', 'wire-schema-valid')], list)).toHaveLength(1)
})

test('a listed check that passes is stale, and so is a listed check that no suite has', () => {
  const open = [check('prompts-list', 'b'), check('caching', 'of-prompts')]
  expect(stale(open, list)).toEqual([])
  expect(stale([check('prompts-list', 'b', 'SUCCESS'), ...open.slice(1)], list)).toHaveLength(1)
  expect(stale(open.slice(0, 1), list)).toEqual(['caching: of-prompts is listed as not applicable, and passes'])
})

test('a scenario without checks has not passed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checks-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const results = {
    'server-ping-2026-11-21T06-26-55-577Z': [{ id: 'ping', status: 'SUCCESS' }],
    'server-caching-2026-11-21T06-26-55-600Z': [{ id: 'wire-schema-valid', status: 'SUCCESS' }],
    'server-tools-list-2026-11-21T06-26-55-700Z': [],
  }
  for (const [name, checks] of Object.entries(results)) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'checks.json'), JSON.stringify(checks))
  }
  expect(unexpected(await readChecks(folder, 'server'), []).toSorted()).toEqual([
    `caching: ${nothingChecked} SKIPPED`,
    `tools-list: ${nothingChecked} SKIPPED`,
  ])
})

test('a check of a feature that the server does not offer does not count as skipped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checks-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const skipped = (id: string, note?: string) => ({ id, status: 'SKIPPED', ...(note && { details: { note } }) })
  const results = [
    { id: 'discover', status: 'SUCCESS' },
    skipped('ack', 'Server advertises no subscription-delivered capability; subscriptions/listen is not applicable.'),
    skipped('changed', 'Server did not declare tools.listChanged capability in server/discover'),
    skipped('other', 'The harness needs a rewrite'),
    skipped('silent'),
  ]
  await mkdir(join(folder, 'server-x-2026-11-21T06-26-55-577Z'))
  await writeFile(join(folder, 'server-x-2026-11-21T06-26-55-577Z', 'checks.json'), JSON.stringify(results))
  expect(unexpected(await readChecks(folder, 'server'), [])).toEqual(['x: other SKIPPED', 'x: silent SKIPPED'])
})

test('no scenario is listed twice', () => {
  const all = notApplicable.flatMap(({ scenarios }) => scenarios)
  expect(new Set(all).size).toBe(all.length)
})
