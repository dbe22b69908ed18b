import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { repository } from '../repository.ts'
import { withLazySchemas } from './lazy-schemas.ts'

/**
 * Leaves out of a bundle the zod schemas that the MCP SDK makes at its start and we never use.
 *
 * The SDK registers a schema for each type of the specification, and of OAuth, in `specTypeSchemas` and `isSpecType`. That
 * takes about a third of the time that the SDK needs to load. This plugin registers only the types that the sources name,
 * and tells esbuild that it can drop a schema without a reader. The build fails if another version of the SDK registers
 * its schemas in another way.
 */
export const withoutUnusedSchemas: Plugin = {
  name: 'mcp-sdk-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /@modelcontextprotocol\/server\/dist\/src-[^/]+\.mjs$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!text.includes(registrations)) {
        throw new Error('the MCP SDK registers its schemas in another way: see dev/build/mcp-sdk.ts')
      }
      const used = (await usedTypes()).map((type) => `register('${type}Schema', ${type}Schema);`)
      return { contents: withLazySchemas(text.replace(registrations, used.join('\n'))) }
    })
    onLoad({ filter: /@modelcontextprotocol\/core\/dist\/(?:schemas|auth)-[^/]+\.mjs$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(schemaAtTop, (_all, name, schema) => {
        return `const ${name} = /* @__PURE__ */ (() => ${schema})();`
      }),
    }))
  },
}

const registrations = `for (const key of SPEC_SCHEMA_KEYS) register(key, schemas_exports[key]);
for (const [key, schema] of Object.entries(authSchemas)) register(key, schema);`

/** A schema at the top of a module. Its statement ends before the next one, a comment or an empty line. */
const schemaAtTop = /^const (\w+) = (z\.[\s\S]*?|\w+Schema\.[\s\S]*?);$(?=\n(?:const |function |export |\/|\n))/gm

/** The types whose schema the product code takes from `specTypeSchemas`. */
async function usedTypes(): Promise<readonly string[]> {
  const folder = join(repository, 'lib')
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  if (texts.some((text) => /\bisSpecType\b|\bspecTypeSchemas\b[^.,} ]/.test(text))) {
    throw new Error('the build finds only uses of the form specTypeSchemas.<type>: see dev/build/mcp-sdk.ts')
  }
  return [
    ...new Set(texts.flatMap((text) => [...text.matchAll(/\bspecTypeSchemas\.(\w+)/g)].map(([, type = '']) => type))),
  ]
}
