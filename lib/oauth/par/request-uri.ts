import * as v from 'valibot'
import { sha256 } from '../../base/sha256.ts'
import { onPage } from '../authorization/on-page.ts'
import { pushedPrefix } from '../capabilities.ts'
import { PageError } from '../errors.ts'
import { newGrantId } from '../grants/record.ts'
import { type Parameters, parseParameters } from '../http/parameters.ts'
import type { Sealing } from '../keys/sealing.ts'

/** Seconds from a push until the browser must have come with the request_uri. */
export const pushedLifetime = 90

/** The most characters of the pushed parameters, before they are compressed. */
const longestParameters = 16_000

/** The most characters of a request_uri. It travels in a URL. */
const longest = 8000

/** What a request_uri seals. */
export const PushedRequest = v.object({
  /** 128 random bits. They become part of the key of the grant, so that one push makes one grant of a user at most. */
  id: v.string(),
  /** base64url SHA-256 of client_id. */
  clientHash: v.string(),
  /** The parameters that the client pushed, form-urlencoded, without its credentials. */
  parameters: v.string(),
  /** Seconds since the epoch. */
  expiresAt: v.number(),
})
export const pushedNames = { id: 'i', clientHash: 'c', parameters: 'p', expiresAt: 'exp' } as const

/** An authorization request that its client pushed. Every check of a request still has to pass. */
export interface OpenedRequest {
  readonly parameters: Parameters
  readonly id: string
}

const sealerOf = (sealing: Sealing) =>
  sealing.encrypted('pushed-request', PushedRequest, { long: pushedNames.parameters, names: pushedNames })

/**
 * Seals a pushed request into its request_uri (RFC 9126 §2.2), so that nothing is stored. Returns `null` if the request is too
 * large for a URL.
 *
 * @param now milliseconds since the epoch
 */
export function requestUriOf(clientId: string, form: Parameters, sealing: Sealing, now: number): string | null {
  const parameters = new URLSearchParams(form.encoded)
  for (const name of ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type']) {
    parameters.delete(name)
  }
  const text = parameters.toString()
  if (text.length > longestParameters) return null
  const sealed = sealerOf(sealing).seal({
    id: newGrantId(),
    clientHash: sha256(clientId),
    parameters: text,
    expiresAt: Math.floor(now / 1000) + pushedLifetime,
  })
  return sealed.length > longest ? null : pushedPrefix + sealed
}

/**
 * Opens the request_uri of an authorization request, for the client that pushed it. The other parameters of that request count
 * for nothing (RFC 9101 §6.3). Throws `PageError`: until the request is open, nothing says where an error could go.
 *
 * @param now milliseconds since the epoch
 */
export function openPushed(given: Parameters, sealing: Sealing, now: number): OpenedRequest {
  const clientId = onPage('invalid-request', () => given.get('client_id')) ?? ''
  const uri = onPage('invalid-request', () => given.get('request_uri')) ?? ''
  const pushed = sealerOf(sealing).open(uri.slice(pushedPrefix.length))
  if (!pushed) throw new PageError('invalid-request', 'invalid_request_uri', 'request_uri is not one of ours')
  if (pushed.clientHash !== sha256(clientId)) {
    throw new PageError('invalid-request', 'invalid_request_uri', 'request_uri belongs to another client')
  }
  if (pushed.expiresAt <= now / 1000) throw new PageError('expired', 'invalid_request_uri', 'request_uri has expired')
  const parameters = new URLSearchParams(pushed.parameters)
  parameters.set('client_id', clientId)
  return { parameters: parseParameters(parameters), id: pushed.id }
}
