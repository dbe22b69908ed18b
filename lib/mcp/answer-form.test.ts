import { expect, test } from 'vitest'
import { asJson } from './answer-form.ts'

const result = (id: number) => ({ jsonrpc: '2.0', id, result: { text: 'data: {"a":1}\n\nevent: message' } })
const failure = { jsonrpc: '2.0', id: 2, error: { code: -32602, message: 'no' } }
const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } }
const events = (...messages: readonly object[]) =>
  new Response(
    `: keepalive\n\n${messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join(': keepalive\n\n')}`,
    { headers: { 'content-type': 'text/event-stream' } },
  )

test('an event stream becomes its answer, without the notifications before it', async () => {
  const response = await asJson(events(progress, progress, result(1)), false)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json'])
  expect(await response.json()).toEqual(result(1))
})

test('the answers to a batch become a list, also if there is only one', async () => {
  expect(await (await asJson(events(result(1), progress, failure), true)).json()).toEqual([result(1), failure])
  expect(await (await asJson(events(result(1)), true)).json()).toEqual([result(1)])
})

test('a stream that ends before its answer is an internal error', async () => {
  const response = await asJson(events(progress), false)
  expect([response.status, await response.json()]).toMatchObject([500, { error: { code: -32603 } }])
})

test('an answer that is not an event stream stays as it is', async () => {
  for (const response of [Response.json(failure, { status: 400 }), new Response(null, { status: 202 })]) {
    expect(await asJson(response, false)).toBe(response)
  }
})
