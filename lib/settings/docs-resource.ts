import type { Scopes } from '../oauth/scopes.ts'

/** The protected resource of a documentation site: where it is, and what a token of it allows. */

/** The paths of the MCP endpoint and of its metadata, relative to the issuer. `netlify/functions/` repeats them as literals. */
export const mcpPaths = {
  mcp: '/mcp',
  protectedResourceMetadataOfMcp: '/.well-known/oauth-protected-resource/mcp',
  /** For clients that write the resource with a slash at its end (RFC 9728 §3.3). */
  protectedResourceMetadataOfMcpSlash: '/.well-known/oauth-protected-resource/mcp/',
} as const

/** The scopes of a token. */
export const scopes = ['docs:read', 'docs:feedback'] as const
export type Scope = (typeof scopes)[number]

/** The scope of the tools for admins (N8). */
export const adminScope = 'docs:admin'

export const docsScopes: Scopes = {
  all: scopes,
  // The least that answers a question.
  initial: ['docs:read'],
  optional: ['docs:feedback'],
  admin: adminScope,
  texts: {
    'docs:read': 'Read the documentation and ask questions',
    'docs:feedback': 'Send feedback, with your email address',
    'docs:admin': 'For admins only: see which companies ask, with which apps and tools, and what fails',
  },
}
