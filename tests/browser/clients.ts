import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createTestCa } from '../../dev/tls/ca.ts'
import { keepSecret } from '../../dev/worlds/secrets.ts'
import { listen } from './listen.ts'

/** The address at which a client waits for its answer. */
export interface Client {
  /** The name of the client on the consent page. */
  readonly place: string
  readonly redirectUri: string
  /** Holds the next answer. Settles when it has arrived, with a function that releases it. */
  holdNext(): Promise<() => void>
  /** The answers that the client received. A test cannot see those of an app, which the browser gives to another program. */
  answersTo(state: string): readonly URLSearchParams[]
}

/** One client of each kind, listening on this machine. */
export interface Clients {
  /** A website that the operator trusts. */
  readonly trusted: Client
  /** A website that the operator does not trust. */
  readonly web: Client
  /** A program on the user's computer. */
  readonly loopback: Client
  /** An app that opens links of its own scheme. */
  readonly app: Client
  /** Options for a browser that reaches them. */
  readonly browserOptions: { readonly hosts: Record<string, number>; readonly authority: string }
  stop(): Promise<void>
}

export const trustedHost = 'agents.example'
const webHost = 'helper.example'

export async function startClients(): Promise<Clients> {
  const ca = await createTestCa()
  const { key, cert } = await ca.certificateFor([trustedHost, webHost])
  const sinks = new Map<string, (answer: URLSearchParams) => Promise<void>>()
  const answer: RequestListener = async (request, response) => {
    const { host, searchParams } = new URL(request.url ?? '/', `http://${request.headers.host}`)
    await sinks.get(host)?.(searchParams)
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Client</title><h1>Connected</h1>')
  }
  const sites = await listen(createTlsServer({ key, cert: cert + ca.caPem }, answer))
  const program = await listen(createServer(answer))
  const client = (place: string, redirectUri: string): Client => {
    const received: URLSearchParams[] = []
    let arrived = (): Promise<void> | void => {}
    sinks.set(new URL(redirectUri).host, async (answer) => {
      keepSecret(answer.get('code'))
      received.push(answer)
      await arrived()
    })
    return {
      place,
      redirectUri,
      holdNext: () =>
        new Promise((noticed) => {
          arrived = () => {
            arrived = () => {}
            return new Promise<void>((release) => noticed(release))
          }
        }),
      answersTo: (state) => received.filter((answer) => answer.get('state') === state),
    }
  }
  return {
    trusted: client(trustedHost, `https://${trustedHost}/oauth/callback`),
    web: client(webHost, `https://${webHost}/oauth/callback`),
    loopback: client('an app on this computer', `http://127.0.0.1:${program.port}/callback`),
    app: client('the app for cursor:// links', 'cursor://anysphere.cursor-mcp/oauth/callback'),
    browserOptions: { hosts: { [trustedHost]: sites.port, [webHost]: sites.port }, authority: ca.caPem },
    async stop() {
      await Promise.all([sites.stop(), program.stop()])
    },
  }
}
