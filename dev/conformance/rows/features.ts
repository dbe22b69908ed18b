import type { Group } from '../row.ts'
import { docsSiteClients } from './features/docs-site-clients.ts'
import { docsSitePeople } from './features/docs-site-people.ts'
import { docsSitePurpose } from './features/docs-site-purpose.ts'
import { docsSiteServer } from './features/docs-site-server.ts'
import { framework } from './features/framework.ts'
import { kubernetes } from './features/kubernetes.ts'
import { mcpDo } from './features/mcp-do.ts'
import { oauthService } from './features/oauth-service.ts'

export const docsSite: Group = {
  title: 'Features of the documentation site’s server',
  about:
    'What the public pull request of the Redpanda documentation site asks for, which this project grew out of: a sign-in for its MCP server.',
  rows: [...docsSitePurpose, ...docsSiteServer, ...docsSiteClients, ...docsSitePeople],
}

export const related: Group = {
  title: 'Features of related servers',
  about:
    'What four other public projects say of theirs: mcp.do, an MCP server behind WorkOS; an OAuth service with a database; an MCP framework’s resource server; mcp-kubernetes.',
  rows: [...mcpDo, ...oauthService, ...framework, ...kubernetes],
}
