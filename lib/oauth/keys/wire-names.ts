/**
 * The short names that members have in a sealed value, which travels in URLs and headers. Members that are not listed keep
 * their names. A pair is for a member that is an object: its own short name, and those of its members.
 */
export interface WireNames {
  readonly [name: string]: string | readonly [string, WireNames]
}

/** Renames the members of an object, and returns any other value as it is. Keeps the order of the members. */
type Rename = (value: unknown) => unknown

/** Makes the function that gives the members of a payload their short names. */
export const toWireNames = (names: WireNames) => renaming(names, (name, wire) => [name, wire])

/** Makes the function that gives the members of an opened value their whole names. */
export const fromWireNames = (names: WireNames) => renaming(names, (name, wire) => [wire, name])

function renaming(names: WireNames, direction: (name: string, wire: string) => readonly [string, string]): Rename {
  const newNames = new Map(
    Object.entries(names).map(([name, wire]) => {
      const [from, to] = direction(name, typeof wire === 'string' ? wire : wire[0])
      return [from, { name: to, rename: typeof wire === 'string' ? undefined : renaming(wire[1], direction) }]
    }),
  )
  if (newNames.size === 0) return (value) => value
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const renamed: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(value)) {
      const found = newNames.get(name)
      if (found === undefined) renamed[name] = member
      else renamed[found.name] = found.rename ? found.rename(member) : member
    }
    return renamed
  }
}
