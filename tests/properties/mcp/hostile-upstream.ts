import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { members } from '../invariants.ts'
import { parsed } from './tool-results.ts'

/** The behavior of the upstream instead of an answer. */
export interface Conduct {
  /** The method of the message that gets this behavior. A request that is not MCP has no method. */
  readonly method: string
  /** The pieces that it sends, each in its own write. `@id@` stands for the id of the request. */
  readonly pieces: readonly Buffer[]
  readonly ends: 'closes' | 'resets' | 'stays' | 'repeats'
}

/** All services that the tools call, on loopback: Kapa's MCP server and REST API, the hub, the form. */
export interface HostileUpstream {
  readonly url: string
  /** Without it, every request gets a proper answer. */
  conduct: Conduct | undefined
  /** All valid requests, in order. */
  readonly asked: { readonly path: string; readonly body: Readonly<Record<string, unknown>> }[]
  /** The method of every message that has arrived, valid or not; `''` if the message has no method. */
  readonly received: string[]
  /** Resolves when each connection on which it misbehaved is closed, because a client may reuse an open one. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** The answer to every valid request. */
export const goodAnswer = (question: string) => `about ${question}`

export async function startHostileUpstream(): Promise<HostileUpstream> {
  const open = new Set<Socket>()
  const spoilt = new Set<Socket>()
  const server = createServer((request, response) => void answer(request, response))
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => [open, spoilt].map((sockets) => sockets.delete(socket)))
    socket.on('error', () => undefined)
  })
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request)
    const body = members(parsed(text))
    const { conduct } = upstream
    const method = String(body.method ?? '')
    upstream.received.push(method)
    if (conduct?.method === method) {
      spoilt.add(request.socket)
      return play(conduct, request.socket, String(body.id))
    }
    upstream.asked.push({ path: request.url ?? '', body })
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    const good = isForm ? '' : goodBody(body)
    response.writeHead(good === undefined ? 202 : 200, { 'content-type': 'application/json' }).end(good)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const upstream: HostileUpstream = {
    url: `http://127.0.0.1:${port}`,
    conduct: undefined,
    asked: [],
    received: [],
    async settled() {
      const closed = [...spoilt].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const socket of spoilt) socket.end()
      await Promise.all(closed)
    },
    async stop() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** `undefined`: the message needs no answer. */
function goodBody({ method, id, params, query }: Readonly<Record<string, unknown>>): string | undefined {
  if (method === undefined)
    return JSON.stringify([{ source_url: 'https://docs.example.com/', content: goodAnswer(`${query}`) }])
  if (id === undefined) return undefined
  const { protocolVersion = null, arguments: args } = members(params)
  const serverInfo = { name: 'upstream', version: '1' }
  const content = [{ type: 'text', text: goodAnswer(`${members(args).query}`) }]
  const result = method === 'initialize' ? { protocolVersion, capabilities: {}, serverInfo } : { content }
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}

/** Writes to the socket directly, without the HTTP server that has read the request. */
function play(conduct: Conduct, socket: Socket, id: string, from = 0): void {
  const { pieces, ends } = conduct
  const piece = pieces[from]
  if (socket.destroyed) return
  if (piece !== undefined) {
    // As long as the id that it stands for, because Content-Length has been sent.
    const text = piece.toString('latin1').replaceAll('"@id@"', id.padEnd(6))
    socket.write(Buffer.from(text, 'latin1'), () => play(conduct, socket, id, from + 1))
    return
  }
  switch (ends) {
    case 'closes':
      socket.end()
      break
    case 'resets':
      socket.resetAndDestroy()
      break
    case 'repeats':
      if (pieces.length > 0) setImmediate(() => play(conduct, socket, id))
      break
    case 'stays':
  }
}
