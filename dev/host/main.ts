/**
 * The function host. This child process runs the functions' real artifacts behind HTTP, as Netlify's edge would.
 * `startHost` starts it, and it ends with its parent.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import * as v from 'valibot'
import { hostsIn } from '../../lib/settings/hosts.ts'
import { type ManifestFunction, readManifest } from '../build/manifest.ts'
import { invoke, loadHandler, provideLambdaRuntime, toEvent } from './invoke.ts'
import { type HostOptions, type Notice, order } from './options.ts'
import { matchRoute } from './routes.ts'

/** Netlify's limit for a buffered request body, in bytes. */
const maxBody = 6 * 1024 * 1024
/** Milliseconds that running requests may still take after the order to stop. */
const drainTime = 10_000

const tell = (notice: Notice) => process.send?.(notice)
const servers: Server[] = []
const inFlight = new Map<ServerResponse, Promise<unknown>>()
let stopping = false
let hinted = false

// Ctrl-C and the end of the terminal reach the whole process group. The supervisor decides when the host ends.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {})
process.once('disconnect', () => process.exit(1))
process.on('message', async (message) => {
  const received = v.parse(order, message)
  if (received.type === 'stop') return stop()
  try {
    tell({ type: 'listening', port: await start(received.options) })
  } catch (error) {
    tell({ type: 'failed', error: error instanceof Error ? error.message : String(error) })
  }
})

async function start(options: HostOptions): Promise<number> {
  provideLambdaRuntime()
  const functions = await readManifest(options.manifestPath)
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (stopping) response.setHeader('connection', 'close')
    const sent = once(response, 'close')
    const done = answer(request, response, functions, options)
      .catch((error: unknown) => fail(request, response, error))
      .then(() => sent)
      .finally(() => inFlight.delete(response))
    inFlight.set(response, done)
  }
  const port = await listen(handle, '127.0.0.1', options.port)
  try {
    await listen(handle, '::1', port)
  } catch (error) {
    // A machine without IPv6 gets IPv4 only. `localhost` works in both cases.
    if (!isCode(error, 'EADDRNOTAVAIL') && !isCode(error, 'EAFNOSUPPORT')) throw error
  }
  return port
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
  port: number,
): Promise<number> {
  // This is longer than any client keeps an idle connection, so that the host never closes one under a new request.
  const server = createServer({ keepAliveTimeout: 65_000 }, handle)
  server.listen(port, host)
  await once(server, 'listening')
  servers.push(server)
  const address = server.address()
  return typeof address === 'object' && address ? address.port : port
}

const isCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  functions: readonly ManifestFunction[],
  options: HostOptions,
): Promise<void> {
  // The platform's edge does not pass on requests that cannot become a web-standard Request.
  if (request.method === 'TRACE') return reply(response, 405, 'Method Not Allowed')
  const url = requestUrl(request)
  if (!url) return reply(response, 400, 'Bad Request')
  const match = matchRoute(functions, url.pathname, request.method ?? 'GET')
  const file = fileAt(request, url, options)
  if (file !== undefined && (!match || match.fileFirst)) {
    return void response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(file)
  }
  if (!match) return reply(response, 404, 'Not Found')
  hintAtOtherHost(url, options)
  const body = await readBody(request)
  if (!body) return reply(response.setHeader('connection', 'close'), 413, 'Content Too Large')
  const handler = await loadHandler(options.directory, match.name)
  await invoke(handler, toEvent(request, url, body, match, options), response)
}

/** Returns the URL with the caller's real `Host`, which decides which endpoints answer. Null if there is none. */
function requestUrl(request: IncomingMessage): URL | null {
  const { host } = request.headers
  if (!host || !/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(host)) return null
  return request.url?.startsWith('/') ? URL.parse(`http://${host}${request.url}`) : null
}

/**
 * Netlify runs functions first. It serves a file if no function matches, or if the function prefers the file
 * (`preferStatic`).
 */
function fileAt({ method }: IncomingMessage, { pathname }: URL, { files }: HostOptions): string | undefined {
  return (method === 'GET' || method === 'HEAD') && Object.hasOwn(files, pathname) ? files[pathname] : undefined
}

/** Prints once why a user who opens 127.0.0.1 instead of localhost gets only 404 (D-04). */
function hintAtOtherHost(url: URL, { deploy }: HostOptions): void {
  const { MCP_OAUTH_ISSUER: issuer = '' } = process.env
  if (hinted || deploy.context !== 'dev' || !URL.canParse(issuer)) return
  const { proxyHosts } = hostsIn(process.env)
  if ([new URL(issuer).host, ...proxyHosts].includes(url.host)) return
  hinted = true
  console.error(
    `A request came for ${url.host}, which is not the issuer's host and gets 404: use ${issuer}${url.pathname}`,
  )
}

/** Reads the whole body. Null if it is larger than the platform accepts. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > maxBody) {
      request.resume()
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** Answers 502 for a function that throws. The reason is printed here and never sent. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The caller disconnected in the middle of its request.
  if (request.destroyed && !request.complete) return
  // The query of an authorization request contains `state` and codes, so it is not printed.
  console.error(`${request.method} ${request.url?.split('?')[0]} failed:`, error)
  if (response.headersSent) response.destroy()
  else reply(response, 502, 'Bad Gateway')
}

/** Frees the port, lets requests and `waitUntil` work finish, and exits. */
async function stop(): Promise<void> {
  stopping = true
  setTimeout(() => process.exit(0), drainTime)
  for (const server of servers) server.close()
  tell({ type: 'closed' })
  for (const response of inFlight.keys()) if (!response.headersSent) response.setHeader('connection', 'close')
  while (inFlight.size > 0) await Promise.allSettled(inFlight.values())
  process.exit(0)
}
