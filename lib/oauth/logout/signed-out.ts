import { dayOf } from '../../base/days.ts'
import type { Store } from '../../store/store.ts'
import { clockMargin } from '../grants/fence.ts'
import { readTimes, writeLatest } from './latest.ts'
import type { Logout } from './logout-token.ts'

/**
 * The collection of sign-outs at the provider: `signed-out/<yyyymmdd>/<who>`, by the day on which this server was told. A session
 * lives some hours, so it looks at the days since it began, and older ones are swept.
 */
export const signedOut = 'signed-out'

/** A session of a browser, as far as a sign-out at the provider concerns it. */
export interface EndableSession {
  readonly sub: string
  /** The hash of the session at the provider. Absent if the provider names none, or an earlier release began the session. */
  readonly providerSession?: string | undefined
  /** When the browser began to sign in, in seconds since the epoch. */
  readonly begunAt: number
}

/** Every session of a person, and those of which this server does not know the session at the provider. */
const everySession = (sub: string) => sub
const unnamedSessions = (sub: string) => `${sub}.unnamed`

/**
 * Notes who has signed out. Without a session at the provider, that is every browser of the person. With one, it is the browser in
 * which the provider has that session, and every browser of the person whose session there is unknown. Repeating it changes nothing.
 * Throws `StoreUnavailable`. `now` is in milliseconds since the epoch.
 */
export async function signOut(
  store: Store,
  { sub, session, at }: Logout,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const note = (who: string) => writeLatest(store, `${signedOut}/${dayOf(now)}/${who}`, at, signal)
  if (session === undefined) {
    if (sub !== undefined) await note(everySession(sub))
    return
  }
  // The session must be of this person as well: another person's session with the same id goes on.
  await Promise.all([note(sub === undefined ? session : `${sub}.${session}`), sub && note(unnamedSessions(sub))])
}

/** Whether a session has ended by a sign-out at the provider. Throws `StoreUnavailable`. */
export async function isSignedOut(
  store: Store,
  { sub, providerSession, begunAt }: EndableSession,
  now: number,
  signal: AbortSignal,
): Promise<boolean> {
  const began = begunAt * 1000
  const named = providerSession === undefined ? [unnamedSessions(sub)] : [providerSession, `${sub}.${providerSession}`]
  const days = new Set([dayOf(began - clockMargin), dayOf(now)])
  const keys = [everySession(sub), ...named].flatMap((who) => [...days].map((day) => `${signedOut}/${day}/${who}`))
  return (await readTimes(store, keys, signal)).some((at) => began <= at + clockMargin)
}
