/** Callbacks that vendors of web clients document. Their users need not confirm where an answer goes. */
export const vendorRedirects: readonly string[] = [
  'claude.ai/api/mcp/auth_callback',
  'claude.com/api/mcp/auth_callback',
  'chatgpt.com/connector_platform_oauth_redirect',
  'chatgpt.com/connector/oauth/',
  'vscode.dev/redirect',
  'insiders.vscode.dev/redirect',
  'www.cursor.com/agents/mcp/oauth/callback',
  'antigravity.google/oauth-callback',
  'grok.com/connectors-oauth-exchange-code/',
  'console.x.ai/connectors-oauth-exchange-code/',
]
