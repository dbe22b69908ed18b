import type { ClientProfile } from '../driver/profile.ts'
import chatgpt from './chatgpt.ts'

const profile: ClientProfile = {
  ...chatgpt,
  name: 'ChatGPT connector',
  sources: [
    {
      fact: 'the document of a connector, which names private_key_jwt only',
      from: 'https://github.com/Altinity/altinity-mcp/issues/118',
    },
    {
      fact: 'registers once for each connector if the server has no CIMD, and keeps the registration',
      from: 'https://developers.openai.com/plugins/build/auth',
    },
    ...chatgpt.sources.slice(1),
  ],
  assumed: [
    'the audience of an assertion is the issuer, as RFC 7523bis §4 requires',
    'the members of its registration except redirect_uris',
    ...chatgpt.assumed.slice(1),
  ],
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://chatgpt.com/oauth/kDmjx77UnKOM/client.json',
        client_uri: 'https://chatgpt.com/',
        redirect_uris: ['https://chatgpt.com/connector/oauth/kDmjx77UnKOM'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        client_name: 'ChatGPT',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'RS256',
        jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
      },
      needs: ['documents'],
      authentication: { algorithm: 'RS256', audience: 'issuer' },
      redirectUris: ['https://chatgpt.com/connector/oauth/kDmjx77UnKOM'],
    },
    {
      name: 'registered',
      by: 'registration',
      body: {
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com/connector/oauth/kDmjx77UnKOM'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      filledIn: [],
      headers: { accept: 'application/json' },
      times: 1,
      whenUnknown: 'gives up',
      preflight: null,
      redirectUris: ['https://chatgpt.com/connector/oauth/kDmjx77UnKOM'],
    },
  ],
}
export default profile
