import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { Members } from '../hostile.ts'
import type { Keys } from './id-token.ts'
import { type Reply, textOf } from './reply.ts'

export const endpoints = ['discovery', 'jwks', 'token'] as const
export type Endpoint = (typeof endpoints)[number]

/** The replies of each endpoint, the first one and all later ones. */
export type Replies = Readonly<Record<Endpoint, { readonly reply: Reply; readonly once: boolean }>>

/** An OpenID Provider on loopback. A test can make each of its answers wrong. */
export interface Provider {
  readonly issuer: string
  readonly keys: Keys
  replies: Replies
  /** The good answer of the token endpoint. */
  idToken: string
  /** The requests since the list was last emptied. */
  readonly asked: Endpoint[]
  stop(): Promise<void>
}

const good = { reply: { kind: 'good' }, once: false } as const
export const goodReplies: Replies = { discovery: good, jwks: good, token: good }

export async function startProvider(): Promise<Provider> {
  const [own, foreign] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
  if (!own || !foreign) throw new Error('no keys')
  const ownJwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'key', alg: 'RS256', use: 'sig' }

  const server = createServer((request, response) => {
    const { pathname: path, search } = new URL(request.url ?? '/', provider.issuer)
    const endpoint = endpoints.find((name) => path.endsWith(paths[name]))
    if (!endpoint) return void response.writeHead(404).end()
    const { reply, once } = provider.replies[endpoint]
    // A client that follows the redirect gets the good answer.
    const usual = (once && provider.asked.includes(endpoint)) || search === '?followed'
    provider.asked.push(endpoint)
    answer(response, usual ? good.reply : reply, goodAnswers[endpoint](), path)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`

  const goodAnswers: Record<Endpoint, () => Members> = {
    discovery: () => ({
      issuer,
      authorization_endpoint: `${issuer}authorize`,
      token_endpoint: `${issuer}token`,
      jwks_uri: `${issuer}jwks`,
    }),
    jwks: () => ({ keys: [ownJwk] }),
    token: () => ({ access_token: 'theirs', token_type: 'Bearer', expires_in: 60, id_token: provider.idToken }),
  }
  const provider: Provider = {
    issuer,
    keys: {
      own: own.privateKey,
      foreign: foreign.privateKey,
      publicPem: own.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    replies: goodReplies,
    idToken: '',
    asked: [],
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return provider

  function answer(response: ServerResponse, reply: Reply, members: Members, path: string): void {
    const json = (value: Members) => JSON.stringify(value, (_, each) => (each === 'own' ? ownJwk : each))
    switch (reply.kind) {
      case 'good':
      case 'members':
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(json(reply.kind === 'good' ? members : { ...members, ...reply.members }))
        break
      case 'text':
        if (reply.type !== '') response.setHeader('content-type', reply.type)
        response.writeHead(reply.status).end(textOf(reply))
        break
      case 'redirect':
        response.writeHead(reply.status, { location: `${path}?followed` }).end()
        break
      case 'drop':
        response.destroy()
        break
      case 'cut':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
        response.write(json(members).slice(0, 40), () => response.destroy())
    }
  }
}

const paths: Record<Endpoint, string> = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  token: '/token',
}
