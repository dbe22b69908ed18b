import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'
import { withLazySchemas, withSchemasAtFirstUse } from './lazy-schemas.ts'
import { coreSchemas, registeringOnly } from './mcp-sdk.ts'
import { sharedSchemas } from './shared-schemas.ts'

/** What the SDK's module gives away for the comparison: its schemas of 2025, its maps by method, and zod's own reader. */
interface Schemas {
  readonly comparedSchemas: Readonly<Record<string, object>>
  readonly comparedMaps: Readonly<Record<string, Readonly<Record<string, object>>>>
  readonly describeSchema: (schema: object) => unknown
}

const exported = `
import { toJSONSchema } from 'zod/v4';
export const comparedSchemas = build$1(), comparedMaps = registryMaps();
export const describeSchema = (schema) => toJSONSchema(schema, { unrepresentable: 'any', cycles: 'ref' });`

const sdk = dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/server')))

/** Bundles the module of the SDK that makes the schemas, after `change`, and loads it. `plugins` change the modules that it imports. */
const load = (change: (text: string) => string, plugins: readonly Plugin[] = []): Promise<Schemas> =>
  loadFrom(sdk, /^src-[^/]+\.mjs$/, change, exported, plugins)

/** Changes the SDK's module of schemas for all revisions as the build does. */
const coreAtFirstUse: Plugin = {
  name: 'core-at-first-use',
  setup({ onLoad }) {
    onLoad({ filter: /@modelcontextprotocol\/core\/dist\/[^/]+\.mjs$/ }, async ({ path }) => ({
      contents: withSchemasAtFirstUse(await readFile(path, 'utf8')),
    }))
  },
}

/** Bundles a module of `directory`, after `change` and with `more` at its end, and loads it. */
async function loadFrom<T>(
  directory: string,
  named: RegExp,
  change: (text: string) => string,
  more: string,
  plugins: readonly Plugin[] = [],
): Promise<T> {
  const file = (await readdir(directory)).find((name) => named.test(name)) ?? ''
  const folder = temporaryFolder()
  const outfile = join(folder.path, 'sdk.mjs')
  const contents = change(await readFile(join(directory, file), 'utf8')) + more
  await build({
    stdin: { contents, resolveDir: directory, sourcefile: file },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', outfile, logLevel: 'silent' },
    plugins: [...plugins],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  const loaded: T = await import(pathToFileURL(outfile).href)
  await folder.remove()
  return loaded
}

describe('the MCP SDK with schemas that are made when needed', () => {
  let original: Schemas
  let lazy: Schemas
  beforeAll(async () => {
    original = await load((text) => text)
    const core = await coreSchemas()
    lazy = await load(
      (text) => withLazySchemas(withSchemasAtFirstUse(registeringOnly([], text)), core),
      [coreAtFirstUse],
    )
  })

  test('has the same schemas under the same names', () => {
    const names = Object.keys(original.comparedSchemas)
    expect(names.length).toBeGreaterThan(100)
    expect(Object.keys(lazy.comparedSchemas)).toEqual(names)
    for (const name of names) {
      expect([name, lazy.describeSchema(lazy.comparedSchemas[name] ?? {})]).toEqual([
        name,
        original.describeSchema(original.comparedSchemas[name] ?? {}),
      ])
    }
  })

  test('finds the same schema for each method', () => {
    for (const [kind, byMethod] of Object.entries(original.comparedMaps)) {
      const methods = Object.keys(byMethod)
      expect(methods.length).toBeGreaterThan(5)
      expect(Object.keys(lazy.comparedMaps[kind] ?? {})).toEqual(methods)
      for (const method of methods) {
        const [ours, theirs] = [lazy.comparedMaps[kind]?.[method], byMethod[method]]
        expect([method, ours && lazy.describeSchema(ours)]).toEqual([method, theirs && original.describeSchema(theirs)])
      }
    }
  })
})

test('a schema of a revision is shared only if it is the same as the one for all revisions, down to its last part', () => {
  const core = `const KEY = "a/key";
const PartSchema = z.string();
const WholeSchema = z.object({ [KEY]: PartSchema });
const ListSchema = z.array(WholeSchema);
const OtherSchema = z.object({
\tpart: PartSchema
});
`
  const factory = (part: string) => `\tconst PartSchema$1 = ${part};
\tconst WholeSchema$1 = z.object({ "a/key": PartSchema$1 });
\tconst ListSchema$1 = z.array(WholeSchema$1);
\tconst OtherSchema$1 = z.object({
\t\tpart: PartSchema$1.optional()
\t});`
  expect([...sharedSchemas(factory('z.string()'), core)]).toEqual(['PartSchema$1', 'WholeSchema$1', 'ListSchema$1'])
  expect([...sharedSchemas(factory('z.string().max(3)'), core)]).toEqual([])
})

test('the schemas at the top of a module are the same when they are made at first use', async () => {
  const core = join(sdk, '../../core/dist')
  type Module = Readonly<Record<string, object>> & Pick<Schemas, 'describeSchema'>
  const loadCore = (change: (text: string) => string) =>
    loadFrom<Module>(core, /^schemas-[^/]+\.mjs$/, change, exported.replace(/^export const compared.*$/m, ''))
  const [original, lazy] = await Promise.all([loadCore((text) => text), loadCore(withSchemasAtFirstUse)])
  const schemas = Object.entries(original).filter(([, value]) => '_zod' in Object(value))
  expect(schemas.length).toBeGreaterThan(150)
  for (const [name, schema] of schemas) {
    const made = lazy[name]
    if (typeof made !== 'function') throw new Error(`${name} is made at once`)
    expect([name, lazy.describeSchema(made())]).toEqual([name, original.describeSchema(schema)])
    expect(made()).toBe(made())
  }
})

test('an SDK that is written in another way is not rewritten', () => {
  expect(() => withSchemasAtFirstUse('const OneSchema = z.string()')).toThrow('OneSchema in another way')
  expect(() => withLazySchemas('function build() {}', '')).toThrow('see dev/build/lazy-schemas.ts')
})
