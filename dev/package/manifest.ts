import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { repository } from '../repository.ts'
import { entries, folders, programs } from './entries.ts'
import { outputOf } from './output.ts'
import { containerFolder } from './site/stage.ts'

const root = v.object({
  name: v.string(),
  version: v.string(),
  license: v.string(),
  dependencies: v.record(v.string(), v.string()),
})

/**
 * The `package.json` of the package. Name, version, license and versions of dependencies are those of the repository's.
 *
 * @param ofSite more of `exports`
 * @throws if a package is no dependency of the repository
 */
export async function manifestOf(
  packages: readonly string[],
  ofSite: Readonly<Record<string, object>>,
): Promise<object> {
  const { name, version, license, dependencies } = v.parse(
    root,
    JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')),
  )
  const rangeOf = (dependency: string): readonly [string, string] => {
    const exact = dependencies[dependency]
    if (exact === undefined) throw new Error(`${dependency} is not among the dependencies of package.json`)
    // An application gets repairs of a dependency without a new version of this package, and one copy instead of two.
    return [dependency, `^${exact}`]
  }
  const bin = Object.entries(programs).map(([command, source]) => [command, `./${outputOf(source)}.js`])
  return {
    name,
    version,
    description:
      'OAuth 2.1 for MCP servers: an authorization server, and a resource server for any authorization server.',
    license,
    type: 'module',
    engines: { node: '>=22' },
    sideEffects: false,
    exports: {
      ...Object.fromEntries(Object.entries(entries).map(([entry, source]) => [entry, exported(outputOf(source))])),
      ...ofSite,
      './package.json': './package.json',
    },
    ...(bin.length > 0 && { bin: Object.fromEntries(bin) }),
    files: [
      '**/*.js',
      '**/*.mjs',
      '**/*.d.ts',
      '**/*.d.mts',
      'THIRD-PARTY-NOTICES',
      ...Object.keys(folders),
      containerFolder,
    ],
    dependencies: Object.fromEntries(packages.map(rangeOf)),
  }
}

/** The order matters: the first condition that applies counts. */
const exported = (output: string) => ({ types: `./${output}.d.ts`, default: `./${output}.js` })
