import { expect, test } from 'vitest'
import { readBody } from './body.ts'

test('body: a body within the limit is read whole', async () => {
  expect(String(await readBody(new Blob(['hällo']).stream(), 6))).toBe('hällo')
  expect(String(await readBody(null, 0))).toBe('')
})

test('body: reading stops at the first byte over the limit', async () => {
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(4)),
    cancel: () => {
      cancelled = true
    },
  })
  expect(await readBody(endless, 6)).toBeNull()
  expect(cancelled).toBe(true)
})

test('body: an error of the stream is thrown', async () => {
  const broken = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new Error('broken')) })
  await expect(readBody(broken, 6)).rejects.toThrow('broken')
})
