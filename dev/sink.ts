import type { IncomingMessage } from 'node:http'
import type * as v from 'valibot'
import {
  control,
  type EndpointFault,
  headersOf,
  listenOnLoopback,
  misbehave,
  mockControls,
  pathOf,
  readBody,
  sendJson,
} from './stand-in.ts'

/** One POST: what was read from it, and more. It is recorded when it arrives, whatever the answer is. */
export type Delivery<Read> = Read & {
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The status of the answer; null until it is sent. */
  readonly status: number | null
}

type Recorded<Read> = Delivery<Read> & { status: number | null }

export interface Sink<Read> {
  readonly port: number
  received(): readonly Delivery<Read>[]
  reset(): void
  stop(): Promise<void>
}

export interface SinkOptions<Read, Faults> {
  readonly port: number
  /** The only path that accepts POSTs; every path if omitted. */
  readonly path?: string
  /** The text that a browser sees at this path and at the root. */
  readonly about: string
  /** @returns undefined for a request that is not a delivery, which gets 404 */
  readonly read: (text: string, request: IncomingMessage) => Read | undefined
  /** Returns the status with which a delivery is refused. By default every delivery is accepted. */
  readonly refuse?: (delivery: Delivery<Read>) => number | undefined
  readonly faults: Faults
  /** The schema of `faults`. */
  readonly schema: v.GenericSchema<unknown, Faults>
  /** Returns the fault to apply now. */
  readonly take: () => EndpointFault | undefined
}

/**
 * Starts a server that accepts POSTs and remembers them. `GET /__mock/received`, `POST /__mock/reset` and
 * `POST /__mock/faults` do over HTTP what the returned object does in process.
 *
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken
 */
export async function startSink<Read extends object, Faults extends object>({
  path,
  about,
  read,
  refuse,
  faults,
  schema,
  take,
  ...at
}: SinkOptions<Read, Faults>): Promise<Sink<Read>> {
  const deliveries: Recorded<Read>[] = []
  const { reset, controls } = mockControls('received', deliveries, faults, schema)
  const { port, stop } = await listenOnLoopback(at.port, async (request, response) => {
    if (await control(controls, request, response)) return
    const here = pathOf(request)
    if (request.method === 'GET' && (here === path || here === '/')) {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
      return void response.end(`${about}\n`)
    }
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
    const text = await readBody(request).catch(() => undefined)
    if (text === undefined) return void response.writeHead(413).end()
    const delivered = path === undefined || here === path ? read(text, request) : undefined
    if (delivered === undefined) return void response.writeHead(404).end()
    const delivery: Recorded<Read> = { ...delivered, headers: headersOf(request), at: Date.now(), status: null }
    deliveries.push(delivery)
    response.once('finish', () => {
      delivery.status = response.statusCode
    })
    const fault = take()
    if (fault !== undefined && (await misbehave(fault, response))) return
    const refusal = refuse?.(delivery)
    sendJson(response, refusal ?? 200, refusal === undefined ? { ok: true } : { error: 'refused' })
  })
  return { port, received: () => deliveries, reset, stop }
}
