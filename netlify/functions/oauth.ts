import type { Config, Context } from '@netlify/functions'
import { serveOAuth } from '../../lib/netlify/serve-oauth.ts'

/** Discovery and every endpoint of the authorization server: one warm instance serves a whole sign-in. */
export default (request: Request, context: Context): Promise<Response> => serveOAuth(request, context)

// Literals only: Netlify reads this statically and silently drops what it cannot read. tests/flows/manifest.test.ts checks the result.
export const config: Config = {
  path: [
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/oauth-authorization-server/mcp/',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/',
    '/.well-known/openid-configuration/mcp',
    '/.well-known/openid-configuration/mcp/',
    '/mcp/.well-known/openid-configuration',
    '/mcp/.well-known/openid-configuration/',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-protected-resource/mcp/',
    '/.well-known/jwks.json',
    '/.well-known/jwks.json/',
    '/oauth/register',
    '/oauth/authorize',
    '/oauth/approve',
    '/oauth/confirm',
    '/mcp/callback',
    '/mcp/callback/:name',
    '/login',
    '/oauth/token',
    '/oauth/par',
    '/oauth/revoke',
    '/oauth/introspect',
    '/authorize',
    '/token',
    '/register',
    '/oauth/mock-idp/authorize',
  ],
  preferStatic: false,
  rateLimit: { windowLimit: 1200, windowSize: 60, aggregateBy: ['ip', 'domain'] },
}
