import { createHash, randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { newAddress, Person } from './browser.ts'
import type { RunningPeer } from './peer-process.ts'
import { type Answer, Wire } from './wire.ts'

/** The seven units of work, the last in two parts, in the order in which a batch does them. */
export const units = {
  discovery: 'discovery',
  registration: 'registration',
  signIn: 'whole sign-in',
  code: 'code exchange',
  refresh: 'refresh',
  resource: 'request to a resource',
  codeReplay: 'replay of a code',
  refreshReplay: 'replay of a refresh token',
} as const
export type Unit = keyof typeof units
export const unitNames = Object.keys(units) as Unit[]

/** Does one phase of a batch: all of its requests of one kind. */
export type Phase = (unit: Unit, count: number, work: (index: number) => Promise<void>) => Promise<void>

const redirectUri = 'http://127.0.0.1:33418/callback'
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

const registered = v.object({ client_id: v.string() })
const issued = v.object({ access_token: v.string(), refresh_token: v.optional(v.string()) })
export type Tokens = v.InferOutput<typeof issued>

/** A client of one peer that adds as little as possible to what is measured. */
export class Client {
  readonly wire: Wire
  readonly #peer: RunningPeer
  readonly #upstream: { readonly wire: Wire; readonly origin: string }

  constructor(peer: RunningPeer, upstream: string, connections: number) {
    this.#peer = peer
    this.wire = new Wire(peer.ready.origin, connections)
    this.#upstream = { wire: new Wire(upstream, connections), origin: upstream }
  }

  async discover(): Promise<void> {
    expectStatus(await this.wire.send(this.#peer.ready.metadata), 200)
  }

  async register(): Promise<string> {
    const answer = await this.wire.send(this.#peer.ready.register, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': newAddress() },
      body: JSON.stringify({
        client_name: 'Bench',
        application_type: 'native',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: this.#peer.peer.refreshes ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
        response_types: ['code'],
        scope: this.#peer.ready.scope,
      }),
    })
    // RFC 7591 has 201. One of the peers answers 200.
    return v.parse(registered, JSON.parse(expectStatus(answer, answer.status === 200 ? 200 : 201).text)).client_id
  }

  /** A new person signs in with a fresh browser. @returns a code */
  async signIn(clientId: string): Promise<string> {
    const { origin, authorize, scope, more } = this.#peer.ready
    const parameters = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      state: 'bench',
      scope,
      ...this.#resource(),
      ...more,
    })
    const person = new Person({ wire: this.wire, origin }, this.#upstream)
    const answer = await person.signIn(`${origin}${authorize}?${parameters}`, redirectUri)
    const code = answer.get('code')
    if (code === null) throw new Error(`${this.#peer.peer.name}: no code, but ${answer}`)
    return code
  }

  redeem(clientId: string, code: string): Promise<Answer> {
    return this.#token({
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    })
  }

  refresh(clientId: string, token: string): Promise<Answer> {
    return this.#token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: token })
  }

  async askResource(accessToken: string): Promise<void> {
    const headers = { authorization: `Bearer ${accessToken}` }
    expectStatus(await this.wire.send(this.#peer.ready.resource, { headers }), 200)
  }

  close(): void {
    this.wire.close()
    this.#upstream.wire.close()
  }

  #resource(): { resource?: string } {
    const { resourceIdentifier } = this.#peer.ready
    return resourceIdentifier === undefined ? {} : { resource: resourceIdentifier }
  }

  #token(fields: Record<string, string>): Promise<Answer> {
    return this.wire.send(this.#peer.ready.token, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': newAddress() },
      body: new URLSearchParams({ ...fields, ...this.#resource() }).toString(),
    })
  }
}

/** @throws Error if the answer is another one: what is measured has to be what it is called */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status)
    throw new Error(`expected ${status}, was ${answer.status}: ${answer.text.slice(0, 300)}`)
  return answer
}

export const tokensOf = (answer: Answer): Tokens => v.parse(issued, JSON.parse(expectStatus(answer, 200).text))

/**
 * Does each unit once for each of `size` people. Every code and every refresh token is a fresh one, so that each refresh rotates.
 * A whole sign-in is the sum of two phases: the pages, up to the code, and the code exchange.
 */
export async function runBatch(client: Client, { peer }: RunningPeer, size: number, phase: Phase): Promise<void> {
  const list = <T>() => new Array<T>(size)
  const [clients, codes, first, second] = [list<string>(), list<string>(), list<Tokens>(), list<Tokens>()]
  const of = <T>(values: readonly T[], index: number): T => values[index] as T
  const refreshToken = (tokens: Tokens | undefined) => tokens?.refresh_token ?? ''

  await phase('discovery', size, () => client.discover())
  await phase('registration', size, async (index) => {
    clients[index] = await client.register()
  })
  await phase('signIn', size, async (index) => {
    codes[index] = await client.signIn(of(clients, index))
  })
  await phase('code', size, async (index) => {
    first[index] = tokensOf(await client.redeem(of(clients, index), of(codes, index)))
  })
  if (peer.refreshes) {
    await phase('refresh', size, async (index) => {
      second[index] = tokensOf(await client.refresh(of(clients, index), refreshToken(first[index])))
    })
  }
  await phase('resource', size, (index) => client.askResource(of(first, index).access_token))

  // The replay of a code ends a grant in most peers, so that the replays of refresh tokens need others.
  const half = peer.refreshes ? Math.ceil(size / 2) : size
  await phase('codeReplay', half, async (index) => {
    expectStatus(await client.redeem(of(clients, index), of(codes, index)), peer.refusal)
  })
  if (!peer.refreshes) return
  for (let index = half; index < size; index++) {
    tokensOf(await client.refresh(of(clients, index), refreshToken(second[index])))
  }
  await phase('refreshReplay', size - half, async (offset) => {
    const index = half + offset
    expectStatus(await client.refresh(of(clients, index), refreshToken(first[index])), peer.refusal)
  })
}

/** Does `count` pieces of work, so many at a time. @returns the milliseconds of each */
export async function inTurns(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<void>,
): Promise<number[]> {
  const walls: number[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      const began = performance.now()
      await work(index)
      walls[index] = performance.now() - began
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker))
  return walls
}
