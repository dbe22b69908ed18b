/**
 * The short names that members have in a sealed value, which travels in URLs and headers. Members that are not listed keep
 * their names. A pair is for a member that is an object: its own short name, and those of its members.
 */
export interface WireNames {
  readonly [name: string]: string | readonly [string, WireNames]
}

/** Renames the members of an object, and returns any other value as it is. Keeps the order of the members. */
type Rename = (value: unknown) => unknown

/** The new name of a member and, if the member is an object, the function that renames its members. */
interface NewName {
  readonly name: string
  readonly rename?: Rename
}

/** Makes the function that gives the members of a payload their short names. */
export function toWireNames(names: WireNames): Rename {
  return renaming(
    Object.entries(names).map(([name, wire]) =>
      typeof wire === 'string' ? [name, { name: wire }] : [name, { name: wire[0], rename: toWireNames(wire[1]) }],
    ),
  )
}

/** Makes the function that gives the members of an opened value their whole names. */
export function fromWireNames(names: WireNames): Rename {
  return renaming(
    Object.entries(names).map(([name, wire]) =>
      typeof wire === 'string' ? [wire, { name }] : [wire[0], { name, rename: fromWireNames(wire[1]) }],
    ),
  )
}

function renaming(table: readonly (readonly [string, NewName])[]): Rename {
  const newNames = new Map(table)
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
