/**
 * The function host: a child process that runs the functions' real artifacts behind HTTP, as Netlify's edge would.
 * Started by `startHost`; ends with its parent.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import * as v from 'valibot'
import { readHosts } from '../../lib/settings/hosts.ts'
import { createSettingsReader } from '../../lib/settings/reader.ts'
import { type ManifestFunction, readManifest } from '../build/manifest.ts'
import { invoke, loadHandler, provideLambdaRuntime, toEvent } from './invoke.ts'
import { type HostOptions, type Notice, order } from './options.ts'
import { matchRoute } from './routes.ts'

/** Netlify's limit for a buffered request body. Bytes. */
const maxBody = 6 * 1024 * 1024
/** How long requests in flight may still take after the order to stop. Milliseconds. */
const drainTime = 10_000

const tell = (notice: Notice) => process.send?.(notice)
const servers: Server[] = []
const inFlight = new Map<ServerResponse, Promise<unknown>>()
let stopping = false
let hinted = false

// A terminal's Ctrl-C, and its end, go to the whole process group; the supervisor decides when the host ends.
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
    // A machine without IPv6 is served on IPv4 alone; `localhost` works either way.
    if (!isCode(error, 'EADDRNOTAVAIL') && !isCode(error, 'EAFNOSUPPORT')) throw error
  }
  return port
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
  port: number,
): Promise<number> {
  // Longer than any client keeps an idle connection, so that it is never ours that closes under a new request.
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
  // The platform's edge passes on none that a web-standard Request cannot be made of.
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

/** The URL as the caller addressed it: the real `Host`, which decides whose endpoints answer. Null if there is none. */
function requestUrl(request: IncomingMessage): URL | null {
  const { host } = request.headers
  if (!host || !/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(host)) return null
  return request.url?.startsWith('/') ? URL.parse(`http://${host}${request.url}`) : null
}

/** Netlify asks functions first, and looks for a file where none answers, or one prefers the file (`preferStatic`). */
function fileAt({ method }: IncomingMessage, { pathname }: URL, { files }: HostOptions): string | undefined {
  return (method === 'GET' || method === 'HEAD') && Object.hasOwn(files, pathname) ? files[pathname] : undefined
}

/** Says once why a person who typed 127.0.0.1 for localhost gets nothing but 404 (D-04). */
function hintAtOtherHost(url: URL, { deploy }: HostOptions): void {
  const { MCP_OAUTH_ISSUER: issuer = '' } = process.env
  if (hinted || deploy.context !== 'dev' || !URL.canParse(issuer)) return
  const { proxyHosts } = readHosts(createSettingsReader(process.env))
  if ([new URL(issuer).host, ...proxyHosts].includes(url.host)) return
  hinted = true
  console.error(
    `A request came for ${url.host}, which is not the issuer's host and gets 404: use ${issuer}${url.pathname}`,
  )
}

/** The whole body, or null if it is larger than the platform takes. */
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

/** A function that throws gives 502, and its reason is printed here, never sent. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The caller went away in the middle of its own request.
  if (request.destroyed && !request.complete) return
  // The query of an authorization request carries state and codes: it is not printed.
  console.error(`${request.method} ${request.url?.split('?')[0]} failed:`, error)
  if (response.headersSent) response.destroy()
  else reply(response, 502, 'Bad Gateway')
}

/** Frees the port, lets requests and `waitUntil` work finish, and ends. */
async function stop(): Promise<void> {
  stopping = true
  setTimeout(() => process.exit(0), drainTime)
  for (const server of servers) server.close()
  tell({ type: 'closed' })
  for (const response of inFlight.keys()) if (!response.headersSent) response.setHeader('connection', 'close')
  while (inFlight.size > 0) await Promise.allSettled(inFlight.values())
  process.exit(0)
}
