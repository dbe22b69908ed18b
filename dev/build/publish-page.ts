/** The one static page, at the address of the service itself. */
export const publishPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>MCP sign-in service</title>
<p>This host signs people in to a documentation MCP server. Its MCP endpoint is <code>/mcp</code>;
it describes itself at <a href="/.well-known/oauth-protected-resource/mcp">/.well-known/oauth-protected-resource/mcp</a>.
</html>
`
