/** One of the servers that are measured. */
export interface Peer {
  readonly id: 'ours' | 'our-package' | 'cloudflare' | 'oidc-provider' | 'better-auth' | 'mcp-sdk'
  readonly name: string
  /** The packages of `bench/peers/package.json` that it is. None: it is this project. */
  readonly packages: readonly string[]
  /** Its program, beside this file. */
  readonly file: string
  readonly nodeOptions?: readonly string[]
  /** The status with which it refuses what has been used before. */
  readonly refusal: number
  /** Whether it refreshes at all. */
  readonly refreshes: boolean
  /** Whether it can serve many requests at once while its store is slow. */
  readonly parallelStore: boolean
}

/** This project comes first: every ratio is to it. */
export const peers: readonly Peer[] = [
  {
    id: 'ours',
    name: 'this project',
    packages: [],
    file: 'ours.ts',
    refusal: 400,
    refreshes: true,
    parallelStore: true,
  },
  {
    id: 'our-package',
    name: 'its package alone',
    packages: [],
    file: 'our-package.ts',
    refusal: 400,
    refreshes: true,
    parallelStore: true,
  },
  {
    id: 'cloudflare',
    name: 'workers-oauth-provider',
    packages: ['@cloudflare/workers-oauth-provider'],
    file: 'theirs/workers-oauth-provider.ts',
    nodeOptions: ['--import', new URL('theirs/cloudflare-workers.mjs', import.meta.url).href],
    refusal: 400,
    refreshes: true,
    parallelStore: true,
  },
  {
    id: 'oidc-provider',
    name: 'oidc-provider',
    packages: ['oidc-provider'],
    file: 'theirs/oidc-provider.ts',
    refusal: 400,
    refreshes: true,
    parallelStore: true,
  },
  {
    id: 'better-auth',
    name: 'better-auth',
    packages: ['better-auth', '@better-auth/oauth-provider'],
    file: 'theirs/better-auth.ts',
    refusal: 400,
    refreshes: true,
    parallelStore: false,
  },
  {
    id: 'mcp-sdk',
    name: 'MCP SDK router',
    packages: ['@modelcontextprotocol/sdk'],
    file: 'theirs/mcp-sdk.ts',
    refusal: 500,
    refreshes: false,
    parallelStore: true,
  },
]
