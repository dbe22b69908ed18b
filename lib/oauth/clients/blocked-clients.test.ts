import { describe, expect, test } from 'vitest'
import { newSecrets } from '../../../dev/worlds/authorization-server.ts'
import { sha256 } from '../../base/sha256.ts'
import { docsScopes } from '../../settings/docs-resource.ts'
import { createSealing } from '../keys/sealing.ts'
import { createBlockedClients, parseBlockList } from './blocked-clients.ts'
import { isHost } from './host.ts'
import { createMetadataDocuments } from './published/documents.ts'
import { createRegistrations } from './registration.ts'
import { createRegistrationSealer } from './sealed-registration.ts'

const never = new AbortController().signal
const policy = { scopes: docsScopes.all, privateUseUris: ['cursor://anysphere.cursor-mcp/oauth/callback'] }

function listOf(...entries: string[]) {
  const list = parseBlockList(entries)
  if (!list) throw new Error('no such list')
  const log: object[] = []
  const blocked = createBlockedClients(list, (event, fields) => log.push({ event, ...fields }))
  return { blocked, log }
}

describe('entries', () => {
  const hash = sha256('https://client.example/c.json')

  test('a hash, a host, a date', () => {
    expect(parseBlockList([hash, 'evil.example', 'evil.example:8443', 'before:2026-11-01'])).toEqual({
      hashes: new Set([hash]),
      hosts: new Set(['evil.example', 'evil.example:8443']),
      before: Date.UTC(2026, 10, 1) / 1000,
    })
  })

  test('the later of two dates counts', () => {
    const list = parseBlockList(['before:2026-11-01T12:30Z', 'before:2026-10-01'])
    expect(list?.before).toBe(Date.UTC(2026, 10, 1, 12, 30) / 1000)
  })

  test.each([
    'https://evil.example',
    'EVIL.example',
    'evil.example.',
    'evil.example:443',
    'evil.example/path',
    'user@evil.example',
    '*.evil.example',
    'evil example',
    'before:',
    'before:yesterday',
    'before:2026-13-01',
    'before:2026-11-01T12:00',
    `${hash}=`,
    '',
  ])('%j is reported as a mistake, and does not become an entry without effect', (entry) =>
    expect(parseBlockList([entry])).toBeNull(),
  )

  test.each(['*.example.com', 'Example.com', 'https://example.com', 'example.com/', ''])('%j is not a host', (text) =>
    expect(isHost(text)).toBe(false),
  )
})

describe('a registration', () => {
  const sealer = createRegistrationSealer(createSealing('https://docs.example', newSecrets()))
  const issuedAt = Date.UTC(2026, 10, 1)
  const uris = ['http://127.0.0.1/cb', 'https://evil.example/cb', ...policy.privateUseUris]

  async function isKnown(entry: (clientId: string) => string) {
    const open = createRegistrations({ sealer, policy, now: () => issuedAt })
    const registered = await open.register({ redirect_uris: uris })
    if ('error' in registered) throw new Error(registered.description)
    const { blocked, log } = listOf(entry(registered.client_id))
    const registrations = createRegistrations({ sealer, policy, blocked, now: () => issuedAt })
    const client = await registrations.resolve(registered.client_id)
    const refusal = { event: 'client_blocked', client: sha256(registered.client_id) }
    expect(log).toEqual(client ? [] : [refusal])
    // Now from memory: judged again, and logged again.
    expect(await registrations.resolve(registered.client_id)).toBe(client)
    expect(log).toEqual(client ? [] : [refusal, refusal])
    return client !== null
  }

  test.each([
    ['its hash', (id: string) => sha256(id), false],
    ['another hash', () => sha256('another'), true],
    ['the host of one of its redirect URIs', () => 'evil.example', false],
    ['that host on another port', () => 'evil.example:8443', true],
    ['another host', () => 'example', true],
    ['a host on loopback, whatever its port', () => '127.0.0.1', false],
    ['a time after it was issued', () => 'before:2026-11-01T00:00:01Z', false],
    ['the time when it was issued', () => 'before:2026-11-01', true],
  ])('blocked by %s', async (_what, entry, expected) => expect(await isKnown(entry)).toBe(expected))
})

test.each([
  ['evil.example', 'evil.example:8443', true],
  ['evil.example:8443', 'evil.example:8443', true],
  ['evil.example:8443', 'evil.example', false],
  ['127.0.0.1', '127.0.0.1:7777', true],
  ['[::1]', '[::1]:7777', true],
  ['example', 'evil.example', false],
])('%s among the entries, %s in a code: %j', (entry, host, expected) => {
  expect(listOf(entry).blocked.blocks({ hash: sha256('a client'), hosts: [host] })).toBe(expected)
})

describe('a client with a metadata document', () => {
  const url = 'https://client.example/c.json'

  async function resolve(entry: string) {
    const { blocked, log } = listOf(entry)
    let fetched = 0
    const documents = createMetadataDocuments({
      fetch: async () => {
        fetched += 1
        const document = { client_id: url, client_name: 'Example', redirect_uris: ['https://app.example/cb'] }
        const body = new TextEncoder().encode(JSON.stringify(document))
        return { status: 200, headers: new Headers(), contentType: 'application/json', body }
      },
      policy,
      blocked,
      now: () => 0,
    })
    const client = await documents.resolve(url, never)
    return { isKnown: !('kind' in client), fetched, log }
  }
  const refusal = { event: 'client_blocked', client: sha256(url) }

  test.each([sha256(url), 'client.example'])('%s: refused before anything is fetched', async (entry) => {
    expect(await resolve(entry)).toEqual({ isKnown: false, fetched: 0, log: [refusal] })
  })

  test('the host of its redirect URI: refused once the document says so', async () => {
    expect(await resolve('app.example')).toEqual({ isKnown: false, fetched: 1, log: [refusal] })
  })

  test.each([sha256('x'), 'example', 'before:2100-01-01'])('%s does not block it', async (entry) => {
    expect(await resolve(entry)).toEqual({ isKnown: true, fetched: 1, log: [] })
  })
})
