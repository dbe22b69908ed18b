/** What an MCP endpoint makes of one message, on the wire of the 2025 revisions. */
export interface McpAnswer {
  readonly status: number
  readonly headers: Headers
  /** `WWW-Authenticate` */
  readonly challenge: string | null
  // Whatever the server says: the tests look at it.
  // biome-ignore lint/suspicious/noExplicitAny: as JSON.parse
  readonly body: any
}

/** @param token absent: nobody has signed in */
export async function sendMcp(mcpUrl: string, method: string, params: object, token?: string): Promise<McpAnswer> {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  const text = await response.text()
  const { status, headers } = response
  return {
    status,
    headers,
    challenge: headers.get('www-authenticate'),
    body: JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text),
  }
}
