/** What the documents about this server are made from: the live configuration, so they are never out of date. */
export interface ServerDescription {
  readonly name: string
  readonly version: string
  readonly productName: string
  readonly issuer: string
  readonly resource: string
  readonly resourceMetadataUrl: string
  readonly documentationUrl: string
  readonly supportUrl: string | undefined
  readonly scopes: readonly string[]
  /** As `/mcp` enforces it. */
  readonly requireAuth: boolean
  /** Whether it serves skills, which are resources. */
  readonly skills: boolean
}

/** The media type that clients ask for (server-card extension, "Server Card Location"). */
export const serverCardType = 'application/mcp-server-card+json'
export const catalogType = 'application/ai-catalog+json'

/** The protocol versions of `/mcp`, the newest first. */
export const protocolVersions = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26']

/** Characters of the longest `title` and `description` of a card. */
const longest = 100

/**
 * The Server Card of SEP-2127, for `<the MCP endpoint>/server-card`. A card may not have members of its own: `_meta` says
 * how to sign in, under the name of this host.
 */
export function serverCard(server: ServerDescription) {
  const namespace = reversed(server.issuer)
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
    name: `${namespace}/mcp`,
    version: server.version,
    description: shortened(describe(server)),
    title: shortened(server.productName),
    websiteUrl: server.documentationUrl,
    remotes: [{ type: 'streamable-http', url: server.resource, supportedProtocolVersions: protocolVersions }],
    _meta: { [`${namespace}/authentication`]: authenticationOf(server) },
  }
}

/** The AI Catalog of this host (SEP-2127, "Discovery"): from the host alone, a client finds the card and then the server. */
export function catalog(server: ServerDescription, serverCardUrl: string) {
  const { hostname } = new URL(server.issuer)
  return {
    specVersion: '1.0',
    host: { displayName: server.productName, identifier: hostname },
    entries: [
      {
        identifier: `urn:air:${hostname}:mcp`,
        displayName: shortened(server.productName),
        description: shortened(describe(server)),
        type: serverCardType,
        url: serverCardUrl,
      },
    ],
  }
}

/** The earlier card of SEP-1649, at the well-known path where scanners and directories still look. */
export function earlierServerCard(server: ServerDescription) {
  return {
    serverInfo: informationOf(server),
    transport: { type: 'streamable-http', url: server.resource },
    capabilities: { tools: true, resources: server.skills, prompts: false },
    authentication: authenticationOf(server),
    metadata: { documentation: server.documentationUrl, support: server.supportUrl },
  }
}

/** What a program gets that opens the front page. */
export function serverInformation(server: ServerDescription, links: Readonly<Record<string, string>>) {
  return {
    ...informationOf(server),
    transport: { type: 'streamable-http', url: server.resource },
    authentication: authenticationOf(server),
    documentation: server.documentationUrl,
    links,
  }
}

const informationOf = (server: ServerDescription) => ({
  name: server.name,
  title: server.productName,
  version: server.version,
  description: describe(server),
})

const describe = ({ productName }: ServerDescription) => `Answers questions from the ${productName}, with its sources.`

function authenticationOf(server: ServerDescription) {
  return {
    type: 'oauth2',
    required: server.requireAuth,
    authorization_servers: [server.issuer],
    protected_resource_metadata: server.resourceMetadataUrl,
    scopes_supported: server.scopes,
  }
}

/** The host in reverse order: `com.example.docs`. An IP address keeps its order, without the colons. */
function reversed(issuer: string): string {
  const { hostname } = new URL(issuer)
  if (/^[\d.]+$|^\[/.test(hostname)) return hostname.replaceAll(/[^\d.a-f]+/g, '-')
  return hostname.split('.').reverse().join('.')
}

function shortened(text: string): string {
  const characters = [...text]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : text
}
