import type { ClientName } from './findings.ts'

type HeaderFields = Readonly<Record<string, string>>

/** How a client finds the service: what it sends, in which order, and what it compares. `docs/clients/` has their pages. */
export interface ClientHabits {
  readonly name: ClientName
  /** Its first requests to /mcp, before it has a token. */
  readonly opening: readonly { readonly method: 'GET' | 'POST'; readonly headers: HeaderFields }[]
  /** Where it looks for the metadata of the resource. `challenge`: where the 401 says. */
  readonly resourceAt: readonly string[]
  /** Where it looks for the metadata of the authorization server, at the issuer that the resource names. */
  readonly serverAt: readonly string[]
  /** Where it looks for that metadata at the host of /mcp, before it knows an issuer. It accepts any answer there. */
  readonly serverFirstAt: readonly string[]
  /** Whether it tries the next place after a 404, a fault (5xx), or a content type other than JSON. */
  readonly goesOnAfter: { readonly notFound: boolean; readonly fault: boolean; readonly otherType: boolean }
  /** Whether it compares the resource with the address that the user typed. */
  readonly comparesResource: boolean
  /** Whether it removes a slash at the end of the issuer before it compares. */
  readonly forgivesSlash: boolean
  /**
   * What the metadata must offer beside S256. `document`: it identifies itself by a document of its vendor if the server supports
   * this.
   */
  readonly ways: readonly ('document' | 'registration')[]
  /** Whether its document only works if the server lists `none` as a client authentication method. */
  readonly documentNeedsNone: boolean
  /** What it registers, if it uses registration. */
  readonly registration: { readonly redirectUris: readonly string[]; readonly grantTypes: readonly string[]; readonly applicationType?: 'native' } | null // biome-ignore format: one line
}

const path = '/.well-known/oauth-protected-resource/mcp'
const root = '/.well-known/oauth-protected-resource'
const server = '/.well-known/oauth-authorization-server'
const openId = '/.well-known/openid-configuration'
const usualGrants = ['authorization_code', 'refresh_token']

const post = (agent: string): ClientHabits['opening'][number] => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'user-agent': agent },
})

/** As in the TypeScript SDK, on which most clients are built. */
const sdk = {
  resourceAt: ['challenge', path, root],
  serverAt: [server, openId],
  serverFirstAt: [],
  goesOnAfter: { notFound: true, fault: false, otherType: false },
  comparesResource: true,
  forgivesSlash: false,
  ways: ['document', 'registration'],
  documentNeedsNone: false,
  registration: null,
} as const

export const clients: readonly ClientHabits[] = [
  {
    ...sdk,
    name: 'Claude',
    opening: [
      { method: 'GET', headers: { accept: 'text/event-stream', 'user-agent': 'Claude-User' } },
      post('python-httpx/0.28.1'),
    ],
    documentNeedsNone: true,
  },
  { ...sdk, name: 'ChatGPT', opening: [post('openai-mcp/1.0.0')] },
  {
    ...sdk,
    name: 'Codex',
    opening: [
      {
        method: 'GET',
        headers: { accept: '*/*', 'mcp-protocol-version': '2024-11-05', 'user-agent': 'codex_cli_rs/0.171.0' },
      },
    ],
    serverFirstAt: [`${server}/mcp`, '/mcp/.well-known/oauth-authorization-server'],
    comparesResource: false,
    forgivesSlash: true,
    registration: {
      redirectUris: ['http://127.0.0.1:41234/callback'],
      grantTypes: usualGrants,
      applicationType: 'native',
    },
  },
  {
    ...sdk,
    name: 'Cursor',
    opening: [post('Cursor/3.14.0')],
    ways: ['registration'],
    registration: {
      redirectUris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grantTypes: usualGrants,
    },
  },
  {
    ...sdk,
    name: 'VS Code',
    opening: [post('Visual Studio Code/1.116.0')],
    resourceAt: ['challenge'],
    goesOnAfter: { notFound: true, fault: true, otherType: true },
    registration: {
      redirectUris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      grantTypes: [...usualGrants, 'urn:ietf:params:oauth:grant-type:device_code'],
      applicationType: 'native',
    },
  },
]

/** The first message of a client. */
export const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'mcp-oauth-broker-doctor', version: '1' },
  },
})
