import { BoundedMap } from '../../../base/bounded-map.ts'
import { untilAborted } from '../../../base/deadline.ts'
import type { Log } from '../../../base/log.ts'
import { ofAssertions, type RateLimit } from '../../../base/rate-limit.ts'
import { createSingleFlight } from '../../../base/single-flight.ts'
import { type FetchedResource, FetchRefused } from '../../../net/fetch-untrusted.ts'
import { type ClientKey, fittingKeys, parseKeySet, type WantedKey } from '../client-keys.ts'
import type { Unresolved } from '../unresolved.ts'
import { cacheSeconds } from './cache-control.ts'
import type { DocumentLimits } from './documents.ts'
import { createFetchBudget, type FetchBudget } from './fetch-budget.ts'

/** The keys that clients publish (`jwks_uri`). */
export interface KeySets {
  /**
   * The keys of the set at `uri` that may have signed; none, if it is certain that none has.
   *
   * @param call `signal` ends the waiting of this caller; `address` of the caller, who is limited by it; absent: the
   *   caller holds something of ours, and is not limited
   */
  find(
    uri: string,
    wanted: WantedKey,
    call: { readonly signal: AbortSignal; readonly address?: string },
  ): Promise<readonly ClientKey[] | Unresolved>
}

export interface KeySetsOptions {
  /** `fetchUntrusted`, with the rest of its options filled in. */
  readonly fetch: (url: string, limits: DocumentLimits) => Promise<FetchedResource>
  /** Our own host: a set there would make us call ourselves. */
  readonly ownHost: string
  /** Of the fetches that one address causes; absent: none. */
  readonly limit?: RateLimit
  readonly log: Log
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** T-09. */
const limits: DocumentLimits = {
  accept: 'application/jwk-set+json, application/json',
  maxBytes: 65_536,
  timeout: 5_000,
}

/** Seconds. A key that its owner has withdrawn is good for an hour at most. */
const cacheBounds = { shortest: 300, longest: 3_600 }

/** Seconds in which a set is not fetched again, whatever keys are asked for: whoever likes can make up a `kid`. */
const COOLDOWN = 30
const CACHED_SETS = 200

/** Fetches in vain of one host in a minute, for all callers together that hold something of ours: a sign-in each. */
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

/** Fetches each set once for however many ask at the same time, keeps it in memory, and looks again for a key it lacks. */
export function createKeySets(options: KeySetsOptions): KeySets {
  const { fetch, ownHost, limit, log, now } = options
  /** In the order of last use. */
  const cache = new BoundedMap<string, CachedSet>(CACHED_SETS)
  const fetching = createSingleFlight<CachedSet | Unresolved>()
  const budgets = {
    host: createFetchBudget(now),
    heldUri: createFetchBudget(now),
    heldHost: createFetchBudget(now, FETCHES_FOR_HOLDERS),
  }

  /**
   * What a fetch is counted as. Whoever asks for junk in a vendor's name must not keep out those who have signed in with that
   * vendor's client, so that these have budgets of their own: one for each URL, and one for its host, which nobody is to
   * flood through us by signing in with as many clients as they like.
   */
  function countedAs(uri: string, isHeld: boolean): readonly Counted[] {
    const { host } = new URL(uri)
    if (!isHeld) return [{ budget: budgets.host, name: host }]
    return [
      { budget: budgets.heldUri, name: uri },
      { budget: budgets.heldHost, name: host },
    ]
  }

  function cached(uri: string): CachedSet | undefined {
    const entry = cache.get(uri)
    if (!entry || entry.expires <= now()) {
      cache.delete(uri)
      return undefined
    }
    cache.set(uri, entry)
    return entry
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

  async function fetchLogged(uri: string, isHeld: boolean): Promise<CachedSet | Unresolved> {
    const result = await fetchSet(uri, countedAs(uri, isHeld))
    const outcome = 'kind' in result ? { outcome: result.kind, detail: result.detail } : { outcome: 'valid' }
    log('client_keys_asked', { host: new URL(uri).host, ...outcome })
    return result
  }

  return {
    async find(uri, wanted, { signal, address }) {
      if (new URL(uri).host === ownHost) return { kind: 'invalid', detail: 'no client has its keys here' }
      const known = cached(uri)
      const fitting = known ? fittingKeys(known.keys, wanted) : []
      if (fitting.length > 0) return fitting
      if (known && known.fetchedAt + COOLDOWN * 1000 > now()) {
        // A key that had signed before we asked would have been there; of a younger one we cannot know, and "no such key"
        // would make the client throw away what is good (T-06).
        const certain = wanted.issuedAt !== undefined && wanted.issuedAt * 1000 <= known.fetchedAt
        return certain
          ? fitting
          : { kind: 'unavailable', detail: 'an unknown key, and the keys were asked for a moment ago' }
      }
      // Who waits for a fetch that is under way causes none.
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
 * Whatever the host answers instead of keys may pass: a client whose keys cannot be had just now must not be told that it
 * is unknown (T-06). Secret keys in the set are the one thing that cannot be mended by waiting.
 */
function keysOfResponse({ status, body }: FetchedResource): readonly ClientKey[] | Unresolved {
  if (status !== 200) return { kind: 'unavailable', detail: `the keys were answered with status ${status}` }
  const keys = parseKeySet(jsonOf(body))
  if (keys === 'malformed') return { kind: 'unavailable', detail: 'the answer is no JWK Set' }
  return keys === 'secret' ? { kind: 'invalid', detail: 'private or symmetric keys are published' } : keys
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

/** An address that we never go to is the client's own doing; everything else may pass. */
function refused(error: unknown): Unresolved {
  if (!(error instanceof FetchRefused)) throw error
  const own = ['url', 'scheme', 'port', 'address'].includes(error.reason)
  return { kind: own ? 'invalid' : 'unavailable', detail: error.message }
}
