import type { ClientProfile } from '../driver/profile.ts'
import chatgpt from './chatgpt.ts'

const redirectUris = [
  'https://grok.com/connectors-oauth-exchange-code/',
  'https://console.x.ai/connectors-oauth-exchange-code/',
] as const

const profile: ClientProfile = {
  name: 'Grok',
  sources: [
    {
      fact: 'the URL of its document: a public client, with these two redirect URIs',
      from: 'https://grok.com/oauth/mcp-client.json',
    },
    { fact: 'it uses these redirect URIs', from: 'https://github.com/koala73/worldmonitor/pull/8305' },
  ],
  assumed: ['the other members of its document', 'everything that it sends, of which nothing is published'],
  origin: null,
  opening: chatgpt.opening,
  discovery: chatgpt.discovery,
  ways: [
    {
      name: 'with its document',
      by: 'document',
      document: {
        client_id: 'https://grok.com/oauth/mcp-client.json',
        client_name: 'Grok',
        redirect_uris: redirectUris,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      needs: ['documents', 'none'],
      authentication: 'none',
      redirectUris,
    },
  ],
  authorization: {
    scope: { from: 'challenge', offlineAccess: true },
    resource: true,
    prompt: null,
    state: { bytes: 32, as: 'base64url' },
    iss: 'compared',
  },
  tokens: chatgpt.tokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'grok', version: '1.0.0' },
    headers: {},
    opensStream: false,
  },
}
export default profile
