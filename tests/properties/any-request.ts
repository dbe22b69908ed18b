import assert from 'node:assert/strict'
import fc from 'fast-check'
import { absentPaths, paths } from '../../lib/oauth/capabilities.ts'
import { mcpPaths } from '../../lib/settings/docs-resource.ts'
import { hostileHeader, hostileText } from './hostile.ts'
import { soundAnswer } from './invariants.ts'
import { discardKit, kit } from './kit.ts'
import { property } from './property.ts'

const anyPath = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...Object.values({ ...paths, ...mcpPaths }), ...absentPaths(mcpPaths.mcp)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/',
      '//',
      '/oauth',
      '/oauth/',
      '/oauth/token/',
      '/%6fauth/token',
      '/oauth/%',
      '/mcp/../oauth/token',
      '/constructor',
    ),
  },
)
const query = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('client_id', 'state', 'code', 'redirect_uri', 'error'), hostileText), hostileText),
  {
    maxLength: 3,
  },
)
const names = [
  'accept',
  'authorization',
  'content-type',
  'cookie',
  'forwarded',
  'host',
  'origin',
  'sec-fetch-dest',
  'sec-fetch-site',
  'sec-purpose',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-http-method-override',
]
const headers = fc.array(
  fc.tuple(
    fc.constantFrom(...names),
    fc.oneof(hostileHeader, fc.constantFrom('evil.example', 'https://evil.example', 'same-origin', 'POST')),
  ),
  {
    maxLength: 4,
  },
)
const method = fc.constantFrom(
  'GET',
  'POST',
  'POST',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PATCH',
  'PROPFIND',
  'post',
  'constructor',
  'toString',
  '__proto__',
)
const contentType = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/html', '')

export const anyRequest = property({
  name: 'any request to any path: a well-formed answer without a redirect or token, and nothing written',
  cases: 1_500,
  values: fc.record({ path: anyPath, query, method, headers, contentType, body: hostileText }),
  afterFailure: discardKit,
  async holds({ path, query, method, headers: sent, contentType, body }) {
    const { server, contents } = await kit()
    const headers = new Headers()
    for (const [name, value] of sent) headers.append(name, value)
    if (contentType !== '' && !headers.has('content-type')) headers.set('content-type', contentType)
    const search = new URLSearchParams(query.map(([name, value]) => [name, value]))
    const takesBody = method !== 'GET' && method !== 'HEAD'
    const before = await contents()
    const response = await server.fetch(`${path}?${search}`, { method, headers, ...(takesBody ? { body } : {}) })
    const discovery = path.startsWith('/.well-known/') && response.status === 200
    const { headers: answered, text } = await soundAnswer(response)
    assert.equal(answered.get('location'), null)
    assert(!text.includes('access_token"'), text)
    if (discovery) assert(!text.includes('evil.example'), text)
    if (!discovery && response.status === 200) assert.equal(method, 'OPTIONS')
    assert.equal(await contents(), before)
  },
})
