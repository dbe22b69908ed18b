import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { after } from '../../bench/peers/browser.ts'
import { Operations } from '../../bench/peers/operations.ts'
import { startPeer } from '../../bench/peers/peer-process.ts'
import { peers } from '../../bench/peers/peers.ts'
import { otherName, Records } from '../../bench/peers/records.ts'
import { Client, inTurns, runBatch, unitNames } from '../../bench/peers/units.ts'
import { startUpstream } from '../../bench/peers/upstream.ts'
import { repository } from '../../dev/repository.ts'

const page = 'http://localhost:1/a/page?x=1'
const html = { 'content-type': 'text/html; charset=utf-8' }
const json = { 'content-type': 'application/json' }

test('the browser of the benchmark follows redirects and what a script would be told', () => {
  expect(after({ status: 302, headers: { location: '../b' }, text: '' }, page)?.url).toBe('http://localhost:1/b')
  expect(after({ status: 200, headers: json, text: '{"url":"/c","redirect":true}' }, page)?.url).toBe(
    'http://localhost:1/c',
  )
  expect(after({ status: 200, headers: json, text: '{"redirect_uri":"http://127.0.0.1:2/d"}' }, page)?.url).toBe(
    'http://127.0.0.1:2/d',
  )
  expect(after({ status: 200, headers: json, text: '{"error":"no"}' }, page)).toBeNull()
  expect(after({ status: 500, headers: html, text: '' }, page)).toBeNull()
})

test('the browser of the benchmark presses the first button of a page, as a form or as the JSON of a script', () => {
  const form = (more: string) =>
    `<form method="post" action="/go"${more}><input type="hidden" name="accept" value="true"><button name="decision" value="approve">Allow</button></form>`
  expect(after({ status: 200, headers: html, text: form('') }, page)).toMatchObject({
    url: 'http://localhost:1/go',
    sent: { method: 'POST', body: 'accept=true&decision=approve' },
  })
  const asJson = after({ status: 200, headers: html, text: form(' enctype="application/json"') }, page)
  expect(asJson?.sent).toMatchObject({ headers: json, body: '{"accept":true,"decision":"approve"}' })
})

test('the store of the peers counts each operation, and lists a folder', async () => {
  const operations = new Operations()
  const records = new Records(operations)
  await records.set('grant:person:1', 'one')
  await records.set('grant:other:2', 'two')
  await records.change('grant:person:1', (text) => `${text}!`)
  expect(await records.get('grant:person:1')).toBe('one!')
  expect(await records.list('grant:person')).toEqual(['grant:person:1'])
  await records.delete('grant:person:1')
  expect(await records.list('grant:person')).toEqual([])
  expect(operations.counts).toEqual({ read: 1, write: 3, delete: 1, list: 2, transaction: 0 })
})

test('copied records have names of the same form, and count for nothing', async () => {
  const operations = new Operations()
  const records = new Records(operations)
  await records.set('token:person:12345678', 'text')
  records.seed(50)
  expect(records.size).toBe(50)
  expect(operations.counts.write).toBe(1)
  expect(otherName('token:person:12345678')).toMatch(/^token:[0-9a-f]{6}:[0-9a-f]{8}$/)
})

test('work is done so many at a time, each piece once', async () => {
  let [now, most] = [0, 0]
  const done: number[] = []
  const walls = await inTurns(9, 3, async (index) => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
    done.push(index)
  })
  expect(most).toBe(3)
  expect(done.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(walls).toHaveLength(9)
})

test('the peers are exact versions, and their lockfile has no download addresses', () => {
  const read = (name: string) => readFileSync(join(repository, 'bench/peers', name), 'utf8')
  const { dependencies } = JSON.parse(read('package.json'))
  for (const [name, version] of Object.entries(dependencies)) expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]) // biome-ignore format: one line
  expect(JSON.parse(read('package-lock.json')).packages[''].dependencies).toEqual(dependencies)
  expect(read('package-lock.json')).not.toContain('"resolved"')
})

test('this project does every unit of work, and its operations are counted', async () => {
  const [ours] = peers
  if (ours === undefined) throw new Error('no peer')
  const upstream = await startUpstream()
  onTestFinished(() => upstream.stop())
  const started = await startPeer(ours, upstream.origin)
  onTestFinished(() => started.stop())
  const client = new Client(started, upstream.origin, 2)
  onTestFinished(() => client.close())

  const done: string[] = []
  await runBatch(client, started, 2, async (unit, count, work) => {
    await inTurns(count, 2, work)
    done.push(unit)
  })
  expect(done).toEqual(unitNames)
  const { counts, records, cpu } = await started.usage()
  expect(counts.write).toBeGreaterThan(2)
  expect(cpu).toBeGreaterThan(0)
  await started.seed(records + 100)
  expect((await started.usage()).records).toBeGreaterThanOrEqual(records + 100)
})
