import { defined } from '../base/defined.ts'
import type { Log } from '../base/log.ts'
import type { Store, StoreValue } from '../store/store.ts'
import { postToCrm } from './crm.ts'
import type { SignIn } from './sign-in.ts'

export interface SignInRecorderOptions {
  readonly store: Store
  readonly log: Log
  /** Absent: no CRM is told. The path may hold a secret, so the URL is never logged. */
  readonly crmWebhookUrl?: string
  /** Issuer of the preview that users sign in to, which the CRM is told. Absent: not a preview. */
  readonly preview?: string
  /** Milliseconds for the CRM's answer, within the caller's own deadline. Default 5000. */
  readonly crmTimeout?: number
  readonly fetch?: typeof fetch
}

/**
 * Makes the function that records a sign-in (F-000-79, F-000-80). It keeps a record of the user under `users/<sub>` and one
 * of the connection under `connections/<sub>/<client hash>`, logs `mcp_user_captured` without the email address, and tells
 * the CRM once, at the first sign-in. Creating the user's record decides which sign-in is the first: of any number at the
 * same moment exactly one wins.
 *
 * The function throws `StoreUnavailable`; it logs even then. A CRM that fails is logged.
 */
export function createSignInRecorder(options: SignInRecorderOptions): {
  recordSignIn(signIn: SignIn, signal: AbortSignal): Promise<void>
} {
  const { store, log, crmWebhookUrl, preview, crmTimeout = 5000, fetch = globalThis.fetch } = options

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

    const seen = await recordSeen(store, `users/${signIn.sub}`, user(signIn, domain), signIn.at, signal).catch(
      (error) => {
        captured(undefined)
        throw error
      },
    )
    captured(seen.first)

    // Neither waits for the other: a store that fails now must not keep a new user from the CRM.
    const crm =
      seen.first && crmWebhookUrl !== undefined
        ? postToCrm({ url: crmWebhookUrl, signIn, domain, preview, timeout: crmTimeout, fetch, log, signal })
        : undefined
    const key = `connections/${signIn.sub}/${signIn.client.hash}`
    const connected = recordSeen(store, key, connection(signIn), signIn.at, signal)
    const [, outcome] = await Promise.allSettled([crm, connected])
    if (outcome.status === 'rejected') throw outcome.reason
  }
  return { recordSignIn }
}

/**
 * Creates the record, or updates the one that exists and keeps its `firstSeenAt`. An update that loses to another is
 * dropped: the other happened at the same moment. `first` is false if an ambiguous `create` may have been ours: the CRM is
 * told about a user at most once.
 */
async function recordSeen(
  store: Store,
  key: string,
  facts: StoreValue,
  at: number,
  signal: AbortSignal,
): Promise<{ readonly first: boolean }> {
  const created = await store.create(key, { ...facts, firstSeenAt: at, lastSeenAt: at }, signal)
  if (created.won) return { first: true }
  const stored = await store.get(key, signal)
  // Deleted since `create` found it, at the user's wish: do not create it again.
  if (stored === null) return { first: false }
  const { firstSeenAt, lastSeenAt } = stored.value
  const seen = {
    firstSeenAt: Math.min(at, typeof firstSeenAt === 'number' ? firstSeenAt : at),
    lastSeenAt: Math.max(at, typeof lastSeenAt === 'number' ? lastSeenAt : at),
  }
  await store.replace(key, { ...stored.value, ...facts, ...seen }, stored.version, signal)
  return { first: false }
}

/** What the OpenID Provider said this time. The record keeps what it leaves out. */
function user(signIn: SignIn, domain: string | undefined): StoreValue {
  const { email, emailVerified = null, organization } = signIn
  // The address and whether it is verified belong together. `null`: the provider did not say (F-000-72).
  return defined({ organization, ...(email === undefined ? undefined : { email, domain, emailVerified }) })
}

function connection({ client, grant }: SignIn): StoreValue {
  return { client: { name: client.name ?? null, host: client.host ?? null }, grant }
}

function domainOf(email: string | undefined): string | undefined {
  const at = email?.lastIndexOf('@') ?? -1
  return email === undefined || at === -1 ? undefined : email.slice(at + 1).toLowerCase()
}
