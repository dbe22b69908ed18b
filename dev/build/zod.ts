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
    onLoad({ filter: /\/zod\/v4\/core\/core\.js$/ }, async ({ path }) => ({
      contents: withoutAddedMethods(await readFile(path, 'utf8')),
    }))
    onLoad({ filter: /\/zod\/v4\/core\/util\.js$/ }, async ({ path }) => ({
      contents: withMembersMadeOnce(await readFile(path, 'utf8')),
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
 * zod looks at every new schema for methods that a program has added to its classes. No code here adds any, and to look takes a large
 * part of the time in which a schema is made.
 */
function withoutAddedMethods(text: string): string {
  const loop = /^ {8}const proto = _\.prototype;\n {8}for \(const k in proto\) \{\n[\s\S]*?^ {8}\}\n/m
  if (!loop.test(text)) throw changed('looks for added methods')
  return text.replace(loop, '')
}

/** zod makes the accessors of a class's methods again for each of its sixteen subclasses. Here they are made once. */
function withMembersMadeOnce(text: string): string {
  const install = /^export function members\(proto, table\) \{\n[\s\S]*?^\}\n/m
  const [found] = install.exec(text) ?? []
  if (found === undefined || !found.includes('defineBound(proto, key, desc.value)'))
    throw changed('installs its methods')
  const made = found.replace('function members(', 'function makeMembers(').replace('export ', '')
  return text.replace(
    install,
    `${made}const accessors = new WeakMap();
export function members(proto, table) {
    let made = accessors.get(table);
    if (made === undefined) {
        makeMembers(made = {}, table);
        accessors.set(table, made = Object.getOwnPropertyDescriptors(made));
    }
    Object.defineProperties(proto, made);
}
`,
  )
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
