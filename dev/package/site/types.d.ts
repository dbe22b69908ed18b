/** The docs-MCP site on this machine: its functions, a local OpenID Provider, a stand-in for the answer service, and a store in memory. */
export interface LocalSite {
  /** `http://localhost:<port>`, which is also the issuer. */
  readonly url: string
  /** What users type into their client. */
  readonly mcpUrl: string
  /** Signs a reader in through all pages, as a client and a browser do. */
  signIn(email?: string): Promise<{ readonly accessToken: string; readonly refreshToken: string }>
  /** Sends one MCP request. Returns its result. */
  request(accessToken: string, method: string, params?: object): Promise<Record<string, unknown>>
  /** Stops everything. */
  stop(): Promise<void>
}

/**
 * Starts a site.
 *
 * @param root the folder with `netlify/functions` and `.env.example`, whose values apply unless the local world has its own
 * @param options port: the port of the site, which takes the seven ports after it too; default: free ports
 */
export function startSite(root: string | URL, options?: { readonly port?: number }): Promise<LocalSite>
