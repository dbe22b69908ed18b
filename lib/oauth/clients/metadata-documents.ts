import { untilAborted } from '../../net/abortable.ts'
import { type FetchedResource, FetchRefused, type FetchUntrustedOptions } from '../../net/fetch-untrusted.ts'
import type { Client } from './client.ts'
import { clientOfDocument, documentOfResponse, documentUrlComplaint } from './metadata-document.ts'
import type { RedirectPolicy } from './redirect-uri.ts'
import type { Unresolved } from './unresolved.ts'

/** Clients that publish their own metadata (CIMD): the client_id is the URL of the document. */
export interface MetadataDocuments {
  /** @param signal ends the waiting of this caller; others may be waiting for the same document */
  resolve(clientId: string, signal: AbortSignal): Promise<Client | Unresolved>
}

export interface MetadataDocumentsOptions {
  /** `fetchUntrusted`, with the rest of its options filled in. */
  readonly fetch: (url: string, limits: DocumentLimits) => Promise<FetchedResource>
  readonly policy: RedirectPolicy
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export type DocumentLimits = Pick<FetchUntrustedOptions, 'accept' | 'maxBytes'> & { readonly timeout: number }

/** M-04, M-06. */
const limits: DocumentLimits = { accept: 'application/json', maxBytes: 5 * 1024, timeout: 5_000 }

/** M-11: our own bounds of what `Cache-Control` may say, in seconds. */
const SHORTEST_CACHE = 5 * 60
const LONGEST_CACHE = 24 * 60 * 60
const CACHED_DOCUMENTS = 200

/** Fetches each document once for however many ask at the same time, and keeps those that are valid in memory. */
export function createMetadataDocuments({ fetch, policy, now }: MetadataDocumentsOptions): MetadataDocuments {
  /** In the order of last use. */
  const cache = new Map<string, { readonly client: Client; readonly expires: number }>()
  const fetching = new Map<string, Promise<Client | Unresolved>>()

  function cached(clientId: string): Client | null {
    const entry = cache.get(clientId)
    if (!entry) return null
    cache.delete(clientId)
    if (entry.expires <= now()) return null
    cache.set(clientId, entry)
    return entry.client
  }

  function keep(client: Client, cacheControl: string | null): void {
    cache.set(client.id, { client, expires: now() + cacheSeconds(cacheControl) * 1000 })
    for (const oldest of cache.keys()) {
      if (cache.size <= CACHED_DOCUMENTS) break
      cache.delete(oldest)
    }
  }

  async function fetchClient(clientId: string): Promise<Client | Unresolved> {
    const response = await fetch(clientId, limits)
    const found = documentOfResponse(response)
    if ('kind' in found) return found
    const client = clientOfDocument(clientId, found.document, policy)
    if (!('kind' in client)) keep(client, response.headers.get('cache-control'))
    return client
  }

  function fetchOnce(clientId: string): Promise<Client | Unresolved> {
    const running = fetching.get(clientId)
    if (running) return running
    const started = fetchClient(clientId)
      .catch(refused)
      .finally(() => fetching.delete(clientId))
    fetching.set(clientId, started)
    return started
  }

  return {
    async resolve(clientId, signal) {
      const complaint = documentUrlComplaint(clientId)
      if (complaint) return { kind: 'invalid', detail: complaint }
      const known = cached(clientId)
      if (known) return known
      try {
        return await untilAborted(fetchOnce(clientId), signal)
      } catch (error) {
        if (signal.aborted) return { kind: 'unavailable', detail: 'the request ended before the document came' }
        throw error
      }
    },
  }
}

function refused(error: unknown): Unresolved {
  if (!(error instanceof FetchRefused)) throw error
  // Where there is nobody to talk to we may be the reason; what was said there is the client's own doing.
  const passing = error.reason === 'dns' || error.reason === 'network' || error.reason === 'timeout'
  return { kind: passing ? 'unavailable' : 'invalid', detail: error.message }
}

function cacheSeconds(cacheControl: string | null): number {
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl ?? '') ?? []
  return Math.min(Math.max(Number(seconds ?? 0), SHORTEST_CACHE), LONGEST_CACHE)
}
