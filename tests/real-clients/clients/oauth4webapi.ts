import * as oauth from 'oauth4webapi'
import { type Judge, type JudgedTokens, type JudgeOptions, keyId } from './judge.ts'

// The issuer is http on loopback here.
const insecure = { [oauth.allowInsecureRequests]: true }

/** @throws the error of the library for an answer that it does not accept */
export function createOauth4webapi(options: JudgeOptions): Judge {
  const { issuer, resource, method, redirectUri, key, introspectionToken } = options
  let known: { readonly as: oauth.AuthorizationServer; readonly client: oauth.Client } | undefined
  let verifier = ''
  let state = ''
  const get = () => {
    if (!known) throw new Error('not registered')
    return known
  }
  const token = { ...insecure, additionalParameters: { resource: resource.href } }

  function authentication(client: oauth.Client): oauth.ClientAuth {
    const secret = () => (typeof client.client_secret === 'string' ? client.client_secret : '')
    switch (method) {
      case 'none':
        return oauth.None()
      case 'client_secret_basic':
        return oauth.ClientSecretBasic(secret())
      case 'client_secret_post':
        return oauth.ClientSecretPost(secret())
      case 'private_key_jwt':
        return oauth.PrivateKeyJwt({ key, kid: keyId })
    }
  }

  return {
    async register(metadata) {
      const found = await oauth.resourceDiscoveryRequest(resource, insecure)
      const protectedResource = await oauth.processResourceDiscoveryResponse(resource, found)
      const [named = ''] = protectedResource.authorization_servers ?? []
      const response = await oauth.discoveryRequest(new URL(named), { ...insecure, algorithm: 'oauth2' })
      const as = await oauth.processDiscoveryResponse(issuer, response)
      const registered = await oauth.dynamicClientRegistrationRequest(as, metadata, insecure)
      known = { as, client: await oauth.processDynamicClientRegistrationResponse(registered) }
    },

    async authorizationUrl(scope) {
      const { as, client } = get()
      verifier = oauth.generateRandomCodeVerifier()
      state = oauth.generateRandomState()
      const url = new URL(as.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: client.client_id,
        redirect_uri: redirectUri,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        scope,
        resource: resource.href,
      }).toString()
      return url
    },

    async redeem(answer) {
      const { as, client } = get()
      // RFC 9207: the library demands `iss`, because the metadata promises it.
      const parameters = oauth.validateAuthResponse(as, client, answer, state)
      const auth = authentication(client)
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        auth,
        parameters,
        redirectUri,
        verifier,
        token,
      )
      const tokens = tokensOf(await oauth.processAuthorizationCodeResponse(as, client, response))
      await judgeAccessToken(as, tokens.accessToken)
      return tokens
    },

    async refresh(refreshToken) {
      const { as, client } = get()
      const response = await oauth.refreshTokenGrantRequest(as, client, authentication(client), refreshToken, token)
      return tokensOf(await oauth.processRefreshTokenResponse(as, client, response))
    },

    async revoke(refreshToken) {
      const { as, client } = get()
      const response = await oauth.revocationRequest(as, client, authentication(client), refreshToken, insecure)
      await oauth.processRevocationResponse(response)
    },

    fetch: (accessToken, body, headers) =>
      passing(oauth.protectedResourceRequest(accessToken, 'POST', resource, headers, body, insecure)),
  }

  /** Validates the token as another resource server would: RFC 9068 §4, and RFC 7662. */
  async function judgeAccessToken(as: oauth.AuthorizationServer, accessToken: string): Promise<void> {
    const request = new Request(resource, { headers: { authorization: `Bearer ${accessToken}` } })
    const { client_id } = await oauth.validateJwtAccessToken(as, request, resource.href, insecure)
    // The metadata does not name the endpoint. The operator tells resource servers about it.
    const introspecting = { ...as, introspection_endpoint: `${as.issuer}/oauth/introspect` }
    const auth: oauth.ClientAuth = (_as, _client, _body, headers) =>
      headers.set('authorization', `Bearer ${introspectionToken}`)
    const response = await oauth.introspectionRequest(introspecting, { client_id }, auth, accessToken, insecure)
    const { active } = await oauth.processIntrospectionResponse(introspecting, { client_id }, response)
    if (!active) throw new Error('a new access token is not active')
  }
}

function tokensOf({
  access_token: accessToken,
  refresh_token: refreshToken,
}: oauth.TokenEndpointResponse): JudgedTokens {
  if (refreshToken === undefined) throw new Error('there is no refresh token')
  return { accessToken, refreshToken }
}

/** Returns the answer even if it is a challenge, for which the library throws. */
export async function passing(answer: Promise<Response>): Promise<Response> {
  return answer.catch((error: unknown) => {
    if (error instanceof Error && 'response' in error && error.response instanceof Response) return error.response
    throw error
  })
}
