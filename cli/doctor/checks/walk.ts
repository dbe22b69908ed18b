import type { Json } from '../../api.ts'
import { type ClientHabits, clients, initialize } from '../clients.ts'
import { challengeIn, described, type Examination, isRedirect, jsonIn } from '../examination.ts'
import type { ClientName } from '../findings.ts'
import type { Answer } from '../network.ts'

/** How far a client gets. */
export interface Journey {
  readonly client: ClientName
  /** How the client identifies itself. Absent if it does not get that far. */
  readonly way?: 'document' | 'registration'
  /** Where it stops. */
  readonly stops?: string
}

/** Ends a journey. */
class Stop extends Error {}

/** Sends the requests of each client, from its first request to the point where it would open the browser. */
export async function walkAll(examination: Examination): Promise<readonly Journey[]> {
  examination.fact('from the first request to the browser')
  const openings = new Map<ClientName, Answer | null>()
  for (const client of clients) openings.set(client.name, await open(examination, client))
  reportBlocked(examination, openings)
  const journeys: Journey[] = []
  for (const client of clients) journeys.push(await walk(examination, client, openings.get(client.name) ?? null))
  return journeys
}

async function open({ ask, mcpUrl }: Examination, { opening }: ClientHabits): Promise<Answer | null> {
  let answer: Answer | null = null
  for (const { method, headers } of opening) {
    answer = await ask({ url: mcpUrl, method, headers, ...(method === 'POST' && { body: initialize }) })
    if (answer === null || !isUsual(answer)) return answer
  }
  return answer
}

/**
 * Whether a client can continue after this answer, with or without a sign-in. A server without a sign-in answers a GET with 405.
 */
const isUsual = ({ status, request }: Answer) =>
  status === 401 || status === 200 || (status === 405 && request.startsWith('GET'))

/** Reports a client that is refused while others are not: its name must be the reason. */
function reportBlocked({ found }: Examination, openings: ReadonlyMap<ClientName, Answer | null>): void {
  const answered = [...openings].flatMap(([name, answer]) => (answer ? [{ name, answer }] : []))
  if (!answered.some(({ answer }) => isUsual(answer))) return
  for (const one of answered.filter(({ answer }) => !isUsual(answer) && !isRedirect(answer))) {
    found('client-blocked', `${one.name}: ${described(one.answer)}`, [one.name])
  }
}

async function walk(examination: Examination, client: ClientHabits, opened: Answer | null): Promise<Journey> {
  try {
    return { client: client.name, way: await journey(examination, client, opened) }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return { client: client.name, stops: error.message }
  }
}

async function journey(examination: Examination, client: ClientHabits, opened: Answer | null) {
  const { origin, mcpUrl } = examination
  if (opened === null) throw new Stop('its first request gets no answer')
  if (!isUsual(opened)) throw new Stop(described(opened))
  const challenge = opened.status === 401 ? challengeIn(opened) : null
  for (const path of client.serverFirstAt) {
    const answer = await examination.get(origin + path)
    if (answer && answer.status !== 404 && jsonIn(answer) === null) throw new Stop(described(answer))
  }
  const named = challenge?.get('resource_metadata')
  const resourceAt = client.resourceAt.flatMap((place) => (place === 'challenge' ? (named ?? []) : [origin + place]))
  const resource = await firstOf(examination, client, resourceAt, 'the metadata of the resource')
  if (client.comparesResource && resource.resource !== mcpUrl) throw new Stop('the metadata is of another resource')
  const [issuer] = Array.isArray(resource.authorization_servers) ? resource.authorization_servers : []
  if (typeof issuer !== 'string' || URL.parse(issuer) === null)
    throw new Stop('the resource names no authorization server')
  const at = client.serverAt.map((place) => new URL(place, issuer).href)
  const server = await firstOf(examination, client, at, 'the metadata of the authorization server')
  return wayOf(client, server, issuer)
}

/** Returns the first document that exists, as this client looks for it. Throws `Stop`. */
async function firstOf(
  { get, origin }: Examination,
  { goesOnAfter }: ClientHabits,
  addresses: readonly string[],
  what: string,
): Promise<Json> {
  for (const url of addresses) {
    // A document at another host belongs to another service.
    if (URL.parse(url)?.origin !== origin)
      throw new Stop(`${what} is at another host, ${URL.parse(url)?.host ?? 'none'}`)
    const answer = await get(url)
    if (answer === null) throw new Stop(`${what} gets no answer`)
    if (isRedirect(answer)) throw new Stop(`${answer.request} redirects`)
    const document = answer.status === 200 ? jsonIn(answer) : null
    if (document) return document
    const { notFound, fault, otherType } = goesOnAfter
    const goesOn = answer.status === 200 ? otherType : answer.status >= 500 ? fault : notFound
    if (!goesOn) throw new Stop(described(answer))
  }
  throw new Stop(`${what} is nowhere`)
}

function wayOf(client: ClientHabits, server: Json, issuer: string): 'document' | 'registration' {
  const trimmed = (text: unknown) => (client.forgivesSlash ? String(text).replace(/\/$/, '') : text)
  if (trimmed(server.issuer) !== trimmed(issuer)) throw new Stop('the issuer is not the one that the resource names')
  const has = (member: string, value: string) => {
    const list = server[member]
    return Array.isArray(list) && list.includes(value)
  }
  if (!has('code_challenge_methods_supported', 'S256')) throw new Stop('S256 is not offered')
  for (const name of ['authorization_endpoint', 'token_endpoint']) {
    if (typeof server[name] !== 'string') throw new Stop(`there is no ${name}`)
  }
  const documents =
    server.client_id_metadata_document_supported === true &&
    (!client.documentNeedsNone || has('token_endpoint_auth_methods_supported', 'none'))
  if (client.ways.includes('document') && documents) return 'document'
  if (client.ways.includes('registration') && typeof server.registration_endpoint === 'string') return 'registration'
  throw new Stop('it can neither register nor use a document')
}
