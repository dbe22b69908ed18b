/**
 * What an application writes around a library that leaves the sign-in to it: a redirect to the OpenID Provider, and the exchange
 * of its code. It keeps nothing, and verifies the ID token with the keys that it has fetched once.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { upstreamClient } from '../control.ts'

/** What must come back unchanged between the two steps. */
export interface Transaction {
  readonly verifier: string
  readonly nonce: string
}

export interface Reader {
  readonly sub: string
  readonly email: string
}

export function upstreamSignIn(upstream: string, redirectUri: string) {
  const keys = createRemoteJWKSet(new URL(`${upstream}/jwks`))
  return {
    begin(): Transaction {
      return { verifier: randomBytes(32).toString('base64url'), nonce: randomBytes(16).toString('base64url') }
    },
    url(state: string, { verifier, nonce }: Transaction): string {
      const parameters = {
        response_type: 'code',
        client_id: upstreamClient.id,
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }
      return `${upstream}/authorize?${new URLSearchParams(parameters)}`
    },
    async finish(code: string, { verifier, nonce }: Transaction): Promise<Reader> {
      const answer = await fetch(`${upstream}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          code_verifier: verifier,
          client_id: upstreamClient.id,
          client_secret: upstreamClient.secret,
        }),
      })
      const { id_token: idToken } = (await answer.json()) as { id_token: string }
      const { payload } = await jwtVerify(idToken, keys, { issuer: upstream, audience: upstreamClient.id })
      if (payload.nonce !== nonce) throw new Error('another nonce')
      return { sub: String(payload.sub), email: String(payload.email) }
    },
  }
}

/** The page on which an application of such a library asks for approval. */
export const approvalPage = (action: string, fields: Readonly<Record<string, string>>, enctype = '') =>
  `<!doctype html><meta charset="utf-8"><title>Authorize Bench</title>
<h1>Allow Bench to read the documentation as you?</h1><p>Access will be sent to <strong>127.0.0.1</strong>.</p>
<form method="post" action="${action}"${enctype === '' ? '' : ` enctype="${enctype}"`}>
${Object.entries(fields)
  .map(
    ([name, value]) =>
      `<input type="hidden" name="${name}" value="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">`,
  )
  .join('\n')}
<button name="decision" value="approve">Allow</button> <button name="decision" value="deny">Deny</button></form>`
