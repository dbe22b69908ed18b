import fc from 'fast-check'
import { hostileText } from './hostile.ts'

/** Parameters of a request in the order of sending. Names may repeat. */
export type Pairs = readonly (readonly [name: string, value: string])[]

export type Change =
  | { readonly kind: 'drop'; readonly name: string }
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  | { readonly kind: 'repeat'; readonly name: string; readonly value: string | null }
  | { readonly kind: 'shuffle' }

/** Up to three changes to the parameters. */
export function changes(names: readonly string[], values: readonly string[]): fc.Arbitrary<readonly Change[]> {
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: hostileText.map((text) => text.slice(0, 100)) },
  )
  const value = fc.oneof({ weight: 2, arbitrary: hostileText }, { weight: 1, arbitrary: fc.constantFrom(...values) })
  return fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('drop' as const), name }),
      fc.record({ kind: fc.constant('set' as const), name, value }),
      fc.record({ kind: fc.constant('repeat' as const), name, value: fc.option(value) }),
      fc.constant({ kind: 'shuffle' as const }),
    ),
    { maxLength: 3 },
  )
}

export function changed(pairs: Pairs, all: readonly Change[]): Pairs {
  return all.reduce((before, change) => {
    if (change.kind === 'shuffle') return before.toReversed()
    const others = before.filter(([name]) => name !== change.name)
    if (change.kind === 'drop') return others
    if (change.kind === 'set') return [...others, [change.name, change.value] as const]
    const same = before.find(([name]) => name === change.name)?.[1] ?? ''
    return before.concat([[change.name, change.value ?? same]])
  }, pairs)
}

/** How parameters are escaped. All spellings mean the same. */
export type Spelling = 'usual' | 'everything escaped' | 'lower-case escapes' | 'spaces as %20'
export const spelling = fc.constantFrom<Spelling[]>(
  'usual',
  'everything escaped',
  'lower-case escapes',
  'spaces as %20',
)

export function encoded(pairs: Pairs, how: Spelling): string {
  const usual = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
  switch (how) {
    case 'usual':
      return usual
    case 'lower-case escapes':
      return usual.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())
    case 'spaces as %20':
      return usual.replaceAll('+', '%20')
    case 'everything escaped':
      return pairs.map((pair) => pair.map(escapeAll).join('=')).join('&')
  }
}

const escapeAll = (text: string) => Buffer.from(text.toWellFormed()).toString('hex').replace(/../g, '%$&')

/** All values of a parameter that are not empty, in the order in which they arrive. */
export function valuesOf(pairs: Pairs, wanted: string): readonly string[] {
  return pairs.filter(([name]) => name.toWellFormed() === wanted).map(([, value]) => value.toWellFormed())
}

/** The only value; `undefined` if it is absent or empty; `'repeated'` if there are several. */
export function single(pairs: Pairs, name: string): string | undefined | { readonly repeated: true } {
  const values = valuesOf(pairs, name)
  return values.length > 1 ? { repeated: true } : values[0] || undefined
}
