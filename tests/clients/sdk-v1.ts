import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { defined } from '../../lib/base/defined.ts'
import { createSession } from './session.ts'
import type { SdkClient, SdkClientOptions } from './story.ts'
import { answerOf, requestOptions, type ToolAnswer, type ToolArguments, type UseOptions } from './tool-answer.ts'

/** The package that most installed clients embed: `@modelcontextprotocol/sdk` 1.x. */
export function createV1Client({ mcpUrl, clientMetadataUrl, fetch }: SdkClientOptions): SdkClient {
  const session = createSession<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>(clientMetadataUrl)
  const { provider } = session
  const client = new Client({ name: 'v1', version: '1.0.0' })
  let transport: StreamableHTTPClientTransport | undefined
  let negotiated: string | undefined
  const tokens = () => {
    if (!session.tokens) throw new Error('not signed in')
    return session.tokens
  }
  async function use(name: string, args: ToolArguments, options: UseOptions = {}): Promise<ToolAnswer> {
    const result = await client.callTool({ name, arguments: args }, CallToolResultSchema, requestOptions(options))
    return answerOf(CallToolResultSchema.parse(result))
  }
  return {
    state: session.state,
    async connect() {
      transport = new StreamableHTTPClientTransport(mcpUrl, { authProvider: provider, fetch })
      await client.connect(
        adapt(transport, (version) => {
          negotiated = version
        }),
      )
    },
    asksForSignIn: (error) => error instanceof UnauthorizedError,
    authorizationUrl: () => session.authorizationUrl,
    finishAuth: async (answer) => transport?.finishAuth(answer.searchParams.get('code') ?? ''),
    protocolVersion: () => negotiated,
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

/** With exactOptionalPropertyTypes, the package's transport does not match its own interface. */
function adapt(transport: StreamableHTTPClientTransport, onVersion: (version: string) => void): Transport {
  return {
    start: () => transport.start(),
    send: (message, options) => transport.send(message, defined({ resumptionToken: options?.resumptionToken })),
    close: () => transport.close(),
    setProtocolVersion(version) {
      onVersion(version)
      transport.setProtocolVersion(version)
    },
    set onmessage(handler: NonNullable<StreamableHTTPClientTransport['onmessage']>) {
      transport.onmessage = handler
    },
    set onclose(handler: NonNullable<StreamableHTTPClientTransport['onclose']>) {
      transport.onclose = handler
    },
    set onerror(handler: NonNullable<StreamableHTTPClientTransport['onerror']>) {
      transport.onerror = handler
    },
  }
}
