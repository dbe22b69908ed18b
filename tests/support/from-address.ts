import { request } from 'node:http'
import { expect } from 'vitest'
import type { Sent } from './send.ts'
import type { Stack } from './stack.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** A request from an address of this machine (127.0.0.0/8) to one of the hosts of the stack, past the balancer. */
export function sendFrom(
  stack: Stack,
  address: string,
  host: number,
  path: string,
  { method = 'GET', headers = {}, body }: Sent = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = request({
    host: '127.0.0.1',
    port: stack.hosts()[host]?.port,
    localAddress: address,
    path,
    method,
    headers: { host: new URL(stack.url).host, ...headers },
    agent: false,
  })
  outgoing.on('error', reject).on('response', async (incoming) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const answered = new Headers()
    for (const [name, values] of Object.entries(incoming.headersDistinct)) {
      for (const value of values ?? []) answered.append(name, value)
    }
    resolve({ status: incoming.statusCode ?? 0, headers: answered, text: Buffer.concat(chunks).toString() })
  })
  outgoing.end(body)
  return promise
}

export const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()

export interface Burst {
  /** The status of an answer that passed. */
  readonly status: number
  readonly limit: number
  /** The name of the limit in the log and in the store. */
  readonly name: string
}

/**
 * Sends many requests at once, and proves that exactly the limit passes, however slow this machine is:
 * the limiter lets a hit pass for which the store has no answer in a second, and says so in the log.
 *
 * @returns those that were refused; at least one
 */
export async function expectExactly(
  stack: Stack,
  { status, limit, name }: Burst,
  send: (index: number) => Promise<Answer>,
  times: number,
): Promise<readonly [Answer, ...Answer[]]> {
  const [logged, stored] = [stack.logs.length, stack.emulator.operations().at(-1)?.sequence]
  const answers = await Promise.all(Array.from({ length: times }, (_, index) => send(index)))
  const isRefused = (answer: Answer) => answer.status === 429
  // So slow that hardly any request was counted: they arrive one by one.
  for (let more = 0; more <= limit && !answers.some(isRefused); more++) answers.push(await send(times + more))
  expect(new Set(statusesOf(answers))).toEqual(new Set([status, 429]))
  const passed = answers.filter((answer) => answer.status === status).length
  const unanswered = () =>
    stack.logs.slice(logged).filter((line) => line.includes('"limit_unavailable"') && line.includes(`"${name}"`))
  await expect.poll(() => passed - unanswered().length).toBeLessThanOrEqual(limit)
  expect(passed).toBeGreaterThanOrEqual(limit)
  const slots = stack.emulator.operations(stored).filter(({ key, ...operation }) => {
    return operation.method === 'PUT' && operation.status === 200 && key.includes(`/${name}/`)
  })
  expect(slots.length).toBeLessThanOrEqual(limit)
  const [refused, ...others] = answers.filter(isRefused)
  if (!refused) throw new Error('no request was refused')
  return [refused, ...others]
}
