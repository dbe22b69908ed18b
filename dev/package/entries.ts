/** What an application imports from the package: each name of `exports`, and its source. */
export const entries: { readonly [name: `./${string}`]: string } = {
  './resource-server': 'lib/resource-server/kit/index.ts',
}

/** The commands of the package: each name of `bin`, and its source. Its first line is `#!/usr/bin/env node`. */
export const programs: { readonly [name: string]: string } = {}

/** Folders of files that the package ships as they are: each name in the package, and its source. */
export const folders: { readonly [name: string]: string } = {}

/** Rooms whose code must not get into the package: what is only for the service on Netlify, for Kapa and for its own pages. */
export const keptOut = ['netlify', 'service', 'settings', 'answers', 'people', 'account', 'guide', 'mcp', 'telemetry']

/** Packages that the package must not need. */
export const packagesKeptOut = /^@netlify\//
