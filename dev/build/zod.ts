import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/**
 * Makes zod smaller and faster to load. The functions check messages with it and never describe a schema as JSON Schema, so that
 * code is left out: a call of it throws. The build fails if another version of zod is written in another way.
 */
export const withoutJsonSchemas: Plugin = {
  name: 'zod',
  setup({ onLoad }) {
    onLoad(
      { filter: /\/zod\/v4\/core\/(?:json-schema-processors|to-json-schema|json-schema-generator)\.js$/ },
      async ({ path }) => ({
        contents: absent(await readFile(path, 'utf8')),
      }),
    )
    onLoad({ filter: /\/zod\/v4\/classic\/schemas\.js$/ }, async ({ path }) => ({
      contents: withOwnImportOfUtil(await readFile(path, 'utf8')),
    }))
    onLoad({ filter: /\/zod\/v4\/core\/schemas\.js$/ }, async ({ path }) => ({
      contents: compiledAfterSomeUses(await readFile(path, 'utf8')),
    }))
  },
}

/** Replaces what a module exports. A method of a schema is made at its first use, and throws when it is called. */
function absent(text: string): string {
  const names = [...text.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name = '']) => name)
  if (names.length === 0) throw changed('exports functions')
  const makes = (name: string) => (/^create\w+Method$/.test(name) ? '() => absent' : 'absent')
  const exported = names.map((name) => `export const ${name} = ${makes(name)};`)
  return [`const absent = () => { throw new Error('JSON Schemas of zod are not in this bundle') };`, ...exported].join(
    '\n',
  )
}

/** esbuild keeps all of a namespace that one module exports for another, and can tell which members of its own import are used. */
function withOwnImportOfUtil(text: string): string {
  const through = 'import { util } from "../core/index.js";'
  if (!text.includes(through)) throw changed('imports its tools')
  return text.replace(through, 'import * as util from "../core/util.js";').replaceAll('core.util.', 'util.')
}

/**
 * Rewrites zod's module of object schemas. zod compiles a function for a schema at its first use, which takes an instance
 * longer than the first messages. Here it does so at the 21st use.
 */
function compiledAfterSomeUses(text: string): string {
  const rewritten = text
    .replace('let fastpass;', 'let fastpass, uses = 0;')
    .replace('if (jit && fastEnabled &&', 'if (jit && fastEnabled && ++uses > 20 &&')
  if (!rewritten.includes('uses = 0') || !rewritten.includes('++uses')) throw changed('compiles its schemas')
  return rewritten
}

const changed = (what: string) => new Error(`zod ${what} in another way: see dev/build/zod.ts`)
