import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Sent {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends requests to one server, over connections that stay open, and counts them and their bytes. */
export class Wire {
  readonly #origin: URL
  readonly #agent: Agent
  readonly #sockets: Socket[] = []
  requests = 0

  /** @param connections how many requests may be on their way at once */
  constructor(origin: string, connections: number) {
    this.#origin = new URL(origin)
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
    const connect = this.#agent.createConnection.bind(this.#agent)
    this.#agent.createConnection = (...given) => {
      const socket = connect(...given)
      this.#sockets.push(socket as Socket)
      return socket
    }
  }

  /** Bytes of all requests and answers so far, with their headers. */
  get bytes(): number {
    return this.#sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0)
  }

  send(path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
    this.requests += 1
    const { host, port } = this.#origin
    return new Promise((resolve, reject) => {
      // Not `localhost`, which may be tried over IPv6 first. The header is what decides whose endpoints answer.
      const options = { agent: this.#agent, method, path, host: '127.0.0.1', port, headers: { host, ...headers } }
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text })
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
