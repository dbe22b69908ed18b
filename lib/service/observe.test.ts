import { types } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { measured, observed } from '../base/telemetry.ts'
import { runRequest } from './observe.ts'
import { eventStoresOf, storeOf } from './store.ts'

const site = { issuer: 'https://docs.example', storeName: 's', production: true }
const context = { requestId: 'r', deploy: { context: 'production' }, waitUntil: vi.fn() }
const request = new Request('https://docs.example/health')

afterEach(() => {
  vi.unstubAllEnvs()
  delete observed.by
  context.waitUntil.mockClear()
})

test('while no collector is named, work is done as it is: nothing is wrapped, kept or waited for', async () => {
  const answer = new Response()
  expect(await runRequest(request, context, async () => answer)).toBe(answer)
  const work = Promise.resolve(1)
  expect(measured('kapa', 'POST https://kapa.example', () => work)).toBe(work)
  expect([storeOf(site), eventStoresOf(site).of('20261130')].filter(types.isProxy)).toEqual([])
  expect([observed.by, context.waitUntil.mock.calls]).toEqual([undefined, []])
})

test('a collector measures the store, and a failure of the work stays that failure', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1')
  const bug = new Error('a bug')
  await expect(
    runRequest(request, context, async () => {
      expect([storeOf(site), eventStoresOf(site).of('20261130')].every(types.isProxy)).toBe(true)
      throw bug
    }),
  ).rejects.toBe(bug)
  expect(context.waitUntil).toHaveBeenCalledOnce()
  // The collector is not there. The work after the answer ends all the same.
  await context.waitUntil.mock.calls[0]?.[0]
})
