import type { Config, Context } from '@netlify/functions'
import { serveAbout } from '../../lib/runtime/serve-about.ts'

/** What the service says about itself: front page, health, server cards. Apart from the others, which it must not slow down. */
export default (request: Request, context: Context): Promise<Response> => serveAbout(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/manifest.test.ts checks the result.
export const config: Config = {
  path: ['/', '/health', '/health/ready', '/mcp/server-card', '/.well-known/mcp/server-card.json'],
  preferStatic: false,
  rateLimit: { windowLimit: 1200, windowSize: 60, aggregateBy: ['ip', 'domain'] },
}
