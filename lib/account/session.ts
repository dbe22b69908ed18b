import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { createCookies } from '../oauth/http/cookies.ts'
import type { Sealing } from '../oauth/keys/sealing.ts'
import type { SessionStart } from '../oauth/options.ts'
import { Person, personNames } from '../oauth/token/person.ts'

/** Lifetimes in seconds (N5). */
export const sessionLifetimes = {
  session: 8 * 3600,
  /** How long after its start a session may open admin pages. */
  admin: 3600,
  /** How long after the sign-in at the provider a person may do things that cannot be undone. */
  recent: 600,
} as const

/**
 * A session of a browser in which a person has signed in. The cookie holds all of it, and the store nothing. Times in seconds
 * since the epoch.
 */
export interface Session {
  /** Random. Forms are sealed to it. */
  readonly id: string
  /** This server's own id of the person. */
  readonly sub: string
  /** What the provider said about the person. `companyOf` tells the company. */
  readonly person: Person
  /** The issuer of the OpenID Provider, as in its ID token. */
  readonly provider: string
  readonly startedAt: number
  /**
   * When the browser was sent to the provider. A fence (`ended/<sub>`) of this time or later ends the session, so a fence must stand
   * for as long as a session may live. Absent in sessions of earlier releases: `beginningOf` has the time.
   */
  readonly begunAt?: number | undefined
  /** The hash of the session of this browser at the provider. Absent if the provider names none. */
  readonly providerSession?: string | undefined
  /** When the person signed in at the provider. Absent if the provider does not say. */
  readonly signedInAt?: number | undefined
  readonly expiresAt: number
  /** Until when the session may open admin pages, if the person is an admin (`isAdmin` checks that). */
  readonly adminUntil: number
}

/** Keeps sessions in a cookie of one origin. */
export interface Sessions {
  /** Returns the cookie of a new session. */
  start(start: SessionStart): string
  /**
   * Reads the session of a browser. Returns `null` if there is none, or if it has expired. The caller must also ask
   * whether the person was ended or has signed out at the provider, which `lib/account/router.ts` does.
   */
  read(browser: Request): Session | null
  /** Returns the cookie that ends the session. */
  end(): string
}

/** The sealed content of the cookie. */
export const SealedSession = v.object({
  id: v.string(),
  sub: v.string(),
  person: Person,
  provider: v.string(),
  startedAt: v.number(),
  begunAt: v.optional(v.number()),
  providerSession: v.optional(v.string()),
  signedInAt: v.optional(v.number()),
  expiresAt: v.number(),
  adminUntil: v.number(),
})
// A later release must be able to open what this one has sealed: a member keeps its short name and its meaning.
export const sessionNames = {
  person: ['u', personNames],
  provider: 'iss',
  startedAt: 'iat',
  begunAt: 'beg',
  providerSession: 'sid',
  signedInAt: 'at',
  expiresAt: 'exp',
  adminUntil: 'adm',
} as const

/** Makes the sessions of the origin that serves the account pages. */
export function createSessions(options: {
  readonly origin: string
  readonly sealing: Sealing
  /** Milliseconds since the epoch. */
  readonly now: () => number
}): Sessions {
  const cookies = createCookies(options.origin)
  const name = cookies.name('session')
  const sealer = options.sealing.encrypted('session', SealedSession, { names: sessionNames })
  const seconds = () => Math.floor(options.now() / 1000)
  const cookieOf = (session: Session) => cookies.set(name, sealer.seal(session), session.expiresAt - seconds())
  return {
    start(start) {
      const startedAt = seconds()
      return cookieOf({
        ...start,
        id: randomBytes(12).toString('base64url'),
        startedAt,
        expiresAt: startedAt + sessionLifetimes.session,
        adminUntil: startedAt + sessionLifetimes.admin,
      })
    },
    read(browser) {
      const opened = sealer.open(cookies.read(browser).get(name) ?? '')
      return opened && opened.expiresAt > seconds() ? opened : null
    },
    end: () => cookies.expire(name),
  }
}

/** When the sign-in of a session began, in seconds since the epoch. What ended the person after that ends the session. */
export const beginningOf = ({ begunAt, startedAt }: Session): number => Math.min(begunAt ?? startedAt, startedAt)

/** Whether the person signed in at the provider within the last 10 minutes (N5). `now` in milliseconds. */
export const signedInRecently = ({ signedInAt }: Session, now: number): boolean =>
  signedInAt !== undefined && signedInAt + sessionLifetimes.recent > Math.floor(now / 1000)
