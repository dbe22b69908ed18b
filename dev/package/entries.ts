/** What an application imports from the package: each name of `exports`, and its source. */
export const entries: { readonly [name: `./${string}`]: string } = {
  './resource-server': 'lib/resource-server/kit/index.ts',
  './authorization-server': 'lib/package/index.ts',
  './store/memory': 'lib/store/memory.ts',
  './store/postgres': 'lib/package/postgres-store.ts',
  './resource-server/express': 'lib/resource-server/kit/express.ts',
  './resource-server/fastify': 'lib/resource-server/kit/fastify.ts',
  './resource-server/hono': 'lib/resource-server/kit/hono.ts',
  './resource-server/node': 'lib/resource-server/kit/node.ts',
}

/** The commands of the package: each name of `bin`, and its source. Its first line is `#!/usr/bin/env node`. */
export const programs: { readonly [name: string]: string } = { 'mcp-oauth-broker': 'lib/create/cli.ts' }

/** Folders of files that the package ships as they are: each name in the package, and its source. */
export const folders: { readonly [name: string]: string } = {
  migrations: 'netlify/database/migrations',
  'template/functions': 'netlify/functions',
}

/** Rooms whose code must not get into the package: what is only for the service on Netlify, for Kapa and for its own pages. */
export const keptOut = ['netlify', 'service', 'settings', 'answers', 'people', 'account', 'guide', 'mcp', 'telemetry']

/** Files of those rooms that are for everyone: how a secret and a URL must look, and how a person is ended. */
export const letIn = [
  'lib/settings/secrets.ts',
  'lib/settings/urls.ts',
  'lib/people/privacy/privacy.ts',
  'lib/people/privacy/jobs.ts',
  'lib/people/privacy/place.ts',
]

/** Packages that the package must not need. */
export const packagesKeptOut = /^@netlify\//
