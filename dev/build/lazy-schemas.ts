import { sharedSchemas } from './shared-schemas.ts'

/** Constants of the MCP SDK that it computes from schemas. */
const computed = ['ROOT_KEYS', 'PROPERTY_KEYS_BY_TYPE', 'SUPPORTED_STRING_FORMATS']

/**
 * Rewrites a module of the MCP SDK so that it makes each schema at its first use. A schema at the top of a module becomes a
 * function, and each use of it a call, also in the modules that import it. An import is on one line.
 *
 * @throws Error if the SDK is written in another way
 */
export function withSchemasAtFirstUse(text: string): string {
  const imports = text.match(/^import .*$/gm) ?? []
  const imported = imports.flatMap((line) => line.match(/\b[A-Z]\w*Schema\b(?! as )/g) ?? [])
  const declared = [...text.matchAll(/^const (\w+)(?= = )/gm)].map(([, name = '']) => name)
  const own = declared.filter((name) => computed.includes(name) || /^[A-Z]\w*Schema$/.test(name))
  const names = new Set([...imported, ...own])
  const rewritten = text
    .replace(/^(?:import|export) .*$|(?<![\w$"]|(?<!\.\.)\.)\w+(?![\w$":])/gm, (use) =>
      names.has(use) ? `${use}()` : use,
    )
    .replace(/^const (\w+)\(\) = ([\s\S]*?);$(?=\n(?:const |let |function |export |\/|\n))/gm, (_all, name, made) => {
      return `let ${name}_;\nconst ${name} = () => ${name}_ ??= ${made};`
    })
  const [, left] = /^const (\w+)\(\) = /m.exec(rewritten) ?? []
  if (left !== undefined) throw new Error(`the MCP SDK makes ${left} in another way: see dev/build/lazy-schemas.ts`)
  return rewritten
}

/** Two functions of the MCP SDK: one makes all schemas of the 2025 revisions, and one sorts them by methods. */
const factory = /^function build\$1\(\) \{\n([\s\S]*?)\n\treturn \{\n([\s\S]*?)\n\t\};\n\}$/m
const registry = /^function registryMaps\(\) \{\n[\s\S]*?\n\}$/m

const comments = /^\s*\/\*\*[\s\S]*?\*\/\n/gm
const declaration = /^\tconst (\w+(?:\$1)?) = ([\s\S]*?);$(?=\n\tconst |(?![\s\S]))/gm
const member = /^\t\t(\w+): ([\s\S]*?),?$(?=\n\t\t\w|(?![\s\S]))/gm

/**
 * Rewrites the MCP SDK so that it makes each schema of the 2025 revisions when a message is first checked against it.
 * The SDK makes all 143 at the first message, and a first message needs a handful. A schema that the SDK's module for all
 * revisions has too is not made again.
 *
 * @param core the text of that module, `withSchemasAtFirstUse` not yet applied
 * @throws Error if the SDK is written in another way
 */
export function withLazySchemas(text: string, core: string): string {
  if (!factory.test(text) || !registry.test(text)) {
    throw new Error('the MCP SDK makes its schemas in another way: see dev/build/lazy-schemas.ts')
  }
  return text
    .replace(factory, (_all, statements: string, members: string) => rewritten(statements, members, core))
    .replace(registry, (found) =>
      // A getter instead of a value, for each method.
      found.replace(/^\t\t\t("?[\w/]+"?): (s\.\w+)(,?)$/gm, '\t\t\tget $1() { return $2; }$3'),
    )
}

function rewritten(statements: string, members: string, core: string): string {
  const body = statements.replace(comments, '')
  const names = new Set([...body.matchAll(declaration)].map(([, name = '']) => name))
  const shared = sharedSchemas(body, core)
  // Each name becomes a function, so that each use of it becomes a call.
  const called = (expression: string) =>
    expression.replace(/(?<![\w$]|(?<!\.\.)\.)\w+(?:\$1)?(?![\w$:])/g, (name) => {
      if (shared.has(name)) return `${name.slice(0, -'$1'.length)}()`
      return names.has(name) ? `${name}()` : name
    })
  const needed = reachedFrom(members, body, shared)
  const functions = body.replace(declaration, (_statement, name: string, expression: string) => {
    if (!needed.has(name)) return ''
    return `\tlet ${name}_;\n\tconst ${name} = () => ${name}_ ??= ${called(expression)};`
  })
  const thunks = members.replace(member, (_member, name: string, expression: string) => {
    return `\t\t${name}: () => ${called(expression)},`
  })
  const uses = `${functions}\n${thunks}`.replace(/^\tlet .*$/gm, '')
  for (const [use, name = ''] of uses.matchAll(
    /(?<![\w$])(\w+(?:\$1)?)(?![\w$])(?:\(\)|_ \?\?=| = \(\) =>|: \(\) =>)?/g,
  )) {
    if (names.has(name) && use === name)
      throw new Error(`a use of ${name} is not a call: see dev/build/lazy-schemas.ts`)
  }
  return `function build$1() {\n${functions}\n\treturn madeWhenRead({\n${thunks}\n\t});\n}\n${madeWhenRead}`
}

/** The names that the members use, and transitively the names in their texts; no shared ones. */
function reachedFrom(members: string, body: string, shared: ReadonlySet<string>): ReadonlySet<string> {
  const texts = new Map([...body.matchAll(declaration)].map(([, name = '', text = '']) => [name, text]))
  const namesIn = (text: string) => (text.match(/[\w$]+/g) ?? []).filter((name) => texts.has(name) && !shared.has(name))
  const reached = new Set(namesIn(members))
  for (const name of reached) for (const next of namesIn(texts.get(name) ?? '')) reached.add(next)
  return reached
}

const madeWhenRead = `function madeWhenRead(makers) {
	const made = {};
	for (const [name, make] of Object.entries(makers)) {
		Object.defineProperty(made, name, { enumerable: true, configurable: true, get() {
			const value = make();
			Object.defineProperty(made, name, { enumerable: true, value });
			return value;
		} });
	}
	return made;
}`
