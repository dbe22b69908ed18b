import {
  Client,
  type ClientOptions,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createSession } from './session.ts'
import type { SdkClient, SdkClientOptions } from './story.ts'
import { answerOf, requestOptions, type ToolAnswer, type ToolArguments, type UseOptions } from './tool-answer.ts'

/** `@modelcontextprotocol/client` 2.x, which supports the revisions of 2025 and 2026. */
export function createV2Client(
  { mcpUrl, clientMetadataUrl, fetch }: SdkClientOptions,
  options: ClientOptions,
): SdkClient {
  const session = createSession<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState>(clientMetadataUrl)
  const { provider } = session
  const client = new Client({ name: 'v2', version: '1.0.0' }, options)
  let transport: StreamableHTTPClientTransport | undefined
  const tokens = () => {
    if (!session.tokens) throw new Error('not signed in')
    return session.tokens
  }
  async function use(name: string, args: ToolArguments, options: UseOptions = {}): Promise<ToolAnswer> {
    return answerOf(await client.callTool({ name, arguments: args }, requestOptions(options)))
  }
  return {
    state: session.state,
    async connect() {
      transport = new StreamableHTTPClientTransport(mcpUrl, { authProvider: provider, fetch })
      await client.connect(transport)
    },
    asksForSignIn: (error) => error instanceof UnauthorizedError,
    authorizationUrl: () => session.authorizationUrl,
    finishAuth: async (answer) => transport?.finishAuth(answer.searchParams),
    protocolVersion: () => client.getNegotiatedProtocolVersion(),
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    describeTools: async () => (await client.listTools()).tools,
    callTool: async (name, question) => (await use(name, { question })).texts,
    use,
    clientId: () => session.information?.client_id ?? clientMetadataUrl,
    accessToken: () => tokens().access_token,
    refreshToken: () => tokens().refresh_token ?? '',
    replaceAccessToken(token) {
      session.tokens = { ...tokens(), access_token: token }
    },
    forgetTokens() {
      session.tokens = undefined
    },
    close: () => client.close(),
  }
}
