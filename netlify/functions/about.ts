import type { Config, Context } from '@netlify/functions'
import { serveAbout } from '../../lib/netlify/serve-about.ts'

/** What the service says about itself: front page, `llms.txt`, health, server cards. Apart from the others, which it must not slow down. */
export default (request: Request, context: Context): Promise<Response> => serveAbout(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
// A site that has these functions among its own keeps its home page. No rate limit: Netlify's free plan takes two rules, which
// `oauth` and `mcp` need more.
export const config: Config = {
  path: [
    '/',
    '/health',
    '/health/ready',
    '/mcp/server-card',
    '/mcp/server-card/',
    '/mcp/copy.js',
    '/llms.txt',
    '/.well-known/mcp/server-card.json',
    '/.well-known/mcp/server-card.json/',
    '/.well-known/ai-catalog.json',
    '/.well-known/ai-catalog.json/',
    '/.well-known/agent-skills/:file',
    '/.well-known/agent-skills/:name/SKILL.md',
  ],
  preferStatic: true,
}
