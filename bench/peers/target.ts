/** What the processes of all peers have in common: a web server on loopback, and answers to the commands of the benchmark. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Command, Ready, Usage } from './control.ts'
import type { Operations } from './operations.ts'

export interface Target {
  readonly ready: Ready
  readonly listener: RequestListener
  readonly operations: Operations
  /** Returns how many records are in the store. */
  records(): number
  /** Copies stored records under other names until there are so many. */
  seed(records: number): void | Promise<void>
}

/** Starts the peer of this process. It gets its own address before it is made, because that is a part of its configuration. */
export async function serveTarget(make: (origin: string, upstream: string) => Promise<Target>): Promise<void> {
  const upstream = process.env.PEERS_UPSTREAM ?? ''
  let answer: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A host that each peer takes for a local one, so that it allows http.
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const target = await make(origin, upstream)
  answer = target.listener
  process.on('message', async ({ id, command }: { id: number; command: Command }) => {
    process.send?.({ id, result: await run(target, command) })
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ ready: target.ready })
}

async function run({ operations, records, seed }: Target, command: Command): Promise<Usage | null> {
  switch (command.name) {
    case 'delay':
      operations.delay = command.milliseconds
      return null
    case 'seed':
      await seed(command.records)
      return null
    case 'usage': {
      const { user, system } = process.cpuUsage()
      return {
        counts: { ...operations.counts },
        cpu: user + system,
        records: records(),
        memory: process.memoryUsage.rss() / 1024 ** 2,
      }
    }
  }
}

/** Lets a handler of web-standard requests answer. It is the same bridge for each peer that has such a handler. */
export const webListener =
  (origin: string, handle: (request: Request, address: string) => Promise<Response>): RequestListener =>
  async (incoming, outgoing) => {
    try {
      await send(await handle(await requestOf(origin, incoming), addressOf(incoming)), outgoing)
    } catch (error) {
      console.error(error)
      outgoing.writeHead(500).end()
    }
  }

/** Returns the address that the benchmark gives to each person. A proxy would report it in the same header. */
export const addressOf = ({ headers }: IncomingMessage) => String(headers['x-forwarded-for'] ?? '127.0.0.1')

async function requestOf(origin: string, incoming: IncomingMessage): Promise<Request> {
  const { method = 'GET', url = '/' } = incoming
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) headers.set(name, String(value))
  if (method === 'GET') return new Request(origin + url, { headers })
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return new Request(origin + url, { method, headers, body: Buffer.concat(chunks) })
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  const cookies = response.headers.getSetCookie()
  const headers = Object.fromEntries(response.headers)
  if (cookies.length > 0) Reflect.deleteProperty(headers, 'set-cookie')
  outgoing.writeHead(response.status, cookies.length > 0 ? { ...headers, 'set-cookie': cookies } : headers)
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}

/** The answer of the resource server of each peer, once it has verified the token. */
export const resourceAnswer = '{"answer":"You may read this."}'
