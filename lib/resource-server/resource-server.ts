import type { Call } from '../base/call.ts'
import type { SpendProof } from '../dpop/spend.ts'
import { type AccessToken, type BearerVerifierOptions, createBearerVerifier } from './bearer.ts'
import type { BindingRefused, Presented } from './bound-token.ts'
import {
  authenticationRequired,
  insufficientScope,
  invalidProof,
  invalidRequest,
  invalidToken,
  type ProtectedResource,
} from './challenge.ts'
import { createOriginRule } from './cors.ts'
import { createGrantCheck, type GrantCheckOptions } from './grant-check.ts'

export interface ResourceServerOptions extends BearerVerifierOptions, GrantCheckOptions {
  /** URL of the RFC 9728 document of `resource`. */
  readonly resourceMetadataUrl: string
  /** Where a user reads how to connect. */
  readonly documentationUrl: string
  /** The scope that every use of the resource needs. */
  readonly requiredScope: string
  /** Scopes that a challenge names when the user has to sign in, beside those that the request needs. */
  readonly signInScopes: readonly string[]
  /** More origins of browser clients, in lower case, or `https://*`. See `createOriginRule`. */
  readonly allowedOrigins: readonly string[]
  /** Makes sure that a DPoP proof is used once. If absent, every proof must have a `content_digest`. */
  readonly spendProof?: SpendProof
}

/** Who sends a request, by its access token. `refused`: the token is not accepted, and this is the answer. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user'
      readonly token: AccessToken
      /** For a bound token: must be called with the body before anything is done. `null`: the proof covers the body. */
      readonly checkBody?: (body: Uint8Array, once: boolean, signal: AbortSignal) => Promise<Response | null>
    }
  | { readonly kind: 'refused'; readonly response: Response }

/** What a request asks for, as far as a challenge names it. */
export interface Operation {
  /** Every scope that a token needs for it; empty: only `requiredScope`. */
  readonly scopes: readonly string[]
  /** The tool calls of the request: a refusal of the first is also readable as its result. */
  readonly toolCalls: readonly { readonly id: string | number | null }[]
}

const nothing: Operation = { scopes: [], toolCalls: [] }

/** This service's own OAuth 2.1 protected resource (RFC 9728): who calls, and how a refusal makes the client sign in. `kit/` is for others. */
export function createOwnResourceServer(options: ResourceServerOptions) {
  const { issuer, documentationUrl, requiredScope, signInScopes, log, now = Date.now } = options
  const bearer = createBearerVerifier(options)
  const originAllowed = createOriginRule(issuer, options.allowedOrigins)

  /** The metadata name the URL that the client calls, byte for byte: that of `/mcp/` ends in a slash (RFC 9728 §3.3). */
  function resourceOf(request: Request, { scopes, toolCalls: [toolCall] }: Operation): ProtectedResource {
    const slash = new URL(request.url).pathname.endsWith('/') ? '/' : ''
    return {
      ...(/^dpop /i.test(request.headers.get('authorization') ?? '') && { dpop: true }),
      resourceMetadataUrl: options.resourceMetadataUrl + slash,
      documentationUrl,
      scopes: scopes.length > 0 ? scopes : [requiredScope],
      toolCall,
    }
  }

  /** `leftOut`: the scopes that the user declined before. The client is not told to ask for them again. */
  function toSignIn(request: Request, operation: Operation, leftOut: readonly string[] = []): ProtectedResource {
    const scopes = [...new Set([...operation.scopes, ...signInScopes])].filter((scope) => !leftOut.includes(scope))
    return resourceOf(request, { ...operation, scopes })
  }

  function refuseToken(
    request: Request,
    requestId: string,
    { reason, description, leftOut }: { reason: string; description: string; leftOut?: readonly string[] | undefined },
  ): Response {
    log('mcp_token_refused', { requestId, reason })
    return invalidToken(toSignIn(request, { ...nothing, scopes: [requiredScope] }, leftOut), description)
  }

  /** Finds who sends a request with a token that is bound to a key, or with the scheme of such tokens. */
  async function identifyBound(request: Request, presented: Presented, requestId: string): Promise<Caller> {
    const { checkBinding } = await import('./bound-token.ts')
    const refuse = ({ error, description }: BindingRefused) => {
      log('mcp_token_refused', { requestId, reason: description })
      const resource = { ...toSignIn(request, nothing, presented.token.leftOut), dpop: true }
      return error === 'invalid_token' ? invalidToken(resource, description) : invalidProof(resource, description)
    }
    const url = options.resource + (new URL(request.url).pathname.endsWith('/') ? '/' : '')
    const checked = checkBinding(request, presented, { url, now: now(), spendProof: options.spendProof })
    if (typeof checked !== 'function') return { kind: 'refused', response: refuse(checked) }
    const checkBody = async (...of: Parameters<typeof checked>) => {
      const refused = await checked(...of)
      return refused && refuse(refused)
    }
    return { kind: 'user', token: presented.token, checkBody }
  }

  return {
    /** Verifies the access token of a request and its proof, without asking the store. Throws `StoreUnavailable`. */
    async identify(request: Request, { signal, requestId }: Pick<Call, 'signal' | 'requestId'>): Promise<Caller> {
      const outcome = await bearer.verify(request, signal)
      switch (outcome.kind) {
        case 'anonymous':
          return { kind: 'anonymous' }
        case 'valid':
          return outcome.token.jkt === undefined && outcome.scheme === 'bearer'
            ? { kind: 'user', token: outcome.token }
            : identifyBound(request, outcome, requestId)
        case 'invalid':
          return { kind: 'refused', response: refuseToken(request, requestId, outcome) }
        case 'malformed':
          log('mcp_token_refused', { requestId, reason: outcome.reason })
          return { kind: 'refused', response: invalidRequest(resourceOf(request, nothing)) }
      }
    },
    /** Whether the grant of a verified token is still live, as known for at most a minute. */
    isLive: createGrantCheck(options),
    /** Whether a request comes from a web page that may not use the resource without a token (S-10). */
    isForeign: (request: Request) => !originAllowed(request.headers.get('origin')),
    /** 401: the user has to sign in. */
    signInRequired: (request: Request, operation: Operation) => authenticationRequired(toSignIn(request, operation)),
    /** 401: the grant of the token has ended. */
    revoked(request: Request, { leftOut }: AccessToken, { requestId }: Pick<Call, 'requestId'>): Response {
      const description = 'The access token has been revoked'
      return refuseToken(request, requestId, { reason: 'revoked', description, leftOut })
    },
    /** 403: the client has to ask for more scopes. */
    insufficientScope: (request: Request, operation: Operation) => insufficientScope(resourceOf(request, operation)),
  }
}
