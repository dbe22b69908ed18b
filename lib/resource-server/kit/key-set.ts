import type { JSONWebKeySet } from 'jose'
import { isObject } from '../../base/json.ts'
import { createSingleFlight } from '../../base/single-flight.ts'
import type { PublicKeys } from '../verification-keys.ts'
import type { Fetch } from './options.ts'
import { requestJson } from './remote.ts'

/**
 * Reads the published keys of an authorization server. They are read again after `maxAge`, while the last ones stay in use, and at once
 * for a key that is not among them. If the server is down, the last ones stay good for `maxStale`. Throws what `unavailable` makes.
 */
export function createKeySet(options: {
  readonly jwksUri: () => Promise<string>
  readonly fetch: Fetch
  readonly now: () => number
  /** Milliseconds. */
  readonly maxAge: number
  readonly maxStale: number
  readonly unavailable: (reason: string) => Error
  /** Is told that the keys could not be read again, while the last ones are still good. */
  readonly onFailure: (reason: string) => void
}): PublicKeys {
  const { jwksUri, fetch, now, maxAge, maxStale, unavailable, onFailure } = options
  const reading = createSingleFlight<JSONWebKeySet>()
  let last: { readonly set: JSONWebKeySet; readonly at: number } | undefined
  let triedAt = Number.NEGATIVE_INFINITY

  async function read(): Promise<JSONWebKeySet> {
    triedAt = now()
    const url = await jwksUri()
    const answer = await requestJson(fetch, url)
    if (answer.kind !== 'json') {
      throw unavailable(`${url}: ${answer.kind === 'status' ? `it answered ${answer.status}` : answer.reason}`)
    }
    const { keys } = answer.body
    // A server that publishes no key at all has a fault: no token of it could be valid.
    if (!Array.isArray(keys) || keys.length === 0) throw unavailable(`${url}: it has no keys`)
    const set = { keys: keys.filter(isObject) as JSONWebKeySet['keys'] }
    last = { set, at: now() }
    return set
  }

  return (_signal, { fresh = false } = {}) => {
    if (last === undefined || fresh || now() - last.at >= maxStale) return waitAfterFailure()
    if (now() - last.at >= maxAge && now() - triedAt >= retryAfter && !reading.isRunning('keys')) {
      reading.run('keys', read).catch((error: Error) => onFailure(error.message))
    }
    return Promise.resolve(last.set)
  }

  /** While the first read fails, requests must not cause one read each. */
  async function waitAfterFailure(): Promise<JSONWebKeySet> {
    if (!reading.isRunning('keys') && last === undefined && now() - triedAt < firstRetryAfter) {
      throw unavailable('its keys could not be read a moment ago')
    }
    return reading.run('keys', read)
  }
}

/** Milliseconds. */
const retryAfter = 30_000
const firstRetryAfter = 2_000
