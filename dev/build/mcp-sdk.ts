import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { repository } from '../repository.ts'
import { withLazySchemas, withSchemasAtFirstUse } from './lazy-schemas.ts'

/**
 * Makes the MCP SDK load faster: it makes a zod schema when a message is first checked against it.
 *
 * The SDK makes about 350 schemas at its start, and registers one for each type of the specification, and of OAuth, in
 * `specTypeSchemas` and `isSpecType`. That takes most of the time that the SDK needs to load. This plugin registers only the
 * types that the sources name, so that esbuild drops a schema without a reader. The build fails if another version of the
 * SDK makes or registers its schemas in another way.
 */
export const withoutUnusedSchemas: Plugin = {
  name: 'mcp-sdk-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /@modelcontextprotocol\/(?:server|core)\/dist\/[^/]+\.mjs$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      if (!/\/src-[^/]+$/.test(path)) return { contents: withSchemasAtFirstUse(text) }
      const registered = registeringOnly(await usedTypes(), text)
      return { contents: withLazySchemas(withSchemasAtFirstUse(registered), await coreSchemas()) }
    })
  },
}

/** Makes the SDK register the schemas of these types, and no others. */
export function registeringOnly(used: readonly string[], text: string): string {
  if (!registrations.every((part) => part.test(text))) {
    throw new Error('the MCP SDK registers its schemas in another way: see dev/build/mcp-sdk.ts')
  }
  const own = used.map((type) => {
    return `Object.defineProperty(_specTypeSchemas, '${type}', { enumerable: true, get: () => ${type}Schema });`
  })
  const [types, auth, authTypes] = registrations
  return text.replace(types, own.join('\n')).replace(auth, '').replace(authTypes, '')
}

/** The text of the SDK's module of schemas for all revisions. */
export async function coreSchemas(): Promise<string> {
  const folder = join(repository, 'node_modules/@modelcontextprotocol/core/dist')
  const file = (await readdir(folder)).find((name) => /^schemas-[^/]+\.mjs$/.test(name)) ?? 'schemas.mjs'
  return readFile(join(folder, file), 'utf8')
}

/** Where the SDK registers its schemas. */
const registrations = [
  /^for \(const key of SPEC_SCHEMA_KEYS\) register\(key, schemas_exports\[key\]\);$/m,
  /^const authSchemas = \{[\s\S]*?^\};$/m,
  /^for \(const \[key, schema\] of Object\.entries\(authSchemas\)\) register\(key, schema\);$/m,
] as const

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
