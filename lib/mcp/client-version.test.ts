import { describe, expect, test } from 'vitest'
import { mcpForTests } from '../../dev/worlds/mcp-for-tests.ts'
import { post, rpc } from '../../dev/worlds/mcp-requests.ts'
import { clientVersionIn } from './client-version.ts'

const initialize = (version: unknown) => ({ method: 'initialize', params: { clientInfo: { name: 'x', version } } })
const withMeta = (version: unknown) => ({
  method: 'tools/call',
  params: { _meta: { 'io.modelcontextprotocol/clientInfo': { name: 'x', version } } },
})

test.each([
  ['in initialize', initialize('2.1.332'), '2.1.332'],
  ['with any request', withMeta('v0.171.0'), '0.171.0'],
  ['in a batch', [{ method: 'ping' }, initialize('1')], '1'],
  ['with more behind it, which is left out', initialize('1.2.3-beta (Ada’s laptop)'), '1.2.3'],
  ['of five numbers', initialize('1.2.3.4.5'), '1.2.3.4'],
  ['that is an address', initialize('ada@engines.example'), undefined],
  ['that begins like a name', initialize('1ada'), undefined],
  ['that is very long', initialize(`1.${'0'.repeat(80)}`), undefined],
  ['that is a number', initialize(3), undefined],
  ['of another method', { method: 'tools/call', params: { clientInfo: { version: '1' } } }, undefined],
  ['of nothing', undefined, undefined],
])('a version %s', (_, content, version) => {
  expect(clientVersionIn(content)).toBe(version)
})

describe('the endpoint tells the version', () => {
  const mcp = mcpForTests()

  test('of a client with a token, and of no other', async () => {
    const told: string[] = []
    const recordClientVersion = ({ sub }: { sub: string }, version: string) => void told.push(`${sub} ${version}`)
    const endpoint = mcp.endpoint({ requireAuth: false, recordClientVersion })
    const body = rpc('initialize', {
      ...{ protocolVersion: '2025-11-25', capabilities: {} },
      clientInfo: { name: 'x', version: '4.5.6' },
    })
    for (const headers of [{}, { authorization: `Bearer ${mcp.token}` }]) {
      expect((await endpoint.fetch(post(body, headers))).status).toBe(200)
    }
    expect(told).toEqual(['user-1 4.5.6'])
  })
})
