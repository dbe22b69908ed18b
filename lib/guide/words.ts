import { slug } from '../base/slug.ts'
import type { Brand } from '../pages/brand.ts'

/** The name under which a client lists the server: the brand's name in characters that every client and shell accepts. */
export const serverName = ({ name }: Brand): string => slug(name, '-')

/** Leaves out what does not apply, so that a condition stands beside its text. */
export const present = <T>(...items: readonly (T | false | undefined | '')[]): readonly T[] =>
  items.filter((item): item is T => item !== undefined && item !== false && item !== '')

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** Seconds in the largest unit that divides them: `15 minutes`, `1 hour`. */
export function duration(seconds: number): string {
  const [name, size] = units.find(([, size]) => seconds % size === 0) ?? ['second', 1]
  const count = seconds / size
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
