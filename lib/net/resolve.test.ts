import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { resolvePublicName } from './resolve.ts'

const A = 1
const AAAA = 28
const records: Record<string, { readonly [type: number]: readonly number[] }> = {
  'both.example': { [A]: [192, 0, 2, 1], [AAAA]: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
  'four.example': { [A]: [192, 0, 2, 2] },
  'six.example': { [AAAA]: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] },
}
const never = new AbortController().signal

/** A name server (RFC 1035 §4) that knows three names and never answers for `silent.example`. */
const nameServer = createSocket('udp4').on('message', (query, from) => {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const name = labels.join('.').toLowerCase()
  if (name === 'silent.example') return
  const data = records[name]?.[query.readUInt16BE(at + 1)]
  const header = Buffer.from(query.subarray(0, 12))
  header.writeUInt16BE(0x8180 | (records[name] ? 0 : 3), 2)
  header.writeUInt16BE(data ? 1 : 0, 6)
  header.writeUInt32BE(0, 8)
  const answer = data ? [0xc0, 12, 0, query.readUInt8(at + 2), 0, 1, 0, 0, 0, 60, 0, data.length, ...data] : []
  nameServer.send(Buffer.concat([header, query.subarray(12, at + 5), Buffer.from(answer)]), from.port, from.address)
})

beforeAll(async () => {
  nameServer.bind(0, '127.0.0.1')
  await once(nameServer, 'listening')
  const server = `127.0.0.1:${nameServer.address().port}`
  for (const method of ['resolve4', 'resolve6'] as const) {
    const real: (this: Resolver, hostname: string) => Promise<string[]> = Resolver.prototype[method]
    vi.spyOn(Resolver.prototype, method).mockImplementation(function (this: Resolver, hostname: string) {
      if (this.getServers()[0] !== server) this.setServers([server])
      return real.call(this, hostname)
    })
  }
})

afterAll(() => {
  vi.restoreAllMocks()
  nameServer.close()
})

test('returns every address of both families', async () => {
  expect(await resolvePublicName('both.example', never)).toEqual([
    { address: '192.0.2.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ])
})

test('succeeds with addresses of one family', async () => {
  expect(await resolvePublicName('four.example', never)).toEqual([{ address: '192.0.2.2', family: 4 }])
  expect(await resolvePublicName('six.example', never)).toEqual([{ address: '2001:db8::2', family: 6 }])
})

test('a name that does not exist is an error', async () => {
  await expect(resolvePublicName('absent.example', never)).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('a silent name server delays the caller no longer than the deadline', async () => {
  const deadline = new AbortController()
  const resolving = resolvePublicName('silent.example', deadline.signal)
  deadline.abort()
  await expect(resolving).rejects.toMatchObject({ code: 'ECANCELLED' })
})
