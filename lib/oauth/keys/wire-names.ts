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
export const toWireNames = (names: WireNames): Rename =>
  renaming(
    Object.entries(names).map(([name, wire]) => [
      name,
      typeof wire === 'string' ? [wire] : [wire[0], toWireNames(wire[1])],
    ]),
  )

/** Makes the function that gives the members of an opened value their whole names. */
export const fromWireNames = (names: WireNames): Rename =>
  renaming(
    Object.entries(names).map(([name, wire]) =>
      typeof wire === 'string' ? [wire, [name]] : [wire[0], [name, fromWireNames(wire[1])]],
    ),
  )

function renaming(table: readonly (readonly [string, readonly [string, Rename?]])[]): Rename {
  const newNames = new Map(table)
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const members = Object.entries(value).map(([name, member]) => {
      const [newName = name, rename] = newNames.get(name) ?? []
      return [newName, rename ? rename(member) : member]
    })
    return Object.fromEntries(members)
  }
}
