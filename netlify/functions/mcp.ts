import type { Config, Context } from '@netlify/functions'
import { serveMcp } from '../../lib/netlify/serve-mcp.ts'

/** The MCP endpoint: the protected resource. The only function that loads the MCP SDK at its start. */
export default (request: Request, context: Context): Promise<Response> => serveMcp(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
export const config: Config = {
  path: ['/mcp', '/mcp/', '/mcp/api/ask'],
  preferStatic: false,
  rateLimit: { windowLimit: 1200, windowSize: 60, aggregateBy: ['ip', 'domain'] },
}
