import assert from 'node:assert/strict'
import fc from 'fast-check'
import { claims, sign } from '../../../dev/worlds/mcp-endpoint.ts'
import { hostileHeader } from '../hostile.ts'
import { callOf, ownEndpoint } from '../mcp-endpoint.ts'
import { property } from '../property.ts'
import { type Message, mirrored, written } from './bodies.ts'
import { messageIn } from './tool-results.ts'

/** Further headers of proxies, browsers and hand-written clients. They must not matter. */
const stray = fc.constantFrom(
  ...['cookie', 'x-api-key', 'x-tenant', 'x-forwarded-for', 'x-forwarded-host', 'forwarded', 'proxy-authorization'],
  ...['x-http-method-override', 'traceparent', 'tracestate', 'baggage', 'user-agent', 'referer', 'via', 'priority'],
  ...['mcp-session-id', 'last-event-id', 'accept-language', 'accept-encoding', 'accept-charset', 'if-none-match'],
  ...['sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-dest', 'sec-purpose', 'cache-control', 'pragma', 'te', 'range'],
)

const messages: readonly Message[] = [
  { method: 'tools/list', id: 1 },
  { method: 'tools/call', id: 2, name: 'ask_question', arguments: { question: 'how?' } },
  { method: 'tools/call', id: 3, name: 'nothing' },
  { method: 'notifications/initialized' },
]

export const strayHeaders = property({
  name: 'the MCP endpoint: ignores headers without a meaning here, with and without a token',
  cases: 200,
  values: fc.record({
    one: fc.constantFrom(...messages),
    modern: fc.boolean(),
    signedIn: fc.boolean(),
    headers: fc.array(fc.tuple(stray, hostileHeader), { minLength: 1, maxLength: 5 }),
  }),
  async holds({ one, modern, signedIn, headers }) {
    const { fetch, key, now } = await ownEndpoint()
    const token = signedIn ? `Bearer ${await sign(key, claims(now))}` : null
    const answerTo = async (besides: readonly (readonly [string, string])[]) => {
      const request = callOf(written(one, modern), token)
      for (const [name, value] of modern ? Object.entries(mirrored(one)) : []) request.headers.set(name, value)
      for (const [name, value] of besides) request.headers.append(name, value)
      const response = await fetch(request)
      const text = await response.text()
      const challenge = response.headers.get('www-authenticate')
      return { status: response.status, challenge, message: text === '' ? null : messageIn(text) }
    }
    assert.deepEqual(await answerTo(headers), await answerTo([]))
  },
})
