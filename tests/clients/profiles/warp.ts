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
      fact: 'registers as Warp, is led back by its own scheme, keeps the state to know the server again; built on the Rust SDK',
      from: 'https://github.com/warpdotdev/warp/blob/main/app/src/ai/mcp/templatable_manager/oauth.rs',
    },
    { fact: 'the redirect URI', from: 'https://github.com/warpdotdev/warp/issues/9088' },
    rmcpSource,
  ],
  assumed: [
    'that its preview and its loopback edition differ in the redirect URI alone',
    'the version of the protocol, how many refreshes meet',
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
