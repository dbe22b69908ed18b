import * as v from 'valibot'
import { defined } from '../../base/defined.ts'
import { anyKey, capabilities, paths } from '../capabilities.ts'
import type { Known } from '../trail.ts'

/** A validated authorization request, as it travels sealed in the consent form and then in cookies. */
export const authorizationRequestEntries = {
  /** base64url SHA-256 of client_id. */
  clientHash: v.string(),
  clientName: v.optional(v.string()),
  /** The host of the client's metadata document. */
  verifiedHost: v.optional(v.string()),
  /** When the client registered, in seconds since the epoch. Absent for a client with a metadata document. */
  registeredAt: v.optional(v.number()),
  /** The client_id itself, if there is room for it. Only `startAgainPath` uses it. */
  clientId: v.optional(v.string()),
  redirectUri: v.string(),
  state: v.optional(v.string()),
  /** The S256 `code_challenge`. */
  codeChallenge: v.string(),
  resource: v.string(),
  scope: v.string(),
  /** Scopes that the client asked for and that the user left out on the consent page. */
  leftOut: v.optional(v.string()),
  /** A scope that the client asked for, and that it gets only if the user adds it on the consent page. */
  addable: v.optional(v.string()),
  prompt: v.optional(v.picklist(['login', 'select_account'])),
  /** The client authentication methods that may redeem the code (T-10). */
  authenticationMethods: v.array(v.picklist(capabilities.tokenEndpointAuthMethods)),
  /** The URL of the client's keys, if the client publishes them. */
  jwksUri: v.optional(v.string()),
  /** The key that must sign the proof at redemption, as `requireKey` reads it. Absent: no proof is required. */
  boundTo: v.optional(v.string()),
  /** The random part of the key of the grant to be. Absent: each approval makes its own. */
  pushedId: v.optional(v.string()),
  /** Whether the client uses refresh tokens (T-19). */
  usesRefreshTokens: v.boolean(),
  /** The code of the attempt. Absent in values of earlier releases. */
  attempt: v.optional(v.string()),
}
const AuthorizationRequest = v.object(authorizationRequestEntries)
export type AuthorizationRequest = v.InferOutput<typeof AuthorizationRequest>

/** The names of these members inside a sealed value. */
export const authorizationRequestNames = {
  clientHash: 'c',
  clientName: 'cn',
  verifiedHost: 'ch',
  registeredAt: 'i',
  clientId: 'ci',
  redirectUri: 'redirect_uri',
  codeChallenge: 'p',
  leftOut: 'lo',
  addable: 'ad',
  authenticationMethods: 'm',
  jwksUri: 'ju',
  boundTo: 'bk',
  pushedId: 'pi',
  usesRefreshTokens: 'rt',
  attempt: 'ac',
} as const

/** What a sealed request tells about its attempt. */
export function knownOf({
  attempt,
  clientHash,
  clientName,
  verifiedHost,
  registeredAt,
  redirectUri,
}: AuthorizationRequest): Known {
  const { protocol, host } = new URL(redirectUri)
  const sendsTo = protocol === 'https:' ? `https://${host}` : protocol
  return { attempt, clientHash, client: { name: clientName, verifiedHost, registeredAt, sendsTo } }
}

/**
 * Returns the path of the same authorization request, as if the client had sent it again. Every check then runs again, and
 * the user is asked again. Returns `undefined` if there was no room for the client_id.
 */
export function startAgainPath(request: AuthorizationRequest): string | undefined {
  if (request.clientId === undefined) return undefined
  const parameters = new URLSearchParams(
    defined({
      response_type: 'code',
      client_id: request.clientId,
      redirect_uri: request.redirectUri,
      state: request.state,
      code_challenge: request.codeChallenge,
      code_challenge_method: 'S256',
      resource: request.resource,
      // Asks again for what the user left out, or did not add.
      scope: [request.scope, request.leftOut, request.addable].filter((scope) => scope !== undefined).join(' '),
      prompt: request.prompt,
      dpop_jkt: request.boundTo === anyKey ? undefined : request.boundTo,
    }),
  )
  return `${paths.authorize}?${parameters}`
}
