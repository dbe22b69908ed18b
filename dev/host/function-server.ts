import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ManifestFunction, readManifest } from '../build/manifest.ts'
import { callerOf } from './arrival.ts'
import {
  type Arrival,
  type Caller,
  type EarlyAnswer,
  invoke,
  loadHandler,
  provideLambdaRuntime,
  toEvent,
} from './invoke.ts'
import type { Platform } from './options.ts'
import { matchRoute } from './routes.ts'

/** Netlify's limit for a buffered request body, in bytes. */
const maxBody = 6 * 1024 * 1024

export interface FunctionServerOptions {
  /** The built functions. */
  readonly directory: string
  readonly manifestPath: string
  /** What the functions learn about the platform. */
  readonly platform: Platform
  /** The site's files, by their paths. */
  readonly files: Readonly<Record<string, string>>
  /** 0 means any free port. */
  readonly port: number
  /**
   * The network addresses to listen at. Those after the first are left out on a machine that does not have them. None: all
   * addresses of the machine.
   */
  readonly addresses: readonly string[]
  /** Says how a request has reached this server, or answers it before any function sees it. */
  readonly arrive: (request: IncomingMessage) => Arrival | EarlyAnswer
  /** Called before a function is. */
  readonly beforeCall?: (url: URL) => void
  /** The most bytes of request bodies that are in memory at once. Beyond them, requests get 503. Default: no limit. */
  readonly maxBuffered?: number
}

/** The functions behind HTTP, in this process. */
export interface FunctionServer {
  readonly port: number
  readonly functions: readonly ManifestFunction[]
  /** Calls a scheduled function. Resolves when it has finished, including `waitUntil`. */
  call(name: string, caller: Caller): Promise<void>
  /** Stops accepting connections, and tells connections that are kept that their next answer is the last. */
  close(): void
  /** Resolves when all requests have finished, including their `waitUntil` work. */
  drained(): Promise<void>
  /** How many requests have not finished. */
  unfinished(): number
}

/**
 * Runs the functions' real artifacts behind HTTP, as Netlify's edge would.
 *
 * @throws Error if the port is taken or the artifact cannot be read
 */
export async function startFunctionServer(options: FunctionServerOptions): Promise<FunctionServer> {
  provideLambdaRuntime()
  const functions = await readManifest(options.manifestPath)
  const servers: Server[] = []
  const inFlight = new Map<ServerResponse | symbol, Promise<unknown>>()
  let buffered = 0
  let closing = false

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (closing) response.setHeader('connection', 'close')
    const sent = once(response, 'close')
    const done = answer(request, response)
      .catch((error: unknown) => fail(request, response, error))
      .then(() => sent)
      .finally(() => inFlight.delete(response))
    inFlight.set(response, done)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The platform's edge does not pass on requests that cannot become a web-standard Request.
    if (request.method === 'TRACE') return reply(response, { status: 405, text: 'Method Not Allowed' })
    const arrival = options.arrive(request)
    if ('status' in arrival) return reply(response, arrival)
    const { url } = arrival
    const match = matchRoute(functions, url.pathname, request.method ?? 'GET')
    const file = fileAt(request, url)
    if (file !== undefined && (!match || match.fileFirst)) {
      return void response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(file)
    }
    if (!match) return reply(response, { status: 404, text: 'Not Found' })
    options.beforeCall?.(url)
    const body = await readBody(request)
    if ('status' in body) return reply(response, { ...body, headers: { ...body.headers, connection: 'close' } })
    try {
      const handler = await loadHandler(options.directory, match.name)
      if (!(await isThere(request))) return
      const event = toEvent({ ...callerOf(request, arrival), body: body.bytes }, match, options.platform)
      await invoke(handler, event, response)
    } finally {
      buffered -= body.bytes.length
    }
  }

  /**
   * Netlify runs functions first. It serves a file if no function matches, or if the function prefers the file
   * (`preferStatic`).
   */
  function fileAt({ method }: IncomingMessage, { pathname }: URL): string | undefined {
    const { files } = options
    return (method === 'GET' || method === 'HEAD') && Object.hasOwn(files, pathname) ? files[pathname] : undefined
  }

  /** Reads the whole body. Refuses one that is larger than the platform accepts, and one for which there is no memory. */
  async function readBody(request: IncomingMessage): Promise<{ readonly bytes: Buffer } | EarlyAnswer> {
    const { maxBuffered = Number.POSITIVE_INFINITY } = options
    const chunks: Buffer[] = []
    let length = 0
    const refuse = (refusal: EarlyAnswer) => {
      buffered -= length
      request.resume()
      return refusal
    }
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        length += chunk.length
        buffered += chunk.length
        if (length > maxBody) return refuse({ status: 413, text: 'Content Too Large' })
        if (buffered > maxBuffered) return refuse({ status: 503, text: 'Busy', headers: { 'retry-after': '1' } })
        chunks.push(chunk)
      }
    } catch (error) {
      buffered -= length
      throw error
    }
    return { bytes: Buffer.concat(chunks) }
  }

  async function listen(address: string | undefined, port: number): Promise<number> {
    // This is longer than any client keeps an idle connection, so that the host never closes one under a new request.
    const server = createServer({ keepAliveTimeout: 65_000 }, handle)
    server.listen(port, address)
    await once(server, 'listening')
    servers.push(server)
    const bound = server.address()
    return typeof bound === 'object' && bound ? bound.port : port
  }

  const [first, ...others] = options.addresses
  const port = await listen(first, options.port)
  for (const address of others) {
    try {
      await listen(address, port)
    } catch (error) {
      // A machine without IPv6 gets IPv4 only. `localhost` works in both cases.
      if (!isCode(error, 'EADDRNOTAVAIL') && !isCode(error, 'EAFNOSUPPORT')) throw error
    }
  }
  return {
    port,
    functions,
    async call(name, caller) {
      const id = Symbol(name)
      const done = loadHandler(options.directory, name).then((handler) =>
        invoke(handler, toEvent({ ...caller, body: Buffer.alloc(0) }, { name }, options.platform), null),
      )
      inFlight.set(id, done)
      await done.finally(() => inFlight.delete(id))
    },
    close() {
      closing = true
      for (const server of servers) server.close()
      for (const response of inFlight.keys()) {
        if (typeof response === 'object' && !response.headersSent) response.setHeader('connection', 'close')
      }
    },
    async drained() {
      while (inFlight.size > 0) await Promise.allSettled(inFlight.values())
    },
    unfinished: () => inFlight.size,
  }
}

/**
 * Says whether the caller still waits. After this process stood still, a request may be old: its caller has given up, and has sent it
 * again. The end of a connection is known two turns of the event loop after its last bytes.
 */
async function isThere({ socket }: IncomingMessage): Promise<boolean> {
  for (let turn = 0; turn < 2; turn++) await nextTurn()
  return !socket.readableEnded && !socket.destroyed
}

const isCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code

function reply(response: ServerResponse, { status, text, headers = {} }: EarlyAnswer): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`)
}

/** Answers 502 for a function that throws. The reason is printed here and never sent. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The caller disconnected in the middle of its request.
  if (request.destroyed && !request.complete) return
  // The query of an authorization request contains `state` and codes, so it is not printed.
  console.error(`${request.method} ${request.url?.split('?')[0]} failed:`, error)
  if (response.headersSent) response.destroy()
  else reply(response, { status: 502, text: 'Bad Gateway' })
}
