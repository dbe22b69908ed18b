/** Where programs without MCP ask a question. `netlify/functions/mcp.ts` repeats it as a literal. */
export const askPath = '/mcp/api/ask'
