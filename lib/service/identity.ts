/** The name and version that clients, Kapa and documents see. The version is that of `package.json`. */
export const identity = { name: 'mcp-oauth-broker', version: '0.1.0' } as const
