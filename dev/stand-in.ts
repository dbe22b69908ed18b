import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import * as v from 'valibot'

/** What the stand-ins of the local world share: they listen only on loopback, produce faults on demand, and have controls over HTTP. */

/** Handles a request. It may answer later, and may throw. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Listening {
  readonly port: number
  /** Closes every connection, even those that wait for an answer. */
  stop(): Promise<void>
}

const maxBodyBytes = 1024 * 1024
const attemptsAtAnyPort = 10

/**
 * Listens on 127.0.0.1, and on ::1 if the machine has it. `localhost` means either of them, and another program must not
 * listen on the second. If `handle` throws, the request gets 500 and the error is printed.
 *
 * @param port 0 means any port that is free on both
 * @throws Error with `code: 'EADDRINUSE'` if the port is taken on either
 */
export async function listenOnLoopback(port: number, handle: Handle): Promise<Listening> {
  const guarded = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      await handle(request, response)
    } catch (error) {
      console.error(`${request.method} ${pathOf(request)}:`, error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    }
  }
  for (let attempt = 1; ; attempt++) {
    const ipv4 = createServer(guarded)
    const chosen = await listen(ipv4, port, '127.0.0.1')
    const ipv6 = createServer(guarded)
    try {
      await listen(ipv6, chosen, '::1')
      return { port: chosen, stop: async () => void (await Promise.all([close(ipv4), close(ipv6)])) }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return { port: chosen, stop: () => close(ipv4) }
      await close(ipv4)
      if (code !== 'EADDRINUSE' || port !== 0 || attempt === attemptsAtAnyPort) throw error
    }
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, ipv6Only: true }, () => {
      server.off('error', reject)
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'))
      resolve(address.port)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Reads the whole body as text, at most 1 MB. @throws Error if it is longer or breaks off */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Returns each header as one string. Repeated headers are joined as HTTP joins them. */
export function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/**
 * `never`: no answer at all. `slow`: the usual answer, late. `close`: the connection ends without an answer. `endless`: 200, and a
 * body that never ends. Without `times`, the fault stays until it is removed.
 */
export const endpointFault = v.variant('kind', [
  v.strictObject({
    kind: v.literal('status'),
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    /** Seconds. */
    retryAfter: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    location: v.optional(v.string()),
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  v.strictObject({ kind: v.literal('never'), times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))) }),
  v.strictObject({
    kind: v.literal('slow'),
    milliseconds: v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)),
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  v.strictObject({
    kind: v.picklist(['close', 'endless']),
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
])
export type EndpointFault = v.InferOutput<typeof endpointFault>

/** Returns the fault to apply now. Counts its `times` down, and calls `clear` after the last time. */
export function takeFault<Fault extends { times?: number | undefined }>(
  fault: Fault | undefined,
  clear: () => void,
): Fault | undefined {
  if (fault?.times !== undefined && --fault.times === 0) clear()
  return fault
}

/**
 * Applies a fault.
 *
 * @param error the body of an answer whose status the fault sets
 * @returns whether the request is settled, so that the caller must not answer it
 */
export async function misbehave(
  fault: EndpointFault,
  response: ServerResponse,
  error: object = { error: 'temporarily_unavailable' },
): Promise<boolean> {
  switch (fault.kind) {
    case 'status': {
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter))
      if (fault.location !== undefined) response.setHeader('location', fault.location)
      sendJson(response, fault.status, error)
      return true
    }
    case 'never':
      return true
    case 'close':
      response.destroy()
      return true
    case 'endless':
      response.writeHead(200)
      Readable.from(endlessText())
        .on('error', () => undefined)
        .pipe(response)
      return true
    case 'slow':
      await setTimeout(fault.milliseconds, undefined, { ref: false })
      return false
  }
}

function* endlessText(): Generator<string> {
  for (;;) yield 'x'.repeat(65_536)
}

/**
 * Runs a control of a stand-in (`<method> <path>` to a function of the parsed JSON body). Controls are for programs on this
 * machine: a request that a web page could have made, across origins or by DNS rebinding, is refused.
 *
 * @returns whether the request was for a control, and is answered
 */
export async function control(
  controls: { readonly [route: string]: (body: unknown) => unknown },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const run = controls[`${request.method} ${pathOf(request)}`]
  if (run === undefined) return false
  const host = request.headers.host?.replace(/:\d+$/, '') ?? ''
  if (request.headers.origin !== undefined || !['localhost', '127.0.0.1', '[::1]'].includes(host)) {
    response.writeHead(403).end()
    return true
  }
  try {
    const body = await readBody(request)
    sendJson(response, 200, (await run(body === '' ? undefined : JSON.parse(body))) ?? {})
  } catch (error) {
    sendJson(response, 400, { error: error instanceof Error ? error.message : 'invalid' })
  }
  return true
}

export function pathOf(request: IncomingMessage): string {
  return request.url?.replace(/[?#].*$/s, '') ?? '/'
}

/** Replaces the members of `target` by those of `source`, so that every holder of `target` sees them. */
export function assignAll<T extends object>(target: T, source: T): void {
  clearAll(target)
  Object.assign(target, source)
}

function clearAll(target: object): void {
  for (const name of Object.keys(target)) Reflect.deleteProperty(target, name)
}

/**
 * Makes the controls of a stand-in that remembers what it receives: `GET /__mock/<list>`, `POST /__mock/reset` and
 * `POST /__mock/faults`.
 *
 * @param schema of `faults`
 * @returns the controls, and `reset` for use in process
 */
export function mockControls<T extends object>(
  list: 'calls' | 'received',
  records: unknown[],
  faults: T,
  schema: v.GenericSchema<unknown, T>,
) {
  const reset = () => {
    records.length = 0
    clearAll(faults)
  }
  const controls = {
    [`GET /__mock/${list}`]: () => records,
    'POST /__mock/reset': reset,
    'POST /__mock/faults': (given: unknown) => assignAll(faults, v.parse(schema, given)),
  }
  return { reset, controls }
}
