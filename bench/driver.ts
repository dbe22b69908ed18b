import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import * as v from 'valibot'
import type { World } from '../dev/start/world.ts'
import { paths } from '../lib/oauth/capabilities.ts'
import { mcpPaths } from '../lib/settings/docs-resource.ts'
import { codeChallenge, codeVerifier, createMint, redirectUri } from './mint.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Tokens {
  readonly access: string
  readonly refresh: string
}

/** A client of the service that adds as little as possible to what it measures: `node:http`, connections kept. */
export interface Driver {
  send(method: 'GET' | 'POST', path: string, options?: SendOptions): Promise<Answer>
  /** @returns a client_id */
  register(): Promise<string>
  /** Presents a code; whatever is answered. */
  redeem(clientId: string, code: string): Promise<Answer>
  /** Presents a refresh token; whatever is answered. */
  refresh(clientId: string, token: string): Promise<Answer>
  /** The cheapest request that needs a valid access token: MCP's `ping`. */
  ping(accessToken?: string): Promise<Answer>
  authorizationUrl(clientId: string): URL
  /** A code as if from a sign-in; see `createMint`. */
  mintCode(clientId: string): string
  close(): void
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A function host that is driven. */
export interface Target {
  /** Says which host is asked for: the issuer's. */
  readonly url: string
  /** Where it listens, if that is another port than the URL's. */
  readonly port?: number
  /** The service's secret, base64url; empty for a host that is not the service. */
  readonly secret: string
  readonly pid: number
}

export function targetOf({ url, environment, hosts }: World): Target {
  return { url, secret: environment.MCP_OAUTH_SECRET ?? '', pid: hosts()[0]?.pid ?? 0 }
}

/** @param connections how many requests may be on their way at once */
export function createDriver({ url, secret, ...at }: Target, connections: number): Driver {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  // Not `localhost`, which may be tried over IPv6 first; the name is what decides whose endpoints answer.
  const target = new URL(url)
  const port = at.port ?? target.port
  const mcpUrl = url + mcpPaths.mcp
  const current = new Uint8Array(Buffer.from(secret, 'base64url'))

  function send(method: 'GET' | 'POST', path: string, { headers = {}, body }: SendOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { agent, method, path, host: '127.0.0.1', port }
      const outgoing = request({ ...options, headers: { ...headers, host: target.host } }, (incoming) => {
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

  const form = (path: string, fields: Record<string, string>) =>
    send('POST', path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })

  return {
    send,
    async register() {
      const answer = await send('POST', paths.register, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'Bench', redirect_uris: [redirectUri] }),
      })
      return v.parse(registered, JSON.parse(expectStatus(answer, 201).text)).client_id
    },
    redeem: (clientId, code) =>
      form(paths.token, {
        grant_type: 'authorization_code',
        client_id: clientId,
        code,
        code_verifier: codeVerifier,
        redirect_uri: redirectUri,
        resource: mcpUrl,
      }),
    refresh: (clientId, token) =>
      form(paths.token, {
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: token,
        resource: mcpUrl,
      }),
    ping: (accessToken) =>
      send('POST', mcpPaths.mcp, {
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      }),
    authorizationUrl(clientId) {
      const parameters = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
        state: 'bench',
        resource: mcpUrl,
      }
      return new URL(`${url}${paths.authorize}?${new URLSearchParams(parameters)}`)
    },
    mintCode: createMint(url, { current, previous: [], retired: [] }),
    close: () => agent.destroy(),
  }
}

const registered = v.object({ client_id: v.string() })
const issued = v.object({ access_token: v.string(), refresh_token: v.string() })

/** @throws Error if the answer is another one: what is measured has to be what it is called */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status)
    throw new Error(`expected ${status}, was ${answer.status}: ${answer.text.slice(0, 300)}`)
  return answer
}

export function tokensOf(answer: Answer): Tokens {
  const { access_token: access, refresh_token: refresh } = v.parse(issued, JSON.parse(expectStatus(answer, 200).text))
  return { access, refresh }
}
