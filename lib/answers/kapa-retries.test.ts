import { describe, expect, test } from 'vitest'
import {
  answered,
  answerNormally,
  eventStream,
  kapaForTests,
  never,
  type Respond,
  rpcError,
  user,
} from '../../dev/worlds/kapa.ts'

const signal = new AbortController().signal
const world = kapaForTests()

describe('a call is repeated', () => {
  const passing: [name: string, respond: Respond][] = [
    ['429', () => new Response('slow down', { status: 429 })],
    ['503', () => new Response('', { status: 503 })],
    ['a forgotten session', () => new Response('', { status: 404 })],
    ['no answer in time', never],
    ['an event stream that ends early', () => eventStream(': hello\n\n')],
    ['an event stream that breaks', () => eventStream('data: {"jsonrpc"', 'broken')],
  ]

  test.each(passing)('after %s, over a new connection, still naming the user', async (_name, respond) => {
    world.failing(1, respond)
    const kapa = world.createKapa(respond === never ? { callTimeout: 3_000 } : {})
    expect(await kapa.ask('how?', { user, signal })).toEqual(answered)
    expect([world.callsTried(), world.handshakes()]).toEqual([2, 2])
    expect(world.searchServer.calls).toMatchObject([{ meta: { user } }])
  })

  test.each(passing.slice(0, 2))('but not a third time after %s', async (_name, respond) => {
    world.failing(9, respond)
    expect(await world.createKapa().ask('how?', { user, signal })).toMatchObject({
      kind: 'failure',
      code: 'upstream_error',
    })
    expect(world.callsTried()).toBe(2)
  })

  test('after a handshake that failed temporarily', async () => {
    world.failing(1, () => new Response('', { status: 503 }), 'initialize')
    expect(await world.createKapa().ask('how?', { user, signal })).toEqual(answered)
  })

  test.each([
    ['an HTTP error', rpcError(400, 'unexpected field _meta')],
    [
      'a JSON-RPC error',
      () => Response.json({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'bad metadata' } }),
    ],
  ])('without the user where %s complains about _meta', async (_name, respond) => {
    world.failing(1, respond)
    expect(await world.createKapa().ask('how?', { user, signal })).toEqual(answered)
    expect(world.searchServer.calls).toMatchObject([{ meta: undefined }])
    expect(world.callsTried()).toBe(2)
  })

  test('without the user where the tool itself complains about _meta', async () => {
    world.searchServer.answer = async (query) =>
      world.searchServer.calls.at(-1)?.meta === undefined
        ? answerNormally(query)
        : { isError: true, content: [{ type: 'text', text: '_meta is not allowed' }] }
    expect(await world.createKapa().ask('how?', { user, signal })).toEqual(answered)
    expect(world.searchServer.calls).toMatchObject([{ meta: { user } }, { meta: undefined }])
  })

  test('but not for a complaint about _meta if the call had no _meta', async () => {
    world.failing(9, rpcError(400, 'unexpected field _meta'))
    expect(await world.createKapa().ask('how?', { user: undefined, signal })).toMatchObject({ detail: 'HTTP 400' })
    expect(world.callsTried()).toBe(1)
  })
})
