/** How this program introduces itself to clients, to Kapa and in documents. The version is that of `package.json`. */
export const identity = { name: 'mcp-oauth-broker', version: '0.1.0' } as const
