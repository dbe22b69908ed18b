import { request } from 'node:http'
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
