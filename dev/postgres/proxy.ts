import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A fault of the connection between the service and the database:
 * - `drop`: both connections are cut; `hang`: the proxy no longer passes anything on.
 * - `answer`: the service gets an error with this SQLSTATE instead. With `ends`, the connection also ends, as after a FATAL
 *   error.
 */
export type Fault = {
  /** Before the statement reaches the database, or after the database has done it. */
  readonly when: 'before' | 'after'
  /** The statements that meet the fault, by their SQL. Default: all. */
  readonly statement?: RegExp
  /** How many statements meet the fault. Default: all. */
  readonly count?: number
} & (
  | { readonly action: 'drop' | 'hang' }
  | { readonly action: 'answer'; readonly code: string; readonly ends: boolean }
)

export interface FaultyProxy {
  readonly port: number
  add(fault: Fault): void
  clear(): void
  /** The statements that have passed or met a fault, by the first word of their SQL. */
  readonly statements: string[]
  /** Leads new connections to another port, and cuts the others. */
  redirect(port: number): void
  /** Milliseconds that each statement waits before it is passed on. */
  latency: number
  /** Refuses connections that ask for settings of the server, as PgBouncer does. */
  refuseSettings: boolean
  stop(): Promise<void>
}

/**
 * Starts a proxy in front of a PostgreSQL server on loopback. It understands only the part of the protocol that its faults need.
 */
export async function startProxy(target: number): Promise<FaultyProxy> {
  let targetPort = target
  let faults: { readonly fault: Fault; left: number }[] = []
  const sockets = new Set<Socket>()
  const statements: string[] = []

  function faultFor(sql: string): Fault | undefined {
    const found = faults.find(({ fault, left }) => left > 0 && (fault.statement?.test(sql) ?? true))
    if (found) found.left -= 1
    return found?.fault
  }

  const server = createServer({ noDelay: true }, (client) => {
    const database = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
    let hangs = false
    let begun = false
    /** The fault after the answer that is under way. */
    let pending: Fault | undefined
    let answer: Buffer[] = []
    const cut = () => {
      client.destroy()
      database.destroy()
    }
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }

    function carryOut(fault: Fault): void {
      if (fault.action === 'answer') {
        client.write(errorMessage(fault.code))
        if (fault.ends) client.end()
        else client.write(ready)
      } else if (fault.action === 'drop') cut()
      else hangs = true
    }

    client.on('data', (chunk) => {
      if (hangs) return
      if (!begun) {
        begun = true
        if (proxy.refuseSettings && chunk.includes('statement_timeout')) {
          client.end(errorMessage('08P01', 'unsupported startup parameter in options: statement_timeout'))
          return
        }
      } else if (chunk[0] === parse) {
        const sql = chunk.toString('latin1')
        statements.push(/[A-Z]+/.exec(sql.slice(5))?.[0] ?? '')
        const fault = faultFor(sql)
        if (fault?.when === 'before') return carryOut(fault)
        pending = fault
        if (proxy.latency > 0) return void setTimeout(() => database.write(chunk), proxy.latency)
      }
      database.write(chunk)
    })
    database.on('data', (chunk) => {
      if (hangs) return
      if (!pending) return void client.write(chunk)
      answer.push(chunk)
      if (!Buffer.concat(answer).includes(ready)) return
      carryOut(pending)
      pending = undefined
      answer = []
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const proxy: FaultyProxy = {
    port: typeof address === 'object' && address ? address.port : 0,
    refuseSettings: false,
    latency: 0,
    statements,
    add: (fault) => faults.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY }),
    clear: () => {
      faults = []
    },
    redirect(port) {
      targetPort = port
      cutAll()
    },
    async stop() {
      server.close()
      cutAll()
    },
  }
  return proxy
}

const parse = 'P'.charCodeAt(0)
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])

/** Makes an ErrorResponse. Each field is a letter and a text that ends with a zero byte. */
function errorMessage(code: string, text = 'made by a test'): Buffer {
  const fields = Buffer.from(`SERROR\0VERROR\0C${code}\0M${text}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
