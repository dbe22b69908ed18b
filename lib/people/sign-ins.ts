import { isDeepStrictEqual } from 'node:util'
import { defined } from '../base/defined.ts'
import type { Log } from '../base/log.ts'
import type { Store, Stored, StoreValue } from '../store/store.ts'
import type { Enqueued } from './outbox/outbox.ts'
import { lastSeenKey } from './privacy/last-seen.ts'
import type { PersonalData } from './privacy/personal-data.ts'
import type { SignIn } from './sign-in.ts'
import { userKey } from './users.ts'

/** Puts what the CRM is told about sign-ins into the outbox. `null`: there is nothing to tell. */
export interface CrmNews {
  firstSeen(signIn: SignIn, domain: string | undefined, signal: AbortSignal): Promise<Enqueued | null>
  /** @param before the record of the user, opened, as it was before this sign-in */
  seenAgain(signIn: SignIn, before: Stored, signal: AbortSignal): Promise<Enqueued | null>
}

export interface SignInRecorderOptions {
  readonly store: Store
  /** Seals the email address of a user in the record. */
  readonly personalData: PersonalData
  readonly log: Log
  /** Loads what tells the CRM, at the first sign-in that may have news. Absent: no CRM is told. */
  readonly crmNews?: () => Promise<CrmNews>
}

/**
 * Makes the function that records a sign-in (F-000-79, F-000-80). It keeps a record of the user under `users/<sub>` and one
 * of the connection under `connections/<sub>/<client hash>`, logs `mcp_user_captured` without the email address, and tells
 * the CRM at the first sign-in, and when the user's company has changed. Creating the user's record decides which sign-in is
 * the first: of any number at the same moment exactly one wins.
 *
 * What the CRM is told is stored before the user's record. So a sign-in that is cut off in between leaves a message, and the
 * next one makes the same message again.
 *
 * The function throws `StoreUnavailable`; it logs even then. A CRM that fails is logged.
 */
export function createSignInRecorder(options: SignInRecorderOptions): {
  recordSignIn(signIn: SignIn, signal: AbortSignal): Promise<void>
} {
  const { store, personalData, log, crmNews } = options

  async function recordSignIn(signIn: SignIn, signal: AbortSignal): Promise<void> {
    const domain = domainOf(signIn.email)
    const captured = (firstSeen: boolean | undefined) =>
      log('mcp_user_captured', {
        sub: signIn.sub,
        domain,
        emailVerified: signIn.emailVerified,
        organizationKnown: signIn.organization?.id !== undefined,
        firstSeen,
        client: signIn.client.hash,
      })

    const seen = await recordUser(signIn, domain, signal).catch((error) => {
      captured(undefined)
      throw error
    })
    captured(seen.first)

    // Neither waits for the other: a store that fails now must not keep a new user from the CRM.
    const key = `connections/${signIn.sub}/${signIn.client.hash}`
    const connected = recordSeen(store, key, connection(signIn), signIn.at, signal)
    for (const outcome of await Promise.allSettled([connected, seen.news?.deliver(signal)])) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }

  /** Records the user, and returns the news for the CRM, which are in the outbox. */
  async function recordUser(
    signIn: SignIn,
    domain: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly first: boolean; readonly news?: Enqueued | null | undefined }> {
    const { sub, at } = signIn
    const key = userKey(sub)
    const facts = user(signIn, domain)
    const stored = await store.get(key, signal)
    await writeLastSeen(store, signIn, stored?.value, signal)
    if (stored === null) {
      const news = await (await crmNews?.())?.firstSeen(signIn, domain, signal)
      const seen = await recordSeen(store, key, facts, at, signal, personalData)
      if (seen.first) return { first: true, news }
      // Another sign-in tells the CRM. If that is not sure, the message stays: the receiver knows it by its id.
      if (!seen.ambiguous) await news?.withdraw(signal)
      return { first: false }
    }
    const known = { ...stored, value: personalData.open(key, stored.value) }
    const news = isNews(signIn, known.value) ? await (await crmNews?.())?.seenAgain(signIn, known, signal) : null
    const record = personalData.close(key, updatedFrom(known, facts, at), stored.value)
    const updated = await store.replace(key, record, stored.version, signal)
    if (updated.won || updated.ambiguous) return { first: false, news }
    await news?.withdraw(signal)
    return { first: false }
  }
  return { recordSignIn }
}

/** Whether the OpenID Provider says something else about the user than before, so that the company may have changed. */
function isNews({ email, emailVerified, organization }: SignIn, before: StoreValue): boolean {
  const told = email === undefined ? undefined : { email, emailVerified: emailVerified ?? null }
  return Object.entries(defined({ ...told, organization })).some(
    ([name, value]) => !isDeepStrictEqual(value, before[name]),
  )
}

/**
 * Writes the month of the user's last sign-in, and removes an earlier one. Each sign-in writes its own: a key without a record is
 * harmless, and a record never lacks its key. `before` is the stored record.
 */
async function writeLastSeen(
  store: Store,
  { sub, at }: SignIn,
  before: StoreValue | undefined,
  signal: AbortSignal,
): Promise<void> {
  const key = lastSeenKey(sub, at)
  const was = before?.lastSeenAt
  const old = typeof was === 'number' && was < at ? lastSeenKey(sub, was) : key
  await Promise.all([store.put(key, {}, signal), old === key ? undefined : store.remove(old, signal)])
}

/** For records that name no user. */
const asItIs: Pick<PersonalData, 'open' | 'close'> = { open: (_key, stored) => stored, close: (_key, record) => record }

/**
 * Creates the record, or updates the one that exists and keeps its `firstSeenAt`. An update that loses to another is
 * dropped: the other happened at the same moment. `ambiguous`: this call may have created the record.
 */
async function recordSeen(
  store: Store,
  key: string,
  facts: StoreValue,
  at: number,
  signal: AbortSignal,
  { open, close } = asItIs,
): Promise<{ readonly first: boolean; readonly ambiguous: boolean }> {
  const created = await store.create(key, close(key, { ...facts, firstSeenAt: at, lastSeenAt: at }), signal)
  if (created.won) return { first: true, ambiguous: false }
  const stored = await store.get(key, signal)
  // Deleted since `create` found it, at the user's wish: do not create it again.
  if (stored !== null) {
    const updated = updatedFrom({ ...stored, value: open(key, stored.value) }, facts, at)
    await store.replace(key, close(key, updated, stored.value), stored.version, signal)
  }
  return { first: false, ambiguous: created.ambiguous }
}

/** The record after another sign-in. */
function updatedFrom({ value }: Stored, facts: StoreValue, at: number): StoreValue {
  const { firstSeenAt, lastSeenAt } = value
  return {
    ...value,
    ...facts,
    firstSeenAt: Math.min(at, typeof firstSeenAt === 'number' ? firstSeenAt : at),
    lastSeenAt: Math.max(at, typeof lastSeenAt === 'number' ? lastSeenAt : at),
  }
}

/** What the OpenID Provider said this time. The record keeps what it leaves out. */
function user(signIn: SignIn, domain: string | undefined): StoreValue {
  const { email, emailVerified = null, organization, provider } = signIn
  // The address and whether it is verified belong together. `null`: the provider did not say (F-000-72).
  return defined({ organization, provider, ...(email === undefined ? undefined : { email, domain, emailVerified }) })
}

function connection({ client, grant }: SignIn): StoreValue {
  return { client: { name: client.name ?? null, host: client.host ?? null }, grant }
}

function domainOf(email: string | undefined): string | undefined {
  const at = email?.lastIndexOf('@') ?? -1
  return email === undefined || at === -1 ? undefined : email.slice(at + 1).toLowerCase()
}
