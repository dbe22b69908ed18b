import { BoundedMap, fresh } from '../../../base/bounded-map.ts'
import { untilAborted } from '../../../base/deadline.ts'
import type { Log } from '../../../base/log.ts'
import type { RateLimit } from '../../../base/rate-limit.ts'
import { sha256 } from '../../../base/sha256.ts'
import { createSingleFlight } from '../../../base/single-flight.ts'
import { type FetchedResource, FetchRefused, type FetchUntrustedOptions } from '../../../net/fetch-untrusted.ts'
import type { BlockedClients } from '../blocked-clients.ts'
import type { Client } from '../client.ts'
import type { ClientPolicy } from '../client-metadata.ts'
import type { Unresolved } from '../unresolved.ts'
import { cacheSeconds } from './cache-control.ts'
import { clientOfDocument, documentOfResponse, documentUrlComplaint, isChallenge } from './document.ts'
import { createFetchBudget } from './fetch-budget.ts'
import type { LastGoodCopies } from './last-good-copies.ts'

/** Resolves clients that publish their own metadata (CIMD). Their client_id is the URL of the document. */
export interface MetadataDocuments {
  /**
   * @param signal ends the wait of this caller; other callers may wait for the same document
   * @param address the caller's IP address, which limits its fetches; if absent, there is no limit
   * @param subject counts these fetches apart; if absent, they count together with those for pages
   */
  resolve(clientId: string, signal: AbortSignal, address?: string, subject?: string): Promise<Client | Unresolved>
  /**
   * Keeps a copy of a client's document after a completed sign-in. The copy stands in while the document cannot be fetched. Best
   * effort: an instance that has not fetched the document keeps nothing. Throws `StoreUnavailable`.
   */
  keepCopy(clientHash: string, signal: AbortSignal): Promise<void>
}

export interface MetadataDocumentsOptions {
  /** `fetchUntrusted`, with the rest of its options filled in. */
  readonly fetch: (url: string, limits: DocumentLimits) => Promise<FetchedResource>
  readonly policy: ClientPolicy
  /** This server's own host. A document there would make the server call itself. */
  readonly ownHost?: string
  /** The hosts that may serve documents. If absent, any host may (M-15). */
  readonly allowedHosts?: ReadonlySet<string>
  readonly blocked?: BlockedClients
  /** Limits the fetches that one address causes. If absent, there is no limit. */
  readonly limit?: RateLimit
  readonly copies?: LastGoodCopies
  /** Gets one line for each fetch. If absent, there is no log. */
  readonly log?: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export type DocumentLimits = Pick<FetchUntrustedOptions, 'accept' | 'maxBytes'> & { readonly timeout: number }

/** Limits of one fetch (M-04, M-06). */
const limits: DocumentLimits = { accept: 'application/json', maxBytes: 5 * 1024, timeout: 5_000 }

/** Seconds. Bounds for what `Cache-Control` says (M-11). */
const cacheBounds = { shortest: 5 * 60, longest: 24 * 60 * 60 }
const CACHED_DOCUMENTS = 200

interface CachedDocument {
  readonly client: Client
  readonly document: unknown
  readonly expires: number
  /** Whether the store has a copy of it. */
  copied: boolean
}

/** Makes the resolver. Concurrent callers share one fetch of a document, and valid documents are cached in memory. */
export function createMetadataDocuments(options: MetadataDocumentsOptions): MetadataDocuments {
  const { fetch, policy, ownHost, allowedHosts, blocked, limit, copies, log = () => undefined, now } = options
  /** In the order of last use. */
  const cache = new BoundedMap<string, CachedDocument>(CACHED_DOCUMENTS)
  const fetching = createSingleFlight<Client | Unresolved>()
  const budget = createFetchBudget(now)

  const cached = (clientId: string) => fresh(cache, clientId, now())?.client

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
    // A caller that requests junk documents of a host must not lock out the users of that host's real clients.
    if (verdict.limited) {
      return lastGood(clientId, { kind: 'limited', detail: 'this host was asked too often', ...verdict })
    }
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

  /** Returns the copy, read by the current rules. It is not cached, so that the next caller tries the document again. */
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
    // A caller that shares a running fetch causes none.
    if (limit && address !== undefined && !fetching.isRunning(clientId)) {
      const verdict = await limit.hit(address, signal, subject)
      if (verdict.limited) {
        // Another program at this address may have used the limit up, for example a web page that the user has open.
        const limited = { kind: 'limited', detail: 'this address asks for too many documents', ...verdict } as const
        return lastGood(clientId, limited)
      }
    }
    try {
      const fetched = () => fetching.run(clientId, () => fetchLogged(clientId))
      return cached(clientId) ?? (await untilAborted(fetched(), signal))
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
      if (host === ownHost) return { kind: 'invalid', detail: 'a document on this server describes no client' }
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
  // Without a connection, this server may be the cause. All other reasons are the client's own.
  const passing = error.reason === 'dns' || error.reason === 'network' || error.reason === 'timeout'
  return { kind: passing ? 'unavailable' : 'invalid', detail: error.message }
}
