import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { createTestCa } from '../../dev/tls/ca.ts'

/** The behavior of a server on one connection, byte for byte. */
export interface Conduct {
  /** Proper TLS, or plain bytes to a client that starts TLS. */
  readonly encrypted: boolean
  /** When it begins to send: at once, or after the request has arrived. */
  readonly begins: 'at once' | 'when asked'
  /** The pieces that it sends, each in its own write. */
  readonly pieces: readonly Uint8Array[]
  /** What it does afterwards. */
  readonly ends: 'closes' | 'resets' | 'stays' | 'repeats'
}

export interface HostileServer {
  readonly port: number
  readonly caPem: string
  /** Applies to all later connections. */
  conduct: Conduct
  /** Resolves when all connections are closed. */
  allClosed(): Promise<void>
  stop(): Promise<void>
}

export const hostileHost = 'docs.client.example'

/** Starts a hostile server on loopback. */
export async function startHostileServer(): Promise<HostileServer> {
  const ca = await createTestCa()
  const identity = await ca.certificateFor([hostileHost])
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    const { conduct } = hostile
    const stream = conduct.encrypted ? new TLSSocket(socket, { isServer: true, ...identity }) : socket
    open.add(stream)
    stream.on('close', () => open.delete(stream))
    for (const each of [stream, socket]) each.on('error', () => undefined)
    // A socket that does not read never learns that the other side has closed.
    stream.resume()
    const begin = () => play(conduct, stream, socket)
    if (conduct.begins === 'when asked') stream.once('data', begin)
    // A handshake that never ends keeps its connection open.
    else if (conduct.encrypted) stream.once('secure', begin)
    else begin()
  })
  const hostile: HostileServer = {
    port: await listen(server),
    caPem: ca.caPem,
    conduct: { encrypted: true, begins: 'when asked', pieces: [], ends: 'closes' },
    async allClosed() {
      // `once` of node:events would reject on an error, and any end of a connection is fine here.
      await Promise.all([...open].map((stream) => new Promise((resolve) => stream.once('close', resolve))))
    },
    async stop() {
      server.close()
      for (const stream of open) stream.destroy()
      await once(server, 'close')
    },
  }
  return hostile
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

function play(conduct: Conduct, stream: Socket, socket: Socket, from = 0): void {
  const { pieces, ends } = conduct
  const piece = pieces[from]
  if (stream.destroyed) return
  if (piece !== undefined) {
    stream.write(piece, () => play(conduct, stream, socket, from + 1))
    return
  }
  switch (ends) {
    case 'closes':
      stream.end()
      break
    case 'resets':
      socket.resetAndDestroy()
      break
    case 'repeats':
      if (pieces.length > 0) setImmediate(() => play(conduct, stream, socket))
      break
    case 'stays':
  }
}
