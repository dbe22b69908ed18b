import { once } from 'node:events'
import { createServer, request } from 'node:http'

/** A server that passes each request to one of several hosts, as the platform does while a deploy is under way. */
export interface Alternating {
  readonly port: number
  /** Decides which host answers. `count` is the number of requests since the last call of this, from 0. */
  choose(host: (count: number) => number): void
  /** How many requests have been passed on since the last call of `choose`. */
  count(): number
  stop(): Promise<void>
}

/** Starts it on loopback. `ports` are those of the hosts. A redirect is the answer of a host, and is not followed. */
export async function startAlternating(port: number, ports: () => readonly number[]): Promise<Alternating> {
  let choice: (count: number) => number = () => 0
  let passed = 0
  const server = createServer((incoming, answer) => {
    const chosen = ports()[choice(passed++)]
    const { method, url: path, headers } = incoming
    const outgoing = request({ host: '127.0.0.1', port: chosen, method, path, headers, setHost: false })
    outgoing.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.rawHeaders)
      response.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(port, 'localhost')
  await once(server, 'listening')
  return {
    port,
    choose(host) {
      choice = host
      passed = 0
    },
    count: () => passed,
    async stop() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}
