import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import type { LookupFunction } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fetchUntrusted } from './fetch-untrusted.ts'

test('a public host is reached only at the checked addresses, and only with a certificate of a public authority', async () => {
  // No test uses the public internet: this one ends where a connection would begin.
  const request = vi.spyOn(https, 'request').mockImplementation(() => {
    throw new Error('no traffic')
  })
  syncBuiltinESMExports()
  onTestFinished(() => {
    request.mockRestore()
    syncBuiltinESMExports()
  })
  const addresses = [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ]
  const fetching = fetchUntrusted('https://client.example/c.json', {
    accept: 'application/json',
    userAgent: 'test/1',
    maxBytes: 100,
    localOrigins: ['https://localhost:9443'],
    certificateAuthorities: ['a test authority'],
    resolve: async () => addresses,
  })
  await expect(fetching).rejects.toThrow('fetch refused: network')
  expect(request).toHaveBeenCalledTimes(1)
  const [url, options] = request.mock.lastCall ?? []
  expect(url).toEqual(new URL('https://client.example/c.json'))
  expect(options).toMatchObject({ method: 'GET', agent: false, rejectUnauthorized: true })
  expect(options).not.toHaveProperty('ca')
  const answered = vi.fn<Parameters<LookupFunction>[2]>()
  const pinned = typeof options === 'object' && 'lookup' in options ? options.lookup : undefined
  pinned?.('client.example', { all: true }, answered)
  expect(answered).toHaveBeenCalledWith(null, addresses)
})
