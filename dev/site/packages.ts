import { join } from 'node:path'
import { installInto, type Packages } from '../install-packages.ts'
import { repository } from '../repository.ts'

/** The file that each package is imported from. They are in a folder of their own, and the root's packages do not have them. */
const entries = {
  '@11ty/eleventy': 'src/Eleventy.js',
  '@11ty/eleventy-plugin-syntaxhighlight': '.eleventy.js',
  'markdown-it-anchor': 'dist/markdownItAnchor.js',
  'github-slugger': 'index.js',
  'beautiful-mermaid': 'dist/index.js',
  pagefind: 'lib/index.js',
  sirv: 'build.mjs',
} as const

// biome-ignore lint/suspicious/noExplicitAny: these packages come without types, or with types that the root cannot find
export type Untyped = any

/** Installs what makes the site, unless it is installed. @throws Explained with npm's message */
export const installedSite = (progress: (what: string) => void = () => {}): Promise<Packages> =>
  installInto(
    { source: import.meta.dirname, target: join(repository, '.local/site'), what: 'Eleventy and Pagefind (55 MB)' },
    progress,
  )

/** Imports one of the packages. */
export const load = async (packages: Packages, name: keyof typeof entries): Promise<Untyped> =>
  import(packages.path(name, entries[name]))
