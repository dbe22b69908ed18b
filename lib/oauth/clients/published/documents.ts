import { BoundedMap } from '../../../base/bounded-map.ts'
import { untilAborted } from '../../../base/deadline.ts'
import type { Log } from '../../../base/log.ts'
import type { RateLimit } from '../../../base/rate-limit.ts'
import { sha256 } from '../../../base/sha256.ts'
import { createSingleFlight } from '../../../base/single-flight.ts'
import { type FetchedResource, FetchRefused, type FetchUntrustedOptions } from '../../../net/fetch-untrusted.ts'
import type { BlockedClients } from '../blocked-clients.ts'
import type { Client } from '../client.ts'
import type { RedirectPolicy } from '../redirect-uri.ts'
import type { Unresolved } from '../unresolved.ts'
import { cacheSeconds } from './cache-control.ts'
import { clientOfDocument, documentOfResponse, documentUrlComplaint, isChallenge } from './document.ts'
import { createFetchBudget } from './fetch-budget.ts'

/** Clients that publish their own metadata (CIMD): the client_id is the URL of the document. */
export interface MetadataDocuments {
  /**
   * @param signal ends the waiting of this caller; others may be waiting for the same document
   * @param address of the caller, who is limited by it; absent: not limited
   * @param subject what is counted apart; absent: pages that people go to
   */
  resolve(clientId: string, signal: AbortSignal, address?: string, subject?: string): Promise<Client | Unresolved>
  /**
   * Somebody has completed a sign-in with this client: from now on a copy of its document may stand in where the document
   * cannot be fetched. Best effort: nothing happens on an instance that has not seen the document. Throws `StoreUnavailable`.
   */
  keepCopy(clientHash: string, signal: AbortSignal): Promise<void>
}

/** Documents of clients with which somebody has signed in, for the time when they cannot be fetched (M-12). */
export interface LastGoodCopies {
  /** Throws `StoreUnavailable`. */
  keep(clientId: string, document: unknown, signal: AbortSignal): Promise<void>
  /** The document as it was within the last seven days; `null` if there is none, or nobody knows. */
  find(clientId: string): Promise<unknown>
}

export interface MetadataDocumentsOptions {
  /** `fetchUntrusted`, with the rest of its options filled in. */
  readonly fetch: (url: string, limits: DocumentLimits) => Promise<FetchedResource>
  readonly policy: RedirectPolicy
  /** Our own host: a document there would make us call ourselves. */
  readonly ownHost?: string
  /** Hosts that may serve documents; absent: any (M-15). */
  readonly allowedHosts?: ReadonlySet<string>
  readonly blocked?: BlockedClients
  /** Of the fetches that one address causes; absent: none. */
  readonly limit?: RateLimit
  readonly copies?: LastGoodCopies
  /** One line for each document that had to be asked for; absent: none. */
  readonly log?: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export type DocumentLimits = Pick<FetchUntrustedOptions, 'accept' | 'maxBytes'> & { readonly timeout: number }

/** M-04, M-06. */
const limits: DocumentLimits = { accept: 'application/json', maxBytes: 5 * 1024, timeout: 5_000 }

/** M-11: our own bounds of what `Cache-Control` may say, in seconds. */
const cacheBounds = { shortest: 5 * 60, longest: 24 * 60 * 60 }
const CACHED_DOCUMENTS = 200

interface CachedDocument {
  readonly client: Client
  readonly document: unknown
  readonly expires: number
  /** Whether there is a last good copy of it. */
  copied: boolean
}

/** Fetches each document once for however many ask at the same time, and keeps those that are valid in memory. */
export function createMetadataDocuments(options: MetadataDocumentsOptions): MetadataDocuments {
  const { fetch, policy, ownHost, allowedHosts, blocked, limit, copies, log = () => undefined, now } = options
  /** In the order of last use. */
  const cache = new BoundedMap<string, CachedDocument>(CACHED_DOCUMENTS)
  const fetching = createSingleFlight<Client | Unresolved>()
  const budget = createFetchBudget(now)

  function cached(clientId: string): Client | null {
    const entry = cache.get(clientId)
    if (!entry || entry.expires <= now()) {
      cache.delete(clientId)
      return null
    }
    cache.set(clientId, entry)
    return entry.client
  }

  function keep(client: Client, document: unknown, cacheControl: string | null): void {
    cache.set(client.id, {
      client,
      document,
      expires: now() + cacheSeconds(cacheControl, cacheBounds) * 1000,
      copied: false,
    })
  }

  async function fetchClient(clientId: string): Promise<Client | Unresolved> {
    const { host } = new URL(clientId)
    const verdict = budget.take(host)
    // Who asks for junk in a vendor's name must not keep that vendor's own people out.
    if (verdict.limited)
      return lastGood(clientId, { kind: 'limited', detail: 'this host was asked too often', ...verdict })
    const response = await fetch(clientId, limits).catch(refused)
    if ('kind' in response) return lastGood(clientId, response)
    const found = documentOfResponse(response)
    if ('kind' in found) return isChallenge(response) ? lastGood(clientId, found) : found
    const client = clientOfDocument(clientId, found.document, policy)
    if ('kind' in client) return client
    budget.giveBack(host)
    keep(client, found.document, response.headers.get('cache-control'))
    return client
  }

  /** The copy is read by today's rules, and not kept in memory: the next one who asks tries the document itself again. */
  async function lastGood(clientId: string, failure: Unresolved): Promise<Client | Unresolved> {
    if (!copies || failure.kind === 'invalid') return failure
    const client = clientOfDocument(clientId, await copies.find(clientId), policy)
    return 'kind' in client ? failure : client
  }

  async function fetchLogged(clientId: string): Promise<Client | Unresolved> {
    const result = await fetchClient(clientId)
    const outcome = 'kind' in result ? { outcome: result.kind, detail: result.detail } : { outcome: 'valid' }
    log('client_document_asked', { client: sha256(clientId), ...outcome })
    return result
  }

  async function find(
    clientId: string,
    signal: AbortSignal,
    address?: string,
    subject?: string,
  ): Promise<Client | Unresolved> {
    const known = cached(clientId)
    if (known) return known
    // Who waits for a fetch that is under way causes none.
    if (limit && address !== undefined && !fetching.isRunning(clientId)) {
      const verdict = await limit.hit(address, signal, subject)
      if (verdict.limited) {
        // Somebody else at their address may have used it up: a web page that they have open, for one.
        const limited = { kind: 'limited', detail: 'this address asks for too many documents', ...verdict } as const
        return lastGood(clientId, limited)
      }
    }
    try {
      return (
        cached(clientId) ??
        (await untilAborted(
          fetching.run(clientId, () => fetchLogged(clientId)),
          signal,
        ))
      )
    } catch (error) {
      if (signal.aborted) return { kind: 'unavailable', detail: 'the request ended before the document came' }
      throw error
    }
  }

  return {
    async resolve(clientId, signal, address, subject) {
      const complaint = documentUrlComplaint(clientId)
      if (complaint) return { kind: 'invalid', detail: complaint }
      const { host } = new URL(clientId)
      if (host === ownHost) return { kind: 'invalid', detail: 'no client has its document here' }
      if (allowedHosts && !allowedHosts.has(host)) {
        return { kind: 'invalid', detail: 'the host of the document is not one that the operator allows' }
      }
      const hash = sha256(clientId)
      if (blocked?.blocks({ hash, urls: [clientId] })) return blockedClient
      const client = await find(clientId, signal, address, subject)
      if ('kind' in client || !blocked?.blocks({ hash, urls: client.redirectUris })) return client
      return blockedClient
    },

    async keepCopy(clientHash, signal) {
      const entry = [...cache.values()].find(({ client }) => client.hash === clientHash)
      if (!copies || !entry || entry.copied) return
      await copies.keep(entry.client.id, entry.document, signal)
      entry.copied = true
    },
  }
}

const blockedClient: Unresolved = { kind: 'invalid', detail: 'the operator has blocked this client' }

function refused(error: unknown): Unresolved {
  if (!(error instanceof FetchRefused)) throw error
  // Where there is nobody to talk to we may be the reason; what was said there is the client's own doing.
  const passing = error.reason === 'dns' || error.reason === 'network' || error.reason === 'timeout'
  return { kind: passing ? 'unavailable' : 'invalid', detail: error.message }
}
