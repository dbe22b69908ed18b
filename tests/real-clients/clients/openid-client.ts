import type { Configuration } from 'openid-client'
import { type Judge, type JudgedTokens, type JudgeOptions, keyId } from './judge.ts'
import { passing } from './oauth4webapi.ts'

type Library = typeof import('openid-client')

/** @throws the error of the library for an answer that it does not accept */
export function createOpenidClient(library: Library, options: JudgeOptions): Judge {
  const { issuer, resource, method, redirectUri, key } = options
  let registered: Configuration | undefined
  let pkceCodeVerifier = ''
  let expectedState = ''
  const get = () => {
    if (!registered) throw new Error('not registered')
    return registered
  }

  function authentication() {
    switch (method) {
      case 'none':
        return library.None()
      case 'client_secret_basic':
        return library.ClientSecretBasic()
      case 'client_secret_post':
        return library.ClientSecretPost()
      case 'private_key_jwt':
        return library.PrivateKeyJwt({ key, kid: keyId })
    }
  }

  return {
    async register(metadata) {
      registered = await library.dynamicClientRegistration(issuer, metadata, authentication(), {
        algorithm: 'oauth2',
        // The issuer is http on loopback here.
        execute: [library.allowInsecureRequests],
      })
    },

    async authorizationUrl(scope) {
      pkceCodeVerifier = library.randomPKCECodeVerifier()
      expectedState = library.randomState()
      return library.buildAuthorizationUrl(get(), {
        redirect_uri: redirectUri,
        code_challenge: await library.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        scope,
        resource: resource.href,
      })
    },

    async redeem(answer) {
      const checks = { pkceCodeVerifier, expectedState }
      return tokensOf(await library.authorizationCodeGrant(get(), answer, checks, { resource: resource.href }))
    },

    refresh: async (refreshToken) =>
      tokensOf(await library.refreshTokenGrant(get(), refreshToken, { resource: resource.href })),

    revoke: (refreshToken) => library.tokenRevocation(get(), refreshToken),

    fetch: (accessToken, body, headers) =>
      passing(library.fetchProtectedResource(get(), accessToken, resource, 'POST', body, headers)),
  }
}

function tokensOf(answer: { readonly access_token: string; readonly refresh_token?: string }): JudgedTokens {
  const { access_token: accessToken, refresh_token: refreshToken } = answer
  if (refreshToken === undefined) throw new Error('there is no refresh token')
  return { accessToken, refreshToken }
}
