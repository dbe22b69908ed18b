import { expect, onTestFinished, test } from 'vitest'
import { startCrmSink } from './server.ts'

async function start() {
  const crm = await startCrmSink({ port: 0 })
  onTestFinished(() => crm.stop())
  return crm
}
const post = (url: string, body: unknown) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(60_000),
  })

test('remembers each delivery, in process and over HTTP, until reset', async () => {
  const crm = await start()
  expect((await post(crm.url, { email: 'ada@example.com' })).status).toBe(200)
  expect(crm.received()).toMatchObject([{ body: { email: 'ada@example.com' } }])
  const listed = await fetch(new URL('/__mock/received', crm.url))
  expect(await listed.json()).toMatchObject([
    { body: { email: 'ada@example.com' }, headers: { 'content-type': 'application/json' } },
  ])
  await fetch(new URL('/__mock/reset', crm.url), { method: 'POST' })
  expect(crm.received()).toEqual([])
})

test('fails on demand, as often as asked, and still records each request', async () => {
  const crm = await start()
  crm.faults.webhook = { kind: 'status', status: 500, times: 2 }
  expect([(await post(crm.url, 1)).status, (await post(crm.url, 2)).status, (await post(crm.url, 3)).status]).toEqual([
    500, 500, 200,
  ])
  expect(crm.received().map((delivery) => delivery.body)).toEqual([1, 2, 3])

  await post(new URL('/__mock/faults', crm.url).href, {
    webhook: { kind: 'status', status: 301, location: '/elsewhere' },
  })
  const redirect = await post(crm.url, 4)
  expect([redirect.status, redirect.headers.get('location')]).toEqual([301, '/elsewhere'])

  crm.faults.webhook = { kind: 'slow', milliseconds: 60 }
  const before = performance.now()
  expect((await post(crm.url, 5)).status).toBe(200)
  expect(performance.now() - before).toBeGreaterThan(50)
})

test('a webhook may have any path', async () => {
  const crm = await start()
  expect((await post(new URL('/hooks/secret', crm.url).href, 1)).status).toBe(200)
  expect(crm.received()).toHaveLength(1)
})

test('an unknown fault is refused, and a control request of a web page too', async () => {
  const crm = await start()
  const faults = new URL('/__mock/faults', crm.url).href
  expect((await post(faults, { webhook: { kind: 'explode' } })).status).toBe(400)
  expect(
    (await fetch(faults, { method: 'POST', headers: { origin: 'https://evil.example' }, body: '{}' })).status,
  ).toBe(403)
})

test('`localhost` means this server at every loopback address', async () => {
  const crm = await start()
  const { port } = new URL(crm.url)
  await expect(startCrmSink({ port: Number(port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  expect((await post(`http://127.0.0.1:${port}/`, 1)).status).toBe(200)
})
