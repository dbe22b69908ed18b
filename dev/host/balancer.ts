import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Balancer {
  stop(): Promise<void>
}

/**
 * Spreads connections over several hosts in turn, as a platform with several instances does. It skips a host that does
 * not accept connections.
 *
 * @param targets returns the current ports of the hosts
 */
export async function startBalancer(port: number, targets: () => readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let turn = 0

  async function reach(): Promise<Socket | null> {
    const ports = targets()
    const first = turn++
    for (let step = 0; step < ports.length; step++) {
      const target = ports[(first + step) % ports.length]
      if (target === undefined) continue
      const socket = connect(target, '127.0.0.1')
      const connected = await once(socket, 'connect').then(
        () => true,
        () => false,
      )
      if (connected) return socket
    }
    return null
  }

  async function join(caller: Socket): Promise<void> {
    keep(caller)
    const host = await reach()
    if (!host || caller.destroyed) {
      host?.destroy()
      caller.destroy()
      return
    }
    keep(host)
    caller.pipe(host).once('close', () => caller.destroy())
    host.pipe(caller).once('close', () => host.destroy())
  }

  function keep(socket: Socket): void {
    sockets.add(socket)
    // An error is always followed by `close`, which ends the other half.
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }

  const servers: Server[] = []
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => void join(socket)).listen(port, host)
    const failure = await once(server, 'listening').then(
      () => null,
      (error: NodeJS.ErrnoException) => error,
    )
    if (!failure) servers.push(server)
    else if (failure.code !== 'EADDRNOTAVAIL' && failure.code !== 'EAFNOSUPPORT') throw failure
  }
  return {
    async stop() {
      const closed = servers.map((server) => once(server.close(), 'close'))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
