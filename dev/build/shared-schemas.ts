/** A schema at the top of a module, or in a factory of the SDK: its name and its text. */
const declared = (indent: string) =>
  new RegExp(`^${indent}const (\\w+Schema(?:\\$1)?) = ([\\s\\S]*?);$(?=\\n${indent}\\S|(?![\\s\\S]))`, 'gm')
const constant = /^const (\w+) = ("[^"\n]*");$/gm

/**
 * Finds the schemas of a factory of the MCP SDK that its module for all revisions has too, word for word, and with the same
 * schemas in them. The SDK keeps a frozen copy of each schema for each revision, and an instance would make both.
 *
 * @param factory the statements of the factory, without comments
 * @param core the text of the SDK's module for all revisions
 * @returns the names in the factory. Each ends in `$1`; without that, it is the name of the other
 */
export function sharedSchemas(factory: string, core: string): ReadonlySet<string> {
  const constants = [...core.matchAll(constant)].map(([, name = '', text = '']) => [`[${name}]`, text] as const)
  const plain = (text: string) =>
    constants.reduce((rest, [name, value]) => rest.replaceAll(name, value), text).replace(/\s+/g, ' ')
  const own = new Map([...factory.matchAll(declared('\t'))].map(([, name = '', text = '']) => [name, plain(text)]))
  const others = new Map([...core.matchAll(declared(''))].map(([, name = '', text = '']) => [name, plain(text)]))
  const baseOf = (name: string) => name.replace(/\$1$/, '')

  function isSame(name: string, within: readonly string[] = []): boolean {
    const text = own.get(name)
    if (text === undefined || within.includes(name)) return text !== undefined
    const inner = (text.match(/\b[A-Z]\w*Schema(?:\$1)?/g) ?? []).filter((each) => own.has(each))
    const renamed = text.replace(/\b[A-Z]\w*Schema\$1/g, baseOf)
    return renamed === others.get(baseOf(name)) && inner.every((each) => isSame(each, [...within, name]))
  }
  return new Set([...own.keys()].filter((name) => name.endsWith('$1') && isSame(name)))
}
