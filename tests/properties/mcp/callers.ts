import { claims, sign } from '../../../dev/worlds/mcp-endpoint.ts'
import { ownEndpoint } from '../mcp-endpoint.ts'

/** The callers of the MCP endpoint, and their scopes. */
export const people = {
  anonymous: null,
  reader: ['docs:read'],
  writer: ['docs:feedback', 'docs:read'],
  'only feedback': ['docs:feedback'],
  'other scopes': ['docs:readers', 'DOCS:READ', 'openid'],
  'at a free provider': ['docs:feedback', 'docs:read'],
  'without an address': ['docs:read'],
} as const

/** Callers whose token is not valid. */
export const strangers = ['revoked', 'expired', 'of another audience', 'signed by another key', 'no token'] as const

export type Who = keyof typeof people | (typeof strangers)[number]
const isPerson = (who: string): who is keyof typeof people => Object.hasOwn(people, who)
export const allCallers: readonly Who[] = [...Object.keys(people).filter(isPerson), ...strangers]

/** The scopes of the user; `null`: no valid sign-in. */
export const scopesOf = (who: Who): readonly string[] | null => (isPerson(who) ? people[who] : null)
/** The user has signed in, but not with a work address. */
export const isPrivate = (who: Who): boolean => who === 'at a free provider' || who === 'without an address'
export const isStranger = (who: Who): boolean => !isPerson(who)

/** The last part of the key of an ended grant. */
export const revokedGrant = 'revoked'

let made: Promise<ReadonlyMap<Who, string>> | undefined

/** The `Authorization` header of each caller. It is valid while the clock of `ownEndpoint` stands. */
export function authorizations(): Promise<ReadonlyMap<Who, string>> {
  made ??= makeAuthorizations()
  return made
}

export function discardAuthorizations(): void {
  made = undefined
}

async function makeAuthorizations(): Promise<ReadonlyMap<Who, string>> {
  const { key, foreign, now } = await ownEndpoint()
  const all = 'docs:read docs:feedback'
  const past = { iat: Math.floor(now / 1000) - 7_200, exp: Math.floor(now / 1000) - 3_600 }
  const bearer = async (changes: object, by = key) => `Bearer ${await sign(by, claims(now, { ...changes }))}`
  return new Map<Who, string>([
    ['reader', await bearer({ scope: 'docs:read' })],
    ['writer', await bearer({ scope: all })],
    ['only feedback', await bearer({ scope: 'docs:feedback' })],
    ['other scopes', await bearer({ scope: people['other scopes'].join(' ') })],
    ['at a free provider', await bearer({ scope: all, email: 'Ada@GMail.com' })],
    ['without an address', await bearer({ scope: 'docs:read', email: undefined })],
    ['revoked', await bearer({ scope: all, grant: `grants/202611/user-1/${revokedGrant}` })],
    ['expired', await bearer({ scope: all, ...past })],
    ['of another audience', await bearer({ scope: all, aud: 'https://other.example/mcp' })],
    ['signed by another key', await bearer({ scope: all }, foreign)],
    ['no token', 'Bearer public'],
  ])
}
