import { BoundedMap, fresh } from '../../../base/bounded-map.ts'
import { untilAborted } from '../../../base/deadline.ts'
import { jsonOf, utf8 } from '../../../base/json.ts'
import type { Log } from '../../../base/log.ts'
import { ofAssertions, type RateLimit } from '../../../base/rate-limit.ts'
import { createSingleFlight } from '../../../base/single-flight.ts'
import { type FetchedResource, FetchRefused } from '../../../net/fetch-untrusted.ts'
import { type ClientKey, fittingKeys, parseKeySet, type WantedKey } from '../client-keys.ts'
import type { Unresolved } from '../unresolved.ts'
import { cacheSeconds } from './cache-control.ts'
import type { DocumentLimits } from './documents.ts'
import { createFetchBudget, type FetchBudget } from './fetch-budget.ts'

/** Finds the keys that clients publish (`jwks_uri`). */
export type KeySets = ReturnType<typeof createKeySets>

export interface KeySetsOptions {
  /** `fetchUntrusted`, with the rest of its options filled in. */
  readonly fetch: (url: string, limits: DocumentLimits) => Promise<FetchedResource>
  /** This server's own host. A set there would make the server call itself. */
  readonly ownHost: string
  /** Limits the fetches that one address causes. If absent, there is no limit. */
  readonly limit?: RateLimit
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Limits of one fetch (T-09). */
const limits: DocumentLimits = {
  accept: 'application/jwk-set+json, application/json',
  maxBytes: 65_536,
  timeout: 5_000,
}

/** Seconds. A withdrawn key stays valid for an hour at most. */
const cacheBounds = { shortest: 300, longest: 3_600 }

/** Seconds in which a set is not fetched again for an unknown key, since anyone can invent a `kid`. */
const COOLDOWN = 30
const CACHED_SETS = 200

/** Failed fetches from one host in a minute, for all callers together that present a code or a token. Each has signed in. */
const FETCHES_FOR_HOLDERS = 300

interface Counted {
  readonly budget: FetchBudget
  readonly name: string
}

interface CachedSet {
  readonly keys: readonly ClientKey[]
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number
  readonly expires: number
}

/** Makes the finder. Concurrent callers share one fetch of a set. Sets are cached in memory, and fetched again for an unknown key. */
export function createKeySets(options: KeySetsOptions) {
  const { fetch, ownHost, limit, log, now } = options
  /** In the order of last use. */
  const cache = new BoundedMap<string, CachedSet>(CACHED_SETS)
  const fetching = createSingleFlight<CachedSet | Unresolved>()
  const budgets = {
    host: createFetchBudget(now),
    urlForHolders: createFetchBudget(now),
    hostForHolders: createFetchBudget(now, FETCHES_FOR_HOLDERS),
  }

  /**
   * Returns the budgets that a fetch counts against. Callers that present a code or a token have budgets of their own, so that a
   * caller with junk requests cannot lock them out. Theirs are one for each URL, and one for its host, which could otherwise
   * be flooded by sign-ins with many clients.
   */
  function countedAs(uri: string, isHolder: boolean): readonly Counted[] {
    const { host } = new URL(uri)
    if (!isHolder) return [{ budget: budgets.host, name: host }]
    return [
      { budget: budgets.urlForHolders, name: uri },
      { budget: budgets.hostForHolders, name: host },
    ]
  }

  async function fetchSet(uri: string, counted: readonly Counted[]): Promise<CachedSet | Unresolved> {
    for (const { budget, name } of counted) {
      const verdict = budget.take(name)
      if (verdict.limited) return { kind: 'limited', detail: 'this host was asked too often', ...verdict }
    }
    const response = await fetch(uri, limits).catch(refused)
    if ('kind' in response) return response
    const keys = keysOfResponse(response)
    if ('kind' in keys) return keys
    for (const { budget, name } of counted) budget.giveBack(name)
    const lifetime = cacheSeconds(response.headers.get('cache-control'), cacheBounds)
    const entry = { keys, fetchedAt: now(), expires: now() + lifetime * 1000 }
    cache.set(uri, entry)
    return entry
  }

  async function fetchLogged(uri: string, isHolder: boolean): Promise<CachedSet | Unresolved> {
    const result = await fetchSet(uri, countedAs(uri, isHolder))
    const outcome = 'kind' in result ? { outcome: result.kind, detail: result.detail } : { outcome: 'valid' }
    log('client_keys_asked', { host: new URL(uri).host, ...outcome })
    return result
  }

  return {
    /**
     * Returns the keys of the set at `uri` that may have signed. An empty result is certain: none of them has signed.
     *
     * @param call `signal` ends the wait of this caller. `address` limits its fetches; it is absent if the caller presents a code
     *   or a token of this server, and then there is no limit per address
     */
    async find(
      uri: string,
      wanted: WantedKey,
      { signal, address }: { readonly signal: AbortSignal; readonly address?: string },
    ): Promise<readonly ClientKey[] | Unresolved> {
      if (new URL(uri).host === ownHost) return { kind: 'invalid', detail: 'keys on this server belong to no client' }
      const known = fresh(cache, uri, now())
      const fitting = known ? fittingKeys(known.keys, wanted) : []
      if (fitting.length > 0) return fitting
      if (known && known.fetchedAt + COOLDOWN * 1000 > now()) {
        // A key that signed before the last fetch would be in the set. A newer key may be missing, and an answer of "no such key"
        // would make the client throw away a valid token (T-06).
        const certain = wanted.issuedAt !== undefined && wanted.issuedAt * 1000 <= known.fetchedAt
        return certain
          ? fitting
          : { kind: 'unavailable', detail: 'the key is unknown, and the keys were fetched a moment ago' }
      }
      // A caller that shares a running fetch causes none.
      if (limit && address !== undefined && !fetching.isRunning(uri)) {
        const verdict = await limit.hit(address, signal, ofAssertions)
        if (verdict.limited) return { kind: 'limited', detail: 'this address asks for too many keys', ...verdict }
      }
      try {
        const fetched = fetching.run(uri, () => fetchLogged(uri, address === undefined))
        const found = await untilAborted(fetched, signal)
        return 'kind' in found ? found : fittingKeys(found.keys, wanted)
      } catch (error) {
        if (signal.aborted) return { kind: 'unavailable', detail: 'the request ended before the keys came' }
        throw error
      }
    },
  }
}

/**
 * Reads the keys in an answer. Any other answer counts as temporary, because a client whose keys are unavailable must not be told
 * that it is unknown (T-06). Only secret keys in the set are a permanent error.
 */
function keysOfResponse({ status, body }: FetchedResource): readonly ClientKey[] | Unresolved {
  if (status !== 200) return { kind: 'unavailable', detail: `the keys were answered with status ${status}` }
  const keys = parseKeySet(jsonOf(utf8(body) ?? ''))
  if (keys === 'malformed') return { kind: 'unavailable', detail: 'the answer is not a JWK Set' }
  return keys === 'secret' ? { kind: 'invalid', detail: 'private or symmetric keys are published' } : keys
}

/** A URL that is never fetched is the client's own mistake. Every other failure may pass. */
function refused(error: unknown): Unresolved {
  if (!(error instanceof FetchRefused)) throw error
  const own = ['url', 'scheme', 'port', 'address'].includes(error.reason)
  return { kind: own ? 'invalid' : 'unavailable', detail: error.message }
}
