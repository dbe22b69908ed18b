import fc from 'fast-check'

/** Values that an attacker would send to break something. */

const odd = [
  '',
  ' ',
  '0',
  '-1',
  '\u0000',
  '\r\nset-cookie: a=b',
  '\ud800',
  '\u202egnp.exe',
  '\ufeff',
  '%',
  '%00',
  '%ff',
  '%zz',
  '..',
  '../../etc/passwd',
  '"><svg onload=alert(1)>',
  "' onfocus='alert(1)",
  '</style><script>alert(1)</script>',
  '{{7*7}}',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  'https://evil.example/',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'x'.repeat(5_000),
  'é'.repeat(300),
  '🙂'.repeat(300),
  `x${'🙂'.repeat(300)}`,
  'e\u0301\u0323'.repeat(100),
]

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...odd) },
  { weight: 2, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)

/** Values of every JSON type. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, 0, true, [], {}, [null], { keys: null }),
)

export type Members = Readonly<Record<string, unknown>>

/** Generates at most `most` of these odd members, so that many values have exactly one mistake. */
export const few = (most: number, models: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Members> =>
  fc
    .tuple(fc.record(models), fc.subarray(Object.keys(models), { maxLength: most }))
    .map(([all, names]) => Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))))

/** Characters that `Request` accepts in a header. */
export const hostileHeader: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    '*/*',
    'null',
    'application/json',
    'text/html',
    'x'.repeat(8_000),
    '"',
    ',',
    ';=;',
    'a=b; a=b',
  ),
  fc.string({ maxLength: 40 }).map((text) => text.replace(/[^\x20-\x7e]/g, '').trim()),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').trim()),
)

/** One way to damage a value that the server made. The result always differs from it. */
export type Damage =
  | { readonly kind: 'replace'; readonly at: number; readonly by: string }
  | { readonly kind: 'cut'; readonly keep: number }
  | { readonly kind: 'append'; readonly text: string }
  | { readonly kind: 'part'; readonly part: number; readonly as: string }
  | { readonly kind: 'swap-parts' }
  | { readonly kind: 'case' }

const base64urlCharacter = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ ')

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), at: fc.nat(5_000), by: base64urlCharacter }),
  fc.record({ kind: fc.constant('cut' as const), keep: fc.nat(2_000) }),
  fc.record({ kind: fc.constant('append' as const), text: fc.oneof(base64urlCharacter, hostileText) }),
  fc.record({ kind: fc.constant('part' as const), part: fc.nat(4), as: fc.oneof(fc.constant(''), hostileText) }),
  fc.constant({ kind: 'swap-parts' as const }),
  fc.constant({ kind: 'case' as const }),
)

export function damaged(value: string, how: Damage): string {
  const spoilt = spoil(value, how)
  return spoilt === value ? `${value}A` : spoilt
}

/**
 * Whether two JWTs differ only in spare bits at the ends of their parts, which RFC 4648 §3.5 lets a reader ignore. For
 * a value that may be used many times, a second spelling gives an attacker nothing.
 */
export function isSameToken(a: string, b: string): boolean {
  const bytes = (token: string) => token.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'))
  return bytes(a).join('.') === bytes(b).join('.')
}

function spoil(value: string, how: Damage): string {
  const parts = value.split('.')
  switch (how.kind) {
    case 'replace': {
      const at = how.at % Math.max(value.length, 1)
      return value.slice(0, at) + how.by + value.slice(at + 1)
    }
    case 'cut':
      return value.slice(0, how.keep % Math.max(value.length, 1))
    case 'append':
      return value + how.text
    case 'part':
      return parts.with(how.part % parts.length, how.as).join('.')
    case 'swap-parts':
      return parts.toReversed().join('.')
    case 'case':
      return value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase()
  }
}
