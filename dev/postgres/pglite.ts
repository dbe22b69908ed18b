import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, openAsBlob } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import project from '../../package.json' with { type: 'json' }
import { repository } from '../repository.ts'

export interface LocalDatabase {
  readonly url: string
  stop(): Promise<void>
}

/** The first message of a connection, as the protocol numbers them. */
const codes = { startup: 196_608, ssl: 80_877_103, gss: 80_877_104, cancel: 80_877_102 } as const

/** The messages after which a client waits for an answer: a simple query, the end of an extended one, and what it says of copies. */
const endsTurn = new Set(['Q', 'S', 'F', 'c', 'f'].map((letter) => letter.charCodeAt(0)))
const terminate = 'X'.charCodeAt(0)

/**
 * Starts PostgreSQL in this process behind a socket on loopback, for `npm start` and for tests of the contract.
 *
 * PGlite is one session. The messages of one statement (Parse, Bind, Execute, Sync) are therefore passed on together, so that the
 * unnamed statement of one client is never bound by another. There are no transactions of several statements here. Such a
 * database shows nothing about races, locks or timeouts: those are tested on a real server.
 *
 * @param options.directory where it keeps its data; by default in memory
 * @param options.port by default any free one
 */
export async function startPglite(
  options: { readonly directory?: string | undefined; readonly port?: number } = {},
): Promise<LocalDatabase> {
  const { directory } = options
  const database = await (directory === undefined ? newDatabase() : PGlite.create({ dataDir: directory }))
  const sockets = new Set<Socket>()
  let queue: Promise<unknown> = Promise.resolve()

  /** Passes messages on when all earlier ones are answered. */
  const pass = (messages: Uint8Array, socket: Socket) => {
    queue = queue
      .then(() => database.execProtocolRaw(messages))
      .then(
        (answer) => void (socket.writable && socket.write(answer)),
        () => socket.destroy(),
      )
  }

  const server = createServer({ noDelay: true }, (socket) => {
    let bytes = Buffer.alloc(0)
    let turn: Buffer[] = []
    let hasStarted = false
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      for (;;) {
        const head = hasStarted ? 1 : 0
        if (bytes.length < head + 4) return
        const length = head + bytes.readInt32BE(head)
        if (bytes.length < length) return
        const message = bytes.subarray(0, length)
        bytes = bytes.subarray(length)
        if (hasStarted) typed(message)
        else first(message)
      }
    })

    function first(message: Buffer): void {
      const code = message.readInt32BE(4)
      if (code === codes.ssl || code === codes.gss) return void socket.write('N')
      if (code !== codes.startup) return void socket.destroy()
      hasStarted = true
      pass(message, socket)
    }

    function typed(message: Buffer): void {
      const [type = 0] = message
      if (type === terminate) return void socket.end()
      turn.push(message)
      if (!endsTurn.has(type)) return
      pass(Buffer.concat(turn), socket)
      turn = []
    }
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `postgres://postgres@localhost:${port}/postgres`,
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await queue.catch(() => {})
      await database.close()
    },
  }
}

/** An empty database as a file. Preparing one takes PGlite some seconds of CPU, and loading the file takes less than one. */
const emptyDatabase = join(
  repository,
  'node_modules/.cache',
  `pglite-${project.devDependencies['@electric-sql/pglite']}.tar`,
)

/** Creates a database in memory. */
async function newDatabase(): Promise<PGlite> {
  if (existsSync(emptyDatabase)) return PGlite.create({ loadDataDir: await openAsBlob(emptyDatabase) })
  const database = await PGlite.create()
  const dump = await database.dumpDataDir('none')
  await mkdir(dirname(emptyDatabase), { recursive: true })
  // The file gets its name when it is whole, since other processes may do the same.
  const part = `${emptyDatabase}.${randomUUID()}`
  await writeFile(part, dump.stream())
  await rename(part, emptyDatabase)
  return database
}
