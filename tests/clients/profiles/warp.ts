import type { ClientProfile, RegistrationWay } from '../driver/profile.ts'
import {
  rmcpAuthorization,
  rmcpDiscovery,
  rmcpMetadata,
  rmcpOpening,
  rmcpRegistration,
  rmcpSource,
  rmcpTokens,
} from '../driver/rmcp.ts'

const way = (name: string, redirectUri: string): RegistrationWay => ({
  ...rmcpRegistration,
  name,
  body: { client_name: 'Warp', redirect_uris: [redirectUri], ...rmcpMetadata },
  redirectUris: [redirectUri],
})

const profile: ClientProfile = {
  name: 'Warp',
  sources: [
    {
      fact: 'registers as Warp, has a redirect URI with its own scheme, finds the server by the state; built on the Rust SDK',
      from: 'https://github.com/warpdotdev/warp/blob/main/app/src/ai/mcp/templatable_manager/oauth.rs',
    },
    { fact: 'the redirect URI', from: 'https://github.com/warpdotdev/warp/issues/9088' },
    rmcpSource,
  ],
  assumed: [
    'its preview and its loopback edition differ only in the redirect URI',
    'the version of the protocol, the number of parallel refreshes',
  ],
  origin: null,
  opening: rmcpOpening,
  discovery: rmcpDiscovery,
  ways: [
    way('as an app', 'warp://mcp/oauth2callback'),
    way('as its preview', 'warppreview://mcp/oauth2callback'),
    way('on loopback', 'http://127.0.0.1:{port}/mcp/oauth2callback'),
  ],
  authorization: rmcpAuthorization,
  tokens: rmcpTokens,
  revokes: [],
  mcp: {
    version: '2025-06-18',
    clientInfo: { name: 'Warp', version: '1.0.0' },
    headers: {},
    opensStream: true,
  },
}
export default profile
