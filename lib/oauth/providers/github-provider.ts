import { defined } from '../../base/defined.ts'
import { jsonOf } from '../../base/json.ts'
import { sha256 } from '../../base/sha256.ts'
import type { ListedProvider } from './presets/preset.ts'
import { type Identity, type Provider, ProviderError, providerId } from './provider.ts'
import type { ask as Ask } from './provider-http.ts'
import { isRefusal, loggedCode, meaningOf } from './provider-words.ts'
import type { tokenOf as TokenOf } from './token-answer.ts'

/** The least that shows the email addresses, private ones included. The user's numeric id needs no scope. */
const scope = 'user:email'

/** Hides a real address. Mail to it arrives, but it proves no company. */
const noReply = /@(?:[\w-]+\.)*noreply\.github\.com$/i

/**
 * Makes a provider of GitHub, or of a GitHub Enterprise Server. It has no discovery, ID token, nonce or `iss`: what binds an answer to
 * this sign-in is the state, the callback of its own, and PKCE. The subject is the numeric id, because a login may change hands (N6).
 *
 * The address is the verified primary one of the API. It says where to reach the user, and not for whom the user works: GitHub keeps
 * an address verified that the user has lost since. It therefore does not count as verified by an OpenID Provider.
 *
 * @see https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * @see https://docs.github.com/rest/users/emails
 */
export function createGitHubProvider(
  listed: ListedProvider & { readonly issuer: string },
  options: {
    readonly redirectUri: string
    /** What a user without a verified address can do. */
    readonly remedy: string
    readonly ask: typeof Ask
    readonly tokenOf: typeof TokenOf
  },
): Provider {
  const { redirectUri, remedy, ask, tokenOf } = options
  const { issuer, clientId, clientSecret = '' } = listed
  const api = issuer === 'https://github.com' ? 'https://api.github.com' : `${issuer}/api/v3`

  /** Asks the API with a token that is used for this and then forgotten. */
  async function read(path: string, token: string, signal: AbortSignal): Promise<unknown> {
    const headers = new Headers({
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      // GitHub refuses requests without one.
      'user-agent': 'mcp-oauth-broker',
      'x-github-api-version': '2022-11-28',
    })
    const { delivery } = await ask({ url: api + path, headers }, signal)
    if (delivery.kind !== 'answered') throw new ProviderError('spent', `${path}: no answer`)
    const value = delivery.status === 200 ? jsonOf(delivery.text) : undefined
    if (value !== undefined) return value
    throw new ProviderError('spent', `${path}: status ${delivery.status}`)
  }

  async function emailOf(token: string, signal: AbortSignal): Promise<string | undefined> {
    const entries = await read('/user/emails', token, signal)
    const primary = (Array.isArray(entries) ? entries : []).find(
      (entry: { primary?: unknown; verified?: unknown } | null) => entry?.primary === true && entry.verified === true,
    )
    const email: unknown = primary?.email
    return typeof email === 'string' &&
      /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email) &&
      email.length < 255 &&
      !noReply.test(email)
      ? email
      : undefined
  }

  return {
    id: providerId({ issuer, clientId, redirectUri }),
    name: listed.name,

    async authorizationUrl(login, prompt) {
      const url = new URL(`${issuer}/login/oauth/authorize`)
      const parameters = {
        client_id: clientId,
        redirect_uri: redirectUri,
        scope,
        state: login.state,
        code_challenge: sha256(login.codeVerifier),
        code_challenge_method: 'S256',
        allow_signup: 'true',
        // GitHub cannot ask for the password again. It can ask for the account, which takes a click of the user.
        prompt: prompt && 'select_account',
      }
      for (const [name, value] of Object.entries(defined(parameters))) url.searchParams.set(name, value)
      return url
    },

    async identify(answer, login, signal): Promise<Identity> {
      const code = codeOf(answer, login.state, issuer)
      const body = new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        code,
        redirect_uri: redirectUri,
        code_verifier: login.codeVerifier,
      })
      const headers = new Headers({ accept: 'application/json', 'user-agent': 'mcp-oauth-broker' })
      const asked = await ask({ url: `${issuer}/login/oauth/access_token`, headers, body }, signal)
      const token = await tokenOf('access_token', asked)
      const [user, email] = await Promise.all([read('/user', token, signal), emailOf(token, signal)])
      const { id } = Object(user)
      if (!Number.isSafeInteger(id) || id <= 0) throw new ProviderError('invalid', 'the user has no numeric id')
      if (email === undefined && !listed.emailOptional) {
        throw new ProviderError('unsuitable', 'the account has no verified primary email address', {
          code: 'email_not_verified',
          remedy,
        })
      }
      return { issuer, sub: String(id), ...defined({ email }) }
    },
  }
}

/** Returns the code of an authorization response. Throws `ProviderError`. */
function codeOf(answer: URLSearchParams, state: string, issuer: string): string {
  const [code = '', ...more] = answer.getAll('code')
  if (answer.getAll('state').join() !== state) throw new ProviderError('invalid', 'the answer is of another sign-in')
  // RFC 9207: GitHub promises no `iss`. If there is one, it must be that of GitHub's own metadata.
  if (answer.getAll('iss').some((iss) => iss !== issuer && iss !== `${issuer}/login/oauth`)) {
    throw new ProviderError('invalid', 'the answer names another issuer')
  }
  const error = answer.get('error')
  if (error !== null) {
    const meaning = meaningOf(error)
    throw new ProviderError(
      meaning === 'misconfigured' ? 'misconfigured' : 'refused',
      isRefusal(meaning) ? 'the provider refused' : 'the provider could not sign the user in',
      { code: loggedCode(error) },
    )
  }
  if (code === '' || more.length > 0) {
    throw new ProviderError('invalid', 'the authorization response must have exactly one code')
  }
  return code
}
